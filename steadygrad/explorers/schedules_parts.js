// Numbers as Python packs them, what lines mean, and messages that wait their turn.

/** Rows of numbers, as Python packed them. */
function rows(packed, count) {
  const { buffer, byteOffset, byteLength } = packed;
  const all = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
  const width = all.length / count;
  return Array.from({ length: count }, (_, row) => all.subarray(row * width, (row + 1) * width));
}

const short = (value) => (value < 100 ? value.toFixed(2) : "> 100");
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** What each kind of line means. */
function explain(key) {
  const kinds = { own: "chosen", raw: "not smoothed", earlier: "before the change", other: "the other nine" };
  for (const [kind, words] of Object.entries(kinds)) {
    const item = put(key, "span");
    draw(draw(item, "svg", { viewBox: "0 0 26 10" }), "path", { class: kind, d: "M0,5H26" });
    item.append(words);
  }
}

/**
 * Messages to Python, one bundle at a time: what is said while it is busy waits, the latest
 * place of a drag takes the place of older ones, and key presses add up.
 */
function channel(model, idle) {
  let outbox = [], waiting = false;
  const flush = () => {
    if (waiting || !outbox.length) return;
    waiting = true;
    model.send({ number: model.get("answered") + 1, messages: outbox });
    outbox = [];
  };
  model.on("change:answered", () => {
    waiting = false;
    flush();
    if (!waiting) idle();
  });
  return (message) => {
    const last = outbox.at(-1);
    const same = last?.do === message.do && last?.grip === message.grip;
    if (same && message.do === "nudge") {
      last.across += message.across;
      last.up += message.up;
    } else if (same && ["drag", "train"].includes(message.do)) outbox.splice(-1, 1, message);
    else outbox.push(message);
    flush();
  };
}

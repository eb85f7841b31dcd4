// Three panels, their controls, and the clock that they share.

const WIDE = 640; // pixels; below that, panels stand one below the other
const PACE = { slowest: 12, seconds: 8 }; // steps a second at least; the longest run

function render({ model, el }) {
  el.classList.add("steadygrad-drawn");
  el = put(el, "div", { class: "momentum" });
  el.addEventListener("keydown", (event) => {
    const lab = event.ctrlKey || event.metaKey || event.key === "Escape";
    if (!lab && !(event.shiftKey && event.key === "Enter")) event.stopPropagation();
  });
  const now = { step: 0, playing: false };
  const controls = put(el, "div", { class: "controls" });
  const panels = put(el, "div", {
    class: "panels", role: "group", "aria-label": model.get("alt"),
  });
  const said = put(el, "p", { role: "status" });
  const alarm = put(el, "pre", { role: "alert" });
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let parts = [];
  const all = (what) => parts.forEach((part) => part[what]?.());

  // ── The clock ───────────────────────────────────────────────────────────────────

  const play = steer(controls);
  const last = () => {
    const ends = ["walk", "plain"].map((name) => {
      const { path, needs } = model.get(name);
      return needs ?? path.length - 1;
    });
    return Math.max(1, ...ends);
  };
  let frame = 0, before = 0;
  const tick = (time) => {
    const pace = Math.max(PACE.slowest, last() / PACE.seconds);
    now.step = Math.min(last(), now.step + (Math.max(0, time - before) / 1000) * pace);
    before = time;
    if (now.step >= last()) pause();
    else frame = requestAnimationFrame(tick);
    all("clock");
  };
  const pause = () => {
    now.playing = false;
    cancelAnimationFrame(frame);
    play.shows(false);
  };
  const run = () => {
    if (now.step >= last()) now.step = 0;
    now.playing = true;
    play.shows(true);
    before = performance.now();
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(tick);
  };
  const go = (step) => {
    pause();
    now.step = Math.min(last(), Math.max(0, step));
    all("clock");
  };
  play.run.addEventListener("click", () => (now.playing ? pause() : run()));
  play.step.addEventListener("click", () => go(Math.floor(now.step) + 1));

  /** A step between two: the ball glides, unless the reader wants no motion. */
  const at = (values) => {
    const step = Math.min(now.step, values.length - 1), whole = Math.floor(step);
    const [a, b] = [values[whole], values[Math.min(whole + 1, values.length - 1)]];
    const part = still.matches ? 0 : step - whole;
    return Array.isArray(a) ? a.map((v, i) => v + (b[i] - v) * part) : a * (b / a) ** part;
  };

  // ── Controls that are no handles ────────────────────────────────────────────────

  const rule = put(put(controls, "label", {}, "rule"), "select");
  for (const name of Object.keys(model.get("frame").conventions))
    put(rule, "option", { value: name }, name);
  rule.addEventListener("change", () => send(model, { convention: rule.value }));
  slider("condition number κ", "condition", { min: 0, max: 3, step: 0.1 },
    (x) => +(10 ** x).toPrecision(2), (v) => Math.log10(v));
  slider("noise", "noise", { min: 0, max: 1, step: 0.05 }, Number, Number);

  function slider(words, name, range, value, position) {
    const label = put(controls, "label", {}, words);
    const input = put(label, "input", { type: "range", ...range });
    const shown = put(label, "output");
    const follow = () => {
      input.value = position(model.get(name));
      shown.textContent = human(model.get(name));
      input.setAttribute("aria-valuetext", shown.textContent);
    };
    input.addEventListener("input", () => send(model, { [name]: value(+input.value) }));
    model.on(`change:${name}`, follow);
    follow();
  }

  // ── The picture ─────────────────────────────────────────────────────────────────

  const end = fitted(panels, (width) => {
    const wide = width >= WIDE;
    const left = wide ? Math.round((width - 20) * 0.54) : width;
    const [low, high, bottom, top] = model.get("frame").view;
    const tall = Math.round((left * (top - bottom)) / (high - low));
    panels.replaceChildren();
    parts = [
      valley(model, panels, left, tall, now, at, { pause, run: () => still.matches || run() }),
      map(model, panels, wide ? width - 20 - left : width, Math.max(250, tall)),
      losses(model, panels, width, now, at, go),
    ];
    all("all");
  });
  const follow = () => {
    rule.value = model.get("convention");
    if (said.textContent !== model.get("sentence")) said.textContent = model.get("sentence");
    alarm.textContent = model.get("error");
    all("all");
  };
  let asked = 0; // one message changes several things: one picture for all of them
  model.on("change", () => {
    cancelAnimationFrame(asked);
    asked = requestAnimationFrame(follow);
  });
  model.on("change:walk", () => (now.step = 0));
  follow();
  return () => {
    end();
    pause();
    cancelAnimationFrame(asked);
  };
}

export default { render };

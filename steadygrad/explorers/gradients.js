// Chapter 1: a network whose layers glow with the size of the signal and of the gradient.

const LINES = [
  ["activation", "var(--blue)", ""],
  ["activation gradient", "var(--vermilion)", "7 4"],
  ["weight gradient", "var(--green)", "8 3 2 3"],
];
const ROWS = [ // which sizes, and in words which way and what, with links or without
  ["activation", "forward →", "activations", ""],
  ["activation gradient", "← backward:", "gradient at activations", " (dots) and weights (lines)"],
];

/** From a size to its colour: the page's only use of the ramp. */
function ramp(scale) {
  const at = logarithmic([scale.low, scale.high], [0, scale.ramp.length - 1]);
  return (size) => scale.ramp[Math.round(at(size))];
}

// ── The network and its sizes ────────────────────────────────────────────────────────

/** Where things are, for so many pixels. */
function plan(width, depth) {
  const narrow = width < 520;
  const left = narrow ? 52 : 84, right = narrow ? 14 : 112, pitch = narrow ? 8 : 10;
  const x = linear([0, depth + 1], [left + 14, width - right - 14]);
  const column = x(1) - x(0), tall = 7 * pitch, above = 38;
  const rows = [above + tall / 2, 2 * above + 1.5 * tall];
  const night = 2 * (above + tall) + 16;
  const top = night + 34, bottom = top + (narrow ? 150 : 176);
  return { narrow, left, right, pitch, x, column, rows, night, top, bottom, width, height: bottom + 36 };
}

function drawNetwork(parent, at, shown, colour) {
  const { x, column, pitch, rows, left, right, width, night } = at;
  draw(parent, "rect", {
    class: "night", x: left - 8, y: 0, width: width - left - right + 16, height: night, rx: 6,
  });
  const last = shown.depth + 1, bars = column < 8;
  const radius = Math.min(4.2, column * 0.3, pitch * 0.42), wide = Math.min(2 * radius, column * 0.45);
  const many = shown.dots, links = column >= 16; // else there is no room between layers
  const units = (i) => [...Array(many[i]).keys()].map((u) => (u - (many[i] - 1) / 2) * pitch);
  ROWS.forEach(([label, way, what, more], row) => {
    const middle = rows[row], { sizes } = shown.lines[label], weights = shown.lines["weight gradient"].sizes;
    draw(parent, "text", { class: "way", x: x(0) - 6, y: middle - 3.5 * pitch - 16 }, `${way} ${what}${links && !at.narrow ? more : ""}`);
    if (links) for (let i = 1; i <= last; i++) {
      const between = units(i - 1).map((a) => units(i).map((b) =>
        `M${x(i - 1).toFixed(1)},${middle + a}L${x(i).toFixed(1)},${middle + b}`).join("")).join("");
      const stroke = row ? colour(weights[i]) : "#fff";
      draw(parent, "path", { class: row ? "link lit" : "link", d: between, stroke });
    }
    for (let i = 0; i <= last; i++) {
      const none = sizes[i] === null, fill = none ? "none" : colour(sizes[i]);
      const high = (many[i] - 1) * pitch + 2 * radius;
      if (!none) draw(parent, "rect", {
        class: bars ? "bar" : "halo", fill, x: x(i) - (bars ? 0.36 * column : wide),
        y: middle - high / 2 - (bars ? 0 : radius), width: bars ? 0.72 * column : 2 * wide,
        height: high + (bars ? 0 : 2 * radius), rx: bars ? 1 : wide,
      });
      if (!bars) draw(parent, "path", {
        class: none ? "unit none" : "unit", fill, d: units(i).map((u) =>
          `M${(x(i) - radius).toFixed(1)},${middle + u}a${radius},${radius} 0 1,0 ${2 * radius},0a${radius},${radius} 0 1,0 ${-2 * radius},0`).join(""),
      });
    }
  });
}

function drawSizes(parent, at, shown, scale, colour) {
  const { x, left, right, top, bottom, width, narrow } = at;
  const y = logarithmic([scale.low, scale.high], [bottom, top]);
  const step = (bottom - top) / scale.ramp.length;
  scale.ramp.forEach((fill, i) => draw(parent, "rect", { // the axis is the ramp's key
    fill, x: left - 8, y: bottom - (i + 1) * step, width: 7, height: step + 0.5,
  }));
  for (const [size, text] of scale.ticks) {
    draw(parent, "line", { class: "grid", x1: left, x2: width - right + 8, y1: y(size), y2: y(size) });
    draw(parent, "text", { class: "tick", x: left - 13, y: y(size) + 4, "text-anchor": "end" }, text);
  }
  if (!narrow) {
    const middle = (top + bottom) / 2;
    draw(parent, "text", { class: "name", x: 0, y: 0, "text-anchor": "middle",
      transform: `translate(12 ${middle}) rotate(-90)` }, "size (rms) and glow");
  }
  layerNumbers(parent, at, shown.depth);
  const ends = [];
  for (const [label, stroke, dash] of LINES) {
    const { sizes, off } = shown.lines[label];
    const points = sizes.map((size, i) => [x(i), size === null ? NaN : y(size)]);
    const on = (i) => off[i] === 0 && sizes[i] !== null;
    const inside = (i) => on(i) || on(i - 1) || on(i + 1); // up to the edge
    draw(parent, "path", { class: "curve", d: line(points.map(([px, py], i) => [px, inside(i) ? py : NaN])), stroke, "stroke-dasharray": dash });
    const every = Math.ceil(9 / at.column), row = ends.length * 9; // a row of marks a line
    off.forEach((way, i) => {
      if (way && i % every === 0) draw(parent, "path", { fill: stroke,
        // over the upper edge, but inside the lower one, where the numbers are
        d: `M${x(i) - 3.5},${y(sizes[i]) - row - (way > 0 ? 2 : 9)}h7l-3.5,${-7 * way}z` });
    });
    ends.push({ label, stroke, dash, y: points.at(-1)[1] });
  }
  return { y, ends };
}

function layerNumbers(parent, { x, bottom, column, left, width, right }, depth) {
  const y = bottom + 16, ends = { y, class: "tick", "text-anchor": "middle" };
  draw(parent, "text", { ...ends, x: x(0) }, "input");
  draw(parent, "text", { ...ends, x: x(depth + 1) }, "scores");
  const every = [1, 2, 5, 10, 20].find((n) => n * column > 30) ?? 50;
  for (let i = 1; i <= depth; i++) {
    const free = x(i) - x(0) > 32 && x(depth + 1) - x(i) > 34;
    if ((i % every === 0) && free) draw(parent, "text", { ...ends, x: x(i) }, String(i));
  }
  draw(parent, "text", { ...ends, class: "name", x: (left + width - right) / 2, y: bottom + 32 }, "layer");
}

/** The lines' names at their ends, moved apart where they would meet. */
function nameLines(parent, { narrow, top, bottom, width, right }, ends) {
  if (narrow) return;
  ends.sort((a, b) => a.y - b.y);
  const tall = ends.map(({ label }) => 15 * label.split(" ").length + 4);
  const middle = ends.map((end) => end.y), x = width - right + 12;
  for (let pass = 0; pass < 20; pass++) {
    middle.forEach((y, i) => {
      const short = i ? (tall[i - 1] + tall[i]) / 2 - (y - middle[i - 1]) : 0;
      if (short > 0) (middle[i - 1] -= short / 2), (middle[i] += short / 2);
    });
    middle.forEach((y, i) => (middle[i] = Math.max(top, Math.min(bottom - tall[i] / 2, y))));
  }
  ends.forEach(({ label, stroke, dash }, i) => {
    const words = label.split(" "), first = middle[i] + 4.5 - 7.5 * (words.length - 1);
    draw(parent, "path", { class: "curve", d: `M${x},${first - 4}h22`, stroke, "stroke-dasharray": dash });
    words.forEach((word, n) => draw(parent, "text", { class: "direct", x: x + 27, y: first + 15 * n }, word));
  });
}

/** The layer that is looked into: a frame in the network, a line and dots in the sizes. */
function drawChosen(parent, at, shown, layer, y) {
  const { x, column, rows, pitch, top, bottom } = at;
  const wide = Math.max(8, Math.min(22, column + 2)), tall = 7 * pitch + 16;
  for (const middle of rows) draw(parent, "rect", {
    class: "chosen", x: x(layer) - wide / 2, y: middle - tall / 2, width: wide, height: tall, rx: 4,
  });
  draw(parent, "line", { class: "chosen", x1: x(layer), x2: x(layer), y1: top, y2: bottom });
  for (const [label, fill] of LINES) {
    const { sizes, off } = shown.lines[label], size = sizes[layer];
    if (size !== null && !off[layer]) draw(parent, "circle", { class: "chosen", cx: x(layer), cy: y(size), r: 4.5, fill });
  }
}

// ── One layer ────────────────────────────────────────────────────────────────────────

/** A piece of a line, to know it by. */
function sample(parent, [, stroke, dash]) {
  const svg = draw(parent, "svg", { class: "sample", viewBox: "0 0 22 8", "aria-hidden": "true" });
  draw(svg, "path", { class: "curve", d: "M0,4h22", stroke, "stroke-dasharray": dash });
}

function drawLayer(el, detail, scale) {
  el.replaceChildren();
  put(el, "h4", {}, detail.name[0].toUpperCase() + detail.name.slice(1));
  const width = 230, height = 128, left = 46, bottom = 96, right = width - 8;
  const svg = draw(el, "svg", { viewBox: `0 0 ${width} ${height}`, role: "img",
    "aria-label": `Histogram of the activations of ${detail.name}` });
  const low = 1e-4, x = linear([scale.bins[0], scale.bins.at(-1)], [left, right]);
  const y = logarithmic([low, 1], [bottom, 8]);
  for (const [share, text] of [[1, "100 %"], [0.01, "1 %"], [0.0001, "0.01 %"]]) {
    draw(svg, "line", { class: "grid", x1: left, x2: right, y1: y(share), y2: y(share) });
    draw(svg, "text", { class: "tick", x: left - 5, y: y(share) + 4, "text-anchor": "end" }, text);
  }
  detail.shares.forEach((share, i) => {
    if (share > low) draw(svg, "rect", { fill: "var(--blue)", x: x(scale.bins[i]), y: y(share),
      width: x(scale.bins[i + 1]) - x(scale.bins[i]) + 0.2, height: bottom - y(share) });
  });
  for (const [value, text] of [[-3, "≤ −3"], [-1, "−1"], [0, "0"], [1, "1"], [3, "≥ 3"]])
    draw(svg, "text", { class: "tick", x: x(value), y: bottom + 15, "text-anchor": value === 3 ? "end" : value === -3 ? "start" : "middle" }, text);
  draw(svg, "text", { class: "name", x: (left + right) / 2, y: height - 2, "text-anchor": "middle" }, "activation");
  const list = put(el, "dl");
  for (const [name, text] of Object.entries(detail.numbers)) {
    const term = put(list, "dt", {}, name);
    const look = LINES.find(([label]) => label === name);
    if (look) sample(term, look);
    put(list, "dd", {}, text);
  }
  put(el, "small", {}, "Click another layer, or focus the network and press ← or →.");
}

// ── All of it ────────────────────────────────────────────────────────────────────────

function render({ model, el }) {
  const root = put(el, "div", { class: "network" });
  presets(model, root);
  controls(model, root);
  const body = put(root, "div", { class: "body" });
  const main = put(body, "div", { class: "main" }), side = put(body, "div", { class: "side" });
  const svg = figure(model, el, 900, 420);
  main.append(svg);
  const scale = model.get("scale"), colour = ramp(scale);
  const content = draw(svg, "g", { "aria-hidden": "true" });
  const touch = draw(svg, "rect", { class: "touch", fill: "transparent" });
  let at, width = 0;

  const redraw = () => {
    const shown = model.get("shown"), { layer } = model.get("detail");
    at = plan(width || 640, shown.depth);
    svg.setAttribute("viewBox", `0 0 ${at.width} ${at.height}`);
    content.replaceChildren();
    drawNetwork(content, at, shown, colour);
    const { y, ends } = drawSizes(content, at, shown, scale, colour);
    drawChosen(content, at, shown, layer, y);
    nameLines(content, at, ends);
    for (const [name, value] of Object.entries({ x: at.left - 8, y: 0, width: at.width - at.left - at.right + 16, height: at.bottom }))
      touch.setAttribute(name, value);
  };
  const choose = (layer) => {
    const most = model.get("shown").depth + 1;
    move(model, { layer: Math.min(Math.max(Math.round(layer), 1), most) });
  };
  const here = () => model.get("detail").layer;
  const tell = handle(svg, touch, {
    label: "layer shown",
    value: () => ({ now: here(), min: 1, max: model.get("shown").depth + 1, text: model.get("detail").name }),
    moved: (point) => choose(at.x.invert(point.x)),
    nudged: (dx, dy) => choose(here() + dx + dy),
  });
  touch.addEventListener("pointerdown", (event) => choose(at.x.invert(place(svg, event).x)));
  touch.addEventListener("keydown", (event) => {
    if (event.key === "Home") choose(1);
    else if (event.key === "End") choose(Infinity);
    else return;
    event.preventDefault();
  });
  const follow = () => (redraw(), drawLayer(side, model.get("detail"), scale), tell());
  model.on("change:shown change:detail", follow);
  const watch = new ResizeObserver(([{ contentRect }]) => {
    if (Math.abs(contentRect.width - width) < 1) return;
    width = contentRect.width;
    redraw();
  });
  watch.observe(main);
  follow();
  return () => watch.disconnect();
}

export default { render };

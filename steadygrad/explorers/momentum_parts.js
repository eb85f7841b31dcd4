// What the panels of chapter 6's explorer are made of.

const human = (value) => String(+value.toPrecision(3));

/** Buttons that start, stop and step the clock. */
function steer(parent) {
  const group = put(parent, "span", { class: "buttons" });
  const run = put(group, "button", { type: "button" }, "▶ Play");
  const step = put(group, "button", { type: "button" }, "Step");
  return { run, step, shows: (on) => (run.textContent = on ? "❚❚ Pause" : "▶ Play") };
}

/** A panel with a heading in its upper left corner. */
function panel(parent, width, height, heading, hint, key) {
  const svg = draw(parent, "svg", {
    viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": heading,
  });
  const text = draw(svg, "text", { x: 0, y: 14, class: "heading" }, heading);
  draw(text, "tspan", { class: "hint", dx: 8 }, hint);
  draw(svg, "text", { x: 0, y: 33, class: "hint" }, key);
  return svg;
}

let clips = 0;

/** A group that shows nothing outside a rectangle. */
function clipped(svg, x, y, width, height) {
  const id = `steadygrad-clip-${clips++}`;
  draw(draw(svg, "clipPath", { id }), "rect", { x, y, width, height });
  return draw(svg, "g", { "clip-path": `url(#${id})` });
}

/** A ring with a reach as wide as a finger. */
function ring(parent) {
  const group = draw(parent, "g");
  draw(group, "circle", { r: 18, class: "reach" });
  draw(group, "circle", { r: 8, class: "grip" });
  return { group, to: (x, y) => group.setAttribute("transform", `translate(${x},${y})`) };
}

/** Do something again only where a trait was set anew. */
function renewed(model, names, make) {
  let before = [];
  return () => {
    const values = names.map((name) => model.get(name));
    if (values.some((value, i) => value !== before[i])) make(...(before = values));
  };
}

/** Dots at every point, as one path. */
const dots = (points) => points.map(([x, y]) => `M${x.toFixed(1)},${y.toFixed(1)}h0`).join("");

// What all drawings share: scales, lines, and handles for mouse, touch and keyboard.

/** From numbers to pixels; `invert` goes back. */
function linear([low, high], [from, to]) {
  const scale = (value) => from + ((value - low) / (high - low)) * (to - from);
  scale.invert = (pixel) => low + ((pixel - from) / (to - from)) * (high - low);
  return scale;
}

function logarithmic(domain, range) {
  const inner = linear(domain.map(Math.log10), range);
  const scale = (value) => inner(Math.log10(value));
  scale.invert = (pixel) => 10 ** inner.invert(pixel);
  return scale;
}

/** Points as the path of a line; a value that is no number leaves a gap. */
function line(points) {
  let pen = "M";
  return points.map(([x, y]) => {
    if (!Number.isFinite(x) || !Number.isFinite(y)) return (pen = "M"), "";
    const step = `${pen}${x.toFixed(1)},${y.toFixed(1)}`;
    pen = "L";
    return step;
  }).join("");
}

/** A figure: its name for screen readers, a drawing of fixed proportions, and its sentence. */
function figure(model, el, width, height) {
  el.classList.add("steadygrad-drawn");
  // keys pressed here are none of JupyterLab's, which asks the focused element first
  el.addEventListener("focusin", ({ target }) => (target.dataset.lmSuppressShortcuts = "true"));
  const svg = draw(el, "svg", {
    viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": model.get("alt"),
  });
  const said = put(el, "p", { role: "status" });
  const alarm = put(el, "pre", { role: "alert" });
  const say = () => {
    said.textContent = model.get("sentence");
    alarm.textContent = model.get("error");
  };
  model.on("change:sentence change:error", say);
  say();
  return svg;
}

/** Where a pointer is, in the drawing's own units. */
function place(svg, event) {
  const at = new DOMPoint(event.clientX, event.clientY);
  return at.matrixTransform(svg.getScreenCTM().inverse());
}

/**
 * Make an element a handle.  `moved(point)` follows the pointer while it is dragged;
 * `nudged(dx, dy)` follows the arrow keys (1 a press, 10 with Shift); `label` and `value` are
 * what screen readers say: `value()` gives {now, min, max, text}.
 */
function handle(svg, element, { label, value, moved, nudged }) {
  const tell = () => {
    const { now, min, max, text } = value();
    for (const [name, of] of Object.entries({ now, min, max, text }))
      element.setAttribute(`aria-value${name}`, of);
  };
  element.setAttribute("role", "slider");
  element.setAttribute("tabindex", "0");
  element.setAttribute("aria-label", label);
  element.classList.add("handle");
  element.addEventListener("pointerdown", (event) => {
    element.setPointerCapture(event.pointerId);
    element.focus();
    event.preventDefault();
  });
  element.addEventListener("pointermove", (event) => {
    if (!element.hasPointerCapture(event.pointerId)) return;
    moved(place(svg, event));
    tell();
  });
  element.addEventListener("keydown", (event) => {
    const size = event.shiftKey ? 10 : 1;
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (!ways[event.key]) return;
    nudged(...ways[event.key].map((way) => way * size));
    tell();
    event.preventDefault();
    event.stopPropagation(); // JupyterLab would move between cells
  });
  tell();
  return tell;
}

/** Build again whenever the width there is changes, so that text keeps its size. */
function fitted(element, build) {
  let last = 0;
  const observer = new ResizeObserver(([{ contentRect }]) => {
    const width = Math.floor(contentRect.width);
    if (!width || width === last) return;
    last = width;
    build(width);
  });
  observer.observe(element);
  return () => observer.disconnect();
}

const waiting = new WeakSet();

/** Tell Python, once a frame at most: what is set last wins. */
function send(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  if (waiting.has(model)) return;
  waiting.add(model);
  requestAnimationFrame(() => {
    waiting.delete(model);
    model.save_changes();
  });
}

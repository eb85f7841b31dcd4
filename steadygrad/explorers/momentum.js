const WIDE = 640; // pixels; below that, panels stand one below the other
const FALLS = [10, 7]; // powers of ten of the lower axis, up and down
const PACE = { slowest: 12, seconds: 8 }; // steps a second at least; the longest run

const human = (value) => String(+value.toPrecision(3));
const superscript = { 0: "1", 2: "1/100", 4: "1/10,000", 6: "a millionth" };

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

function valley(model, parent, width, tall, now, at, clock) {
  const { view, angle, conventions } = model.get("frame");
  const [low, high, bottom, top] = view;
  const above = 42, height = above + tall + 62;
  const svg = panel(parent, width, height, "The walk", "drag the start", "");
  draw(svg, "circle", { cx: 6, cy: 29, r: 5, class: "ball" });
  draw(svg, "text", { x: 16, y: 33, class: "hint" }, "this setting");
  draw(svg, "rect", { x: 102, y: 24, width: 10, height: 10, class: "plain-ball" });
  const beside = draw(svg, "text", { x: 117, y: 33, class: "hint" });
  const x = linear([low, high], [0, width]), y = linear([bottom, top], [above + tall, above]);
  const unit = width / (high - low);
  const inside = clipped(svg, 0, above, width, tall);
  draw(inside, "rect", { x: 0, y: above, width, height: tall, class: "ground" });
  const turned = draw(inside, "g", {
    transform: `translate(${x(0)},${y(0)}) rotate(${-angle}) scale(${unit})`,
  });
  const rings = draw(turned, "g");
  draw(turned, "path", { d: "M-14,0H14", class: "axis-line" });
  draw(turned, "path", { d: "M0,-14V14", class: "axis-line" });
  for (const [words, x2, y2, turn] of [["along", 7.6, -0.25, 0], ["across", 0.3, -4.9, 90]])
    draw(turned, "text", {
      transform: `translate(${x2},${y2}) rotate(${turn}) scale(${1 / unit})`, class: "hint",
    }, words);
  const plain = draw(inside, "path", { class: "plain thin" });
  const whole = draw(inside, "path", { class: "chosen faint" });
  const stops = draw(inside, "path", { class: "stops" });
  const done = draw(inside, "path", { class: "chosen" });
  draw(inside, "path", {
    d: `M${x(0) - 6},${y(0)}h12M${x(0)},${y(0) - 6}v12`, class: "minimum",
  });
  const foot = { x: x(0) + 9, y: y(0) + 20, class: "halo" };
  draw(inside, "text", foot, "minimum");
  const grey = draw(inside, "rect", { width: 10, height: 10, x: -5, y: -5, class: "plain-ball" });
  const start = ring(svg);
  const name = draw(svg, "text", { class: "halo", "text-anchor": "middle" }, "start");
  const ball = draw(inside, "circle", { r: 6, class: "ball" });
  const words = [16, 34, 52].map((dy) =>
    draw(svg, "text", { x: 0, y: above + tall + dy, class: dy > 16 ? "hint" : "" }));
  words[1].textContent = letters(model.get("convention"));

  const move = ([a, b]) => {
    clock.pause();
    send(model, { start: [Math.min(high, Math.max(low, a)), Math.min(top, Math.max(bottom, b))] });
  };
  const tell = handle(svg, start.group, {
    label: "Start of the walk",
    value: () => {
      const [a, b] = model.get("start").map((v) => +v.toFixed(1));
      return { now: a, min: low, max: high, text: `x₁ ${a}, x₂ ${b}` };
    },
    moved: (point) => move([x.invert(point.x), y.invert(point.y)]),
    nudged: (dx, dy) => {
      const [a, b] = model.get("start");
      move([a + dx * 0.2, b + dy * 0.2]);
    },
  });
  start.group.addEventListener("pointerup", () => clock.run());

  const pixels = (path) => path.map(([a, b]) => [x(a), y(b)]);
  const levels = renewed(model, ["rings"], (sizes) => {
    rings.replaceChildren();
    for (const [rx, ry] of [...sizes].reverse())
      draw(rings, "ellipse", { rx, ry, class: "level" });
  });
  const walks = renewed(model, ["walk"], ({ path }) => {
    whole.setAttribute("d", line(pixels(path)));
    stops.setAttribute("d", dots(pixels(path)));
  });
  const others = renewed(model, ["plain"], ({ path }) =>
    plain.setAttribute("d", line(pixels(path))));
  return {
    all() {
      levels();
      walks();
      others();
      const [a, b] = model.get("start");
      start.to(x(a), y(b));
      name.setAttribute("x", Math.min(width - 20, Math.max(20, x(a))));
      name.setAttribute("y", y(b) + (y(b) > above + tall - 30 ? -14 : 26));
      beside.textContent = `plain descent at ${model.get("plain").best ? "its best" : "the same"} rate`;
      words[0].textContent = conventions[model.get("convention")];
      words[1].textContent = letters(model.get("convention"));
      const kappa = human(model.get("condition"));
      words[2].textContent = kappa === "1" ? "κ = 1: equally curved in all directions"
        : `κ = ${kappa}: ${kappa} times as curved across as along`;
      tell();
      this.clock();
    },
    clock() {
      const { path } = model.get("walk");
      const [a, b] = at(path);
      const until = path.slice(0, Math.floor(now.step) + 1);
      done.setAttribute("d", line([...pixels(until), [x(a), y(b)]]));
      ball.setAttribute("cx", x(a));
      ball.setAttribute("cy", y(b));
      const [c, d] = at(model.get("plain").path);
      grey.setAttribute("transform", `translate(${x(c)},${y(d)})`);
    },
  };
}

const letters = (convention) => {
  const memory = { "rate inside": "v velocity", "running mean": "m mean" }[convention];
  return `η rate · μ momentum · g gradient · ${memory ?? "b velocity"}`;
};

function map(model, parent, width, tall) {
  const { rates, momenta } = model.get("frame");
  const [left, above, below] = [58, 42, 40], height = above + tall + below;
  const svg = panel(parent, width, height, "Rate and momentum", "drag the ring",
    "numbers: steps for a tenfold fall of the loss");
  const [right, floor] = [width - 8, height - below];
  const x = logarithmic(rates, [left, right]), [least, most] = momenta;
  const memory = logarithmic([1 - most, 1 - least], [above, floor]); // even in 1 / (1 − μ)
  const y = (momentum) => memory(1 - momentum);
  const hatch = `steadygrad-hatch-${clips++}`;
  const pattern = draw(svg, "pattern", {
    id: hatch, width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)",
  });
  draw(pattern, "path", { d: "M0,0V7", class: "hatch" });
  const inside = clipped(svg, left, above, right - left, floor - above);
  draw(inside, "rect", {
    x: left, y: above, width: right - left, height: floor - above, fill: `url(#${hatch})`,
  });
  const regions = draw(inside, "g"), numbers = draw(inside, "g");
  draw(svg, "rect", {
    x: left, y: above, width: right - left, height: floor - above, class: "border",
  });
  for (const rate of [0.1, 1, 10]) {
    draw(svg, "path", { d: `M${x(rate)},${floor}v5`, class: "tick" });
    draw(svg, "text", { x: x(rate), y: floor + 18, "text-anchor": "middle" }, rate);
  }
  for (const momentum of [0, 0.5, 0.8, 0.9, 0.95, 0.99]) {
    draw(svg, "path", { d: `M${left},${y(momentum)}h-5`, class: "tick" });
    draw(svg, "text", { x: left - 8, y: y(momentum) + 4, "text-anchor": "end" }, momentum);
  }
  draw(svg, "text", { x: (left + right) / 2, y: height - 5, "text-anchor": "middle" }, "learning rate η");
  draw(svg, "text", {
    transform: `translate(11,${(above + floor) / 2}) rotate(-90)`, "text-anchor": "middle",
  }, "momentum μ");
  draw(svg, "text", { x: right - 8, y: floor - 10, "text-anchor": "end", class: "halo" }, "diverges");
  const best = draw(svg, "path", { d: "M-6,-6L6,6M-6,6L6,-6", class: "best" });
  const named = draw(svg, "text", { class: "halo" });
  const chosen = ring(svg);
  draw(chosen.group, "circle", { r: 3, class: "ball" });

  const move = (rate, momentum) => {
    const lr = Math.min(rates[1], Math.max(rates[0], round(rate)));
    const mu = Math.min(momenta[1], Math.max(momenta[0], Math.round(momentum * 100) / 100));
    send(model, { lr, mu });
  };
  const tell = handle(svg, chosen.group, {
    label: "Learning rate (left, right) and momentum (up, down)",
    value: () => {
      const [lr, mu] = [model.get("lr"), model.get("mu")];
      const text = `learning rate ${human(lr)}, momentum ${mu.toFixed(2)}`;
      return { now: lr, min: rates[0], max: rates[1], text };
    },
    moved: (point) => move(x.invert(point.x), 1 - memory.invert(point.y)),
    nudged: (dx, dy) => {
      const lr = model.get("lr");
      move(lr + dx * grain(dx < 0 ? lr * 0.999 : lr), model.get("mu") + dy * 0.01);
    },
  });

  const fill = renewed(model, ["chart"], (chart) => {
    regions.replaceChildren();
    numbers.replaceChildren();
    const placed = [];
    for (const { steps, tip } of [...chart.regions].reverse()) {
      if (steps === null) continue;
      const [px, py] = [x(tip[0]) + 6, Math.min(floor - 6, Math.max(above + 14, y(tip[1]) + 4))];
      if (placed.some(([a, b]) => Math.abs(a - px) < 34 && Math.abs(b - py) < 14)) continue;
      placed.push([px, py]);
      draw(numbers, "text", { x: px, y: py }, steps);
    }
    chart.regions.forEach(({ steps, outlines }, deep) => {
      const d = outlines.map((o) => line(o.map(([a, b]) => [x(a), y(b)])) + "Z").join("");
      if (steps === null) draw(regions, "path", { d, class: "stable" });
      draw(regions, "path", { d, class: "region", "fill-opacity": 1 - 0.83 ** Math.max(1, deep) });
    });
    const [lr, mu] = chart.best;
    const far = x(lr) > right - 70;
    best.setAttribute("transform", `translate(${x(lr)},${y(mu)})`);
    named.setAttribute("x", x(lr) + (far ? -10 : 10));
    named.setAttribute("y", y(mu) + (far ? 20 : 4));
    named.setAttribute("text-anchor", far ? "end" : "start");
    named.textContent = `best: ${chart.steps}`;
  });
  return {
    all() {
      fill();
      chosen.to(x(model.get("lr")), y(model.get("mu")));
      tell();
    },
  };
}

/** The ladder on which rates stand: 0.95, 1, 1.05 … 9.95, 10, 10.5. */
const grain = (rate) => 0.05 * 10 ** Math.floor(Math.log10(rate) + 1e-9);
const round = (rate) => +(Math.round(rate / grain(rate)) * grain(rate)).toPrecision(6);

function losses(model, parent, width, now, at, go) {
  const { goal } = model.get("frame");
  const [left, above, below] = [76, 40, 40], height = 250;
  const svg = panel(parent, width, height, "The loss", "as a part of the loss at the start", "");
  svg.classList.add("across");
  const [right, floor] = [width - 20, height - below];
  const y = logarithmic([10 ** -FALLS[1], FALLS[0]], [floor, above]);
  const ticks = draw(svg, "g");
  for (const [power, words] of Object.entries(superscript)) {
    draw(svg, "path", { d: `M${left},${y(10 ** -power)}H${right}`, class: "grid" });
    draw(svg, "text", { x: left - 8, y: y(10 ** -power) + 4, "text-anchor": "end" }, words);
  }
  draw(svg, "path", { d: `M${left},${y(goal)}H${right}`, class: "goal" });
  draw(svg, "text", { x: (left + right) / 2, y: height - 4, "text-anchor": "middle" }, "steps");
  const inside = clipped(svg, left, above, right - left, floor - above);
  const plain = draw(inside, "path", { class: "plain" });
  const chosen = draw(inside, "path", { class: "chosen" });
  const needs = { plain: draw(svg, "path", { class: "plain-ball" }), walk: draw(svg, "path", { class: "ball" }) };
  const texts = { plain: draw(svg, "text", { class: "halo" }), walk: draw(svg, "text", { class: "halo strong" }) };
  const cursor = draw(svg, "g");
  draw(cursor, "rect", { x: -12, y: above, width: 24, height: floor - above, class: "reach" });
  draw(cursor, "path", { d: `M0,${above}V${floor}`, class: "cursor" });
  draw(cursor, "path", { d: `M0,${above}l6,-10h-12Z`, class: "grip" });
  const count = draw(cursor, "text", { x: 11, y: above - 1, class: "halo" });
  const greys = draw(inside, "rect", { width: 9, height: 9, x: -4.5, y: -4.5, class: "plain-ball" });
  const ball = draw(inside, "circle", { r: 5, class: "ball" });
  let x = linear([0, 1], [left, right]);
  const steps = () => model.get("plain").steps;
  const tell = handle(svg, cursor, {
    label: "Step that is shown",
    value: () => {
      const step = Math.floor(now.step);
      return { now: step, min: 0, max: steps(), text: `step ${step} of ${steps()}` };
    },
    moved: (point) => go(Math.round(x.invert(point.x))),
    nudged: (dx, dy) => go(Math.floor(now.step) + dx + dy),
  });

  const shape = { walk: "M-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0", plain: "M-4.5,-4.5h9v9h-9Z" };
  const names = width < 560 ? { walk: "", plain: "" } : { walk: "this setting: ", plain: "plain descent: " };
  const label = (name) => {
    const { path, loss, needs: count } = model.get(name);
    const mark = needs[name], text = texts[name];
    const gone = loss.findIndex((value) => value > FALLS[0]);
    const leaves = count === null && gone >= 0;
    const place = leaves ? gone : count ?? path.length - 1;
    const high = leaves ? above + 12 : y(count === null ? Math.max(loss[place], 10 ** -FALLS[1]) : goal);
    const far = x(place) > left + (right - left) * 0.6;
    mark.setAttribute("d", count === null ? "" : shape[name]);
    mark.setAttribute("transform", `translate(${x(place)},${high})`);
    text.setAttribute("text-anchor", far ? "end" : "start");
    text.setAttribute("x", x(place) + (far ? -10 : 10));
    text.setAttribute("y", leaves ? high : high + (name === "walk" ? -8 : 18));
    if (model.get("noise")) return mark.setAttribute("d", ""), (text.textContent = "");
    const fate = leaves ? "diverges" : count === null ? `more than ${steps()} steps` : `${count} step${count === 1 ? "" : "s"}`;
    text.textContent = names[name] + fate;
  };
  return {
    all() {
      x = linear([0, steps()], [left, right]);
      ticks.replaceChildren();
      const apart = steps() / (steps() === 500 ? 5 : 4);
      for (let step = 0; step <= steps(); step += apart) {
        draw(ticks, "path", { d: `M${x(step)},${floor}v5`, class: "tick" });
        draw(ticks, "text", { x: x(step), y: floor + 20, "text-anchor": "middle" }, step);
      }
      const points = (loss) => loss.map((value, step) => [x(step), y(value)]);
      plain.setAttribute("d", line(points(model.get("plain").loss)));
      chosen.setAttribute("d", line(points(model.get("walk").loss)));
      label("plain");
      label("walk");
      this.clock();
    },
    clock() {
      cursor.setAttribute("transform", `translate(${x(now.step)},0)`);
      count.textContent = `step ${Math.floor(now.step)}`;
      for (const [mark, name] of [[greys, "plain"], [ball, "walk"]]) {
        const { loss } = model.get(name);
        mark.setAttribute("transform", `translate(${x(Math.min(now.step, loss.length - 1))},${y(at(loss))})`);
      }
      tell();
    },
  };
}

export default { render };

// Chapter 8: a schedule's curve with its handles, the runs beneath it, and a list of all ten.

const LEFT = 52, RIGHT = 50, TITLE = 24, RATE = 170, BETWEEN = 34, LOSS = 190, BELOW = 42;
const HEIGHT = 2 * TITLE + RATE + BETWEEN + LOSS + BELOW;
const CURSORS = { x: "ew-resize", y: "ns-resize", xy: "move" };
const DIAMOND = "M0,-6L6,0L0,6L-6,0Z", UPWARD = "M0,-6L6,5L-6,5Z";

function render({ model, el }) {
  const { names, steps, every, lowest, losses, ends } = model.get("constants");
  el.classList.add("steadygrad-drawn", "steadygrad-schedules");
  // what is outside of the figure, too: see there
  el.addEventListener("focusin", ({ target }) => (target.dataset.lmSuppressShortcuts = "true"));
  const bar = put(el, "div", { class: "bar" });
  const main = put(el, "div", { class: "main" });
  const charts = put(main, "div", { class: "charts" });
  const svg = figure(model, charts, 640, HEIGHT);
  explain(put(main, "p", { class: "key", "aria-hidden": "true" }));
  const sentence = charts.querySelector("[role=status]");

  let chart = null, held = false, hot = -1, paused = false, asked = false, known = null;
  const row = () => names.indexOf(model.get("front"));
  const finished = () => model.get("now").step >= steps;
  const say = channel(model, proceed);

  // as soon as the last steps are drawn, ask for the next
  function proceed() {
    if (paused || finished() || asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      if (!paused && !finished()) say({ do: "train" });
    });
  }

  // ── What is no handle ──────────────────────────────────────────────────────────────

  const button = put(bar, "button", { type: "button" });
  button.addEventListener("click", () => {
    if (finished()) say({ do: "again" });
    paused = !finished() && !paused;
    proceed();
    follow();
  });
  const log = labelled(put(bar, "label"), "input", { type: "checkbox" }, "logarithmic rate");
  log.addEventListener("change", build);
  const choices = put(bar, "span");
  const progress = put(bar, "progress", { max: steps, "aria-label": "steps trained" });

  function labelled(label, tag, attributes, text) {
    const input = put(label, tag, attributes);
    put(label, "span", {}, text);
    return input;
  }

  function choose() {
    const wanted = model.get("choices");
    const there = [...choices.querySelectorAll("select")].map((select) => select.name);
    if (there.join() !== wanted.map(({ name }) => name).join()) {
      choices.replaceChildren();
      for (const { name, label, values } of wanted) {
        const box = put(choices, "label", {}, label);
        const select = put(box, "select", { name });
        for (const value of values) put(select, "option", { value }, String(value));
        select.addEventListener("change", () =>
          say({ do: "choose", name, value: Number(select.value) }));
      }
    }
    for (const { name, value } of wanted)
      choices.querySelector(`[name=${name}]`).value = String(value);
  }

  const list = put(main, "fieldset");
  const legend = put(list, "legend", {}, "Schedule");
  put(legend, "span", {}, "◆ validation loss at the end");
  const group = `schedule-${Math.random()}`;
  const entries = names.map((name, number) => {
    const label = put(list, "label");
    const radio = put(label, "input", { type: "radio", name: group, value: name });
    radio.addEventListener("change", () => say({ do: "front", name }));
    put(label, "span", {}, name);
    const dot = put(put(label, "span", { class: "strip", "aria-hidden": "true" }), "i");
    const value = put(label, "span", { class: "value" });
    for (const [event, which] of [["pointerenter", number], ["pointerleave", -1]])
      label.addEventListener(event, () => ((hot = which), follow()));
    return { label, radio, dot, value };
  });

  function enlist() {
    const fresh = rows(model.get("now").ends, names.length).map(([end]) => end);
    if (finished()) known = fresh; // while it trains the last ones stay, faintly
    const along = logarithmic(ends, [6, 94]);
    entries.forEach(({ radio, dot, value }, number) => {
      radio.checked = number === row();
      value.classList.toggle("stale", !finished());
      value.textContent = known ? short(known[number]) : "";
      dot.style.left = known ? `${along(clamp(known[number], ...ends))}%` : "-99px";
      dot.hidden = !known;
    });
  }

  // ── The panels ─────────────────────────────────────────────────────────────────────

  /** Everything that stays where it is: again when the width or the axis changes. */
  function build() {
    const width = Math.max(260, Math.round(svg.clientWidth));
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    const across = [LEFT, width - RIGHT], x = linear([0, steps], across);
    const top = TITLE, middle = TITLE + RATE + BETWEEN + TITLE;
    const highest = model.get("top");
    const rate = log.checked
      ? logarithmic([lowest, 4], [top + RATE, top])
      : linear([0, highest], [top + RATE, top]);
    const loss = logarithmic(losses, [middle + LOSS, middle]);
    const still = draw(svg, "g", { "aria-hidden": "true" });
    const ticks = log.checked ? [0.001, 0.01, 0.1, 1] : [0, 1, 2, 3, 4].map((n) => (n * highest) / 4);
    panel(still, x, rate, ticks, top, RATE);
    panel(still, x, loss, [0.2, 0.5, 1, 2], middle, LOSS);
    for (let step = 0; step <= steps; step += 50)
      draw(still, "text", { x: x(step), y: middle + LOSS + 18, class: "dim", "text-anchor": "middle" }, step);
    draw(still, "text", { x: (across[0] + across[1]) / 2, y: HEIGHT - 3, "text-anchor": "middle" }, "step");
    draw(still, "text", { x: 0, y: 12, class: "title" }, "Learning rate");
    draw(still, "text", { x: width, y: 12, class: "dim", "text-anchor": "end" }, "drag the dots on the curve");
    draw(still, "text", { x: 0, y: middle - 12, class: "title" }, "Loss on the training points");
    draw(still, "text", { x: width, y: middle - 12, class: "dim", "text-anchor": "end" }, "◆ validation");
    const windows = [[top, RATE], [middle, LOSS]].map(([y, height], number) => {
      const id = `${group}-${number}`;
      draw(draw(svg, "clipPath", { id }), "rect", {
        x: across[0] - 3, y: y - 3, width: across[1] - across[0] + 6, height: height + 6 });
      return draw(svg, "g", { "clip-path": `url(#${id})`, "aria-hidden": "true" });
    });
    const [above, below] = windows.map((into) => ({
      others: names.map((name) => {
        const path = draw(into, "path", { class: "other" });
        draw(path, "title", {}, name);
        return path;
      }),
      halo: draw(into, "path", { class: "under" }),
      raw: draw(into, "path", { class: "raw" }),
      before: draw(into, "path", { class: "earlier" }),
      chosen: draw(into, "path", { class: "own" }),
    }));
    const reached = draw(still, "path", { class: "reached" });
    const marks = draw(svg, "g", { "aria-hidden": "true" });
    const grips = draw(svg, "g");
    const readout = draw(svg, "text", { class: "readout", "aria-hidden": "true" });
    chart = { width, highest, x, rate, loss, above, below, reached, marks, grips, readout, held: {} };
    chart.span = [top, middle + LOSS];
    follow();
  }

  function panel(into, x, y, ticks, top, height) {
    const [left, right] = [x(0), x(steps)];
    for (const tick of ticks) {
      draw(into, "path", { class: "rule", d: `M${left},${y(tick)}H${right}` });
      draw(into, "text", { x: left - 14, y: y(tick) + 4, class: "dim", "text-anchor": "end" },
        String(Number(tick.toPrecision(3))));
    }
    draw(into, "path", { class: "base", d: `M${left},${top + height}H${right}` });
    for (let step = 0; step <= steps; step += 50)
      draw(into, "path", { class: "base", d: `M${x(step)},${top + height}v4` });
  }

  /** Everything that moves. */
  function follow() {
    if (!chart) return;
    if (model.get("top") !== chart.highest && !log.checked) return build();
    const now = model.get("now"), before = model.get("before"), own = row();
    trace(chart.above, now.rates, before?.rates, chart.rate, (i) => chart.x(i), [lowest, 1e9]);
    const at = (i) => chart.x((i + 1) * every);
    trace(chart.below, now.smooth, before?.smooth, chart.loss, at, losses);
    const raw = rows(now.losses, names.length)[own];
    chart.below.raw.setAttribute("d", path(raw, chart.loss, at, losses));
    const x = chart.x(now.step);
    chart.reached.setAttribute("d", finished() ? "" : `M${x},${chart.span[0]}V${chart.span[1]}`);
    finish(now, before, own);
    hold();
    button.textContent = finished() ? "Train again" : paused ? "Go on" : "Pause";
    progress.value = now.step;
    progress.classList.toggle("over", finished());
    sentence.classList.toggle("stale", !finished());
    enlist();
    choose();
  }

  const path = (values, y, at, [low, high]) =>
    line(Array.from(values, (value, i) => [at(i), y(clamp(value, low, high))]));

  function trace(panel, now, before, y, at, limits) {
    const own = row(), all = rows(now, names.length);
    panel.others.forEach((other, number) => {
      other.setAttribute("d", number === own ? "" : path(all[number], y, at, limits));
      other.classList.toggle("hot", number === hot);
    });
    const d = path(all[own], y, at, limits);
    panel.chosen.setAttribute("d", d);
    panel.halo.setAttribute("d", d);
    panel.before.setAttribute("d", before ? path(rows(before, names.length)[own], y, at, limits) : "");
  }

  /** The validation losses of the run before and of this one, beside the lower panel. */
  function finish(now, before, own) {
    chart.marks.replaceChildren();
    const found = [];
    if (before) found.push([rows(before.ends, names.length)[own][0], "end-earlier", "dim"]);
    if (finished()) found.push([rows(now.ends, names.length)[own][0], "end", "present"]);
    const heights = found.map(([value]) => chart.loss(clamp(value, ...losses)));
    const apart = [...heights];
    if (heights.length === 2 && Math.abs(heights[0] - heights[1]) < 15) {
      const side = heights[0] < heights[1] ? 1 : -1, centre = (heights[0] + heights[1]) / 2;
      apart.splice(0, 2, centre - 7.5 * side, centre + 7.5 * side);
    }
    found.forEach(([value, shape, text], i) => {
      const x = chart.x(steps), d = value > losses[1] ? UPWARD : DIAMOND;
      draw(chart.marks, "path", { class: shape, d, transform: `translate(${x + 9},${heights[i]})` });
      draw(chart.marks, "text", { x: x + 19, y: apart[i] + 4, class: text }, short(value));
    });
  }

  // ── Handles ────────────────────────────────────────────────────────────────────────

  function hold() {
    const grips = model.get("grips"), names = grips.map(({ name }) => name).join();
    if (chart.held.names !== names) {
      chart.grips.replaceChildren();
      chart.held = { names, each: grips.map((grip) => makeGrip(grip)) };
    }
    chart.held.each.forEach((each, number) => each.place(grips[number]));
    tellWhere();
  }

  function makeGrip({ name, label, ways }) {
    const g = draw(chart.grips, "g", { class: "hold" });
    g.style.cursor = CURSORS[ways];
    draw(g, "circle", { class: "touch", r: 18 });
    for (const turn of [...(ways.includes("x") ? [90, 270] : []), ...(ways.includes("y") ? [0, 180] : [])])
      draw(g, "path", { class: "way", d: "M0,-15l4,5h-8z", transform: `rotate(${turn})` });
    draw(g, "circle", { class: "dot", r: 7.5 });
    let grip = model.get("grips").find((each) => each.name === name), offset = { x: 0, y: 0 };
    const where = () => [chart.x(grip.step), chart.rate(log.checked ? Math.max(grip.rate, lowest) : grip.rate)];
    const tell = handle(svg, g, {
      label,
      value: () => ({ now: grip.now, min: 0, max: grip.max, text: grip.text }),
      moved: (point) => say({
        do: "drag", grip: name,
        step: chart.x.invert(point.x - offset.x), rate: chart.rate.invert(point.y - offset.y),
      }),
      nudged: (across, up) => say({ do: "nudge", grip: name, across, up }),
    });
    g.addEventListener("pointerdown", (event) => {
      const at = place(svg, event), [x, y] = where();
      offset = { x: at.x - x, y: at.y - y };
      held = true;
      say({ do: "grab" });
    });
    g.addEventListener("lostpointercapture", () => {
      held = false;
      say({ do: "release" });
    });
    for (const event of ["focus", "blur", "pointerenter", "pointerleave"])
      g.addEventListener(event, tellWhere);
    return {
      g,
      place: (fresh) => {
        grip = fresh;
        g.setAttribute("transform", `translate(${where().join()})`);
        tell();
      },
      words: () => ({ at: where(), text: grip.text }),
    };
  }

  /** Beside the handle that is in use, where it stands. */
  function tellWhere() {
    const each = chart.held.each ?? [];
    const used = each.find(({ g }) => g.matches(":active, :hover")) ?? each.find(({ g }) => g.matches(":focus"));
    chart.readout.textContent = used?.words().text ?? "";
    if (!used) return;
    const [x, y] = used.words().at, rightmost = x > chart.width * 0.6;
    chart.readout.setAttribute("text-anchor", rightmost ? "end" : "start");
    chart.readout.setAttribute("x", x + (rightmost ? -20 : 20));
    chart.readout.setAttribute("y", y < TITLE + 24 ? y + 26 : y - 12);
  }

  // ── Following Python, and the room there is ────────────────────────────────────────

  model.on("change:answered", follow);
  const room = new ResizeObserver(() => {
    const width = Math.max(260, Math.round(svg.clientWidth));
    if (!held && svg.clientWidth && width !== chart?.width) build();
  });
  room.observe(svg);
  build();
  proceed();
  return () => room.disconnect();
}

export default { render };

// The walk: a valley, a start to drag, and the balls that roll.

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

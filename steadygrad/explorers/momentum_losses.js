// The loss, step by step, and the step that is shown.

const FALLS = [10, 7]; // powers of ten of the lower axis, up and down
const WRITTEN = { 0: "1", 2: "1/100", 4: "1/10,000", 6: "a millionth" }; // by powers of ten

function losses(model, parent, width, now, at, go) {
  const { goal } = model.get("frame");
  const [left, above, below] = [76, 40, 40], height = 250;
  const svg = panel(parent, width, height, "The loss", "as a part of the loss at the start", "");
  svg.classList.add("across");
  const [right, floor] = [width - 20, height - below];
  const y = logarithmic([10 ** -FALLS[1], FALLS[0]], [floor, above]);
  const ticks = draw(svg, "g");
  for (const [power, words] of Object.entries(WRITTEN)) {
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

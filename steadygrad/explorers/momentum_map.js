// Rate and momentum: a map of how fast they arrive, and a ring to drag on it.

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

// Presets and controls: they set traits, and follow them.

const SLIDERS = [ // trait, name, least, most, step, and for powers their base
  ["depth", "depth", 1, 50, 1],
  ["weight_scale", "weights, × He’s", -2, 2, 0.125, 2],
  ["input_scale", "inputs, ×", -2, 2, 0.125, 10],
  ["width", "width", 10, 500, 10],
];

/** Set a trait or several, and let Python follow. */
function move(model, values) {
  for (const [name, value] of Object.entries(values)) model.set(name, value);
  model.save_changes();
}

function presets(model, el) {
  const row = put(el, "div", { class: "presets", role: "group", "aria-label": "settings to start from" });
  put(row, "span", {}, "Try");
  for (const [name, values] of Object.entries(model.get("presets"))) {
    const button = put(row, "button", { type: "button" }, name);
    button.addEventListener("click", () => {
      move(model, { width: 100, input_scale: 1, ...values, layer: Math.ceil(values.depth / 2) });
    });
    const press = () => button.setAttribute("aria-pressed",
      Object.entries(values).every(([trait, value]) => Math.abs(model.get(trait) - value) < 0.01
        || model.get(trait) === value) && model.get("input_scale") === 1);
    model.on("change:shown", press);
    press();
  }
}

function controls(model, el) {
  const row = put(el, "div", { class: "controls" });
  const choice = put(row, "fieldset");
  put(choice, "legend", {}, "activation");
  const group = `activation-${Math.random().toString(36).slice(2)}`;
  for (const name of ["sigmoid", "tanh", "relu"]) {
    const label = put(choice, "label");
    const radio = put(label, "input", { type: "radio", name: group, value: name });
    put(label, "span", {}, name === "relu" ? "ReLU" : name);
    radio.addEventListener("change", () => move(model, { activation: name }));
    const follow = () => (radio.checked = model.get("activation") === name);
    model.on("change:activation", follow);
    follow();
  }
  for (const slider of SLIDERS) range(model, row, ...slider);
}

function range(model, row, trait, name, min, max, step, base) {
  const label = put(row, "label", { class: "range" });
  put(label, "span", {}, name);
  const said = put(label, "output");
  const input = put(label, "input", { type: "range", min, max, step, "aria-label": name });
  const follow = () => {
    const value = model.get(trait);
    const text = base ? String(+value.toPrecision(2)) : String(value);
    if (document.activeElement !== input || !base)
      input.value = base ? Math.log(value) / Math.log(base) : value;
    said.textContent = text;
    input.setAttribute("aria-valuetext", text);
  };
  input.addEventListener("input", () => {
    move(model, { [trait]: base ? base ** Number(input.value) : Number(input.value) });
  });
  model.on(`change:${trait}`, follow);
  follow();
}

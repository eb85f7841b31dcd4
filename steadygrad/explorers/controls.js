// Controls as the browser's own inputs.  Python says what each place of one is called.

/** On what has the focus itself, or JupyterLab takes its arrow keys to move between cells. */
const OWN_KEYS = { "data-lm-suppress-shortcuts": "true" };

/**
 * A row of controls, as the model's `panel` describes them, that move the model's `places`.
 * Returns `move({name: place})`, for whatever else moves them.
 */
function controls(model, el) {
  const box = put(el, "div", {
    class: "controls", role: "group", "aria-label": "Controls",
  });
  const rows = new Map();
  let more; // the fold for what few readers need

  const move = (moved) => {
    model.set("places", { ...model.get("places"), ...moved });
    show();
    model.save_changes();
  };

  const fold = () => {
    const details = put(el, "details");
    put(details, "summary", OWN_KEYS, "More controls");
    box.after(details);
    return put(details, "div", { class: "controls" });
  };

  const build = ({ name, kind, label, aside }) => {
    if (aside) more ??= fold();
    const row = put(aside ? more : box, "label", { class: `control ${kind}` });
    put(row, "span", { class: "name" }, label);
    const input = kind === "choice"
      ? put(row, "select", OWN_KEYS)
      : put(row, "input", { type: "range", min: 0, step: 1, ...OWN_KEYS });
    const readout = put(row, "span", { class: "readout", "aria-hidden": "true" });
    input.addEventListener("input", () => {
      move({ [name]: kind === "choice" ? input.selectedIndex : Number(input.value) });
    });
    rows.set(name, { row, input, readout });
  };

  const fill = (input, texts) => {
    if (input.type === "range") input.max = texts.length - 1;
    else if (input.options.length !== texts.length) {
      input.replaceChildren();
      for (const text of texts) put(input, "option", {}, text);
    }
  };

  function show() {
    for (const { name, kind, texts, disabled, hidden, ...looks } of model.get("panel")) {
      if (!rows.has(name)) build({ name, kind, ...looks });
      const { row, input, readout } = rows.get(name), place = model.get("places")[name];
      fill(input, texts);
      row.hidden = hidden;
      input.disabled = disabled;
      if (kind === "choice") input.selectedIndex = place;
      else {
        input.value = place;
        input.setAttribute("aria-valuetext", texts[place]);
        readout.textContent = texts[place];
        const longest = Math.max(...texts.map((text) => text.length));
        readout.style.minWidth = `${longest}ch`;
      }
    }
  }

  model.on("change:panel change:places", show);
  show();
  return move;
}

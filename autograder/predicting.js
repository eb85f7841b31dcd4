// A row of choices, or a place for a number: native controls, so that mouse, touch, keyboard
// and screen readers work without more.

function put(parent, tag, attributes = {}, text = "") {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  parent.append(element);
  return element;
}

function render({ model, el }) {
  el.classList.add("steadygrad-asking");
  const row = put(el, "fieldset", {
    style: "border:1px solid var(--jp-border-color1,#8888);border-radius:4px;margin:0;"
      + "display:flex;flex-wrap:wrap;gap:0.2em 1.2em;align-items:center;max-width:max-content",
  });
  put(row, "legend", { style: "padding:0 0.4em" }, model.get("legend"));
  const choose = (value) => (model.set("chosen", value), model.save_changes());
  const letters = model.get("letters");
  const name = `ask-${Math.random()}`; // a group of its own, in every view
  const inputs = letters.map((letter) => {
    const label = put(row, "label", { style: "padding:0.2em;cursor:pointer" });
    const input = put(label, "input", { type: "radio", name });
    label.append(` (${letter})`);
    input.addEventListener("change", () => choose(letter));
    return input;
  });
  let number;
  if (!letters.length) {
    number = put(row, "input", { type: "text", inputmode: "decimal", size: 10, "aria-label": model.get("legend") });
    const keep = put(row, "button", { type: "button" }, "Keep");
    keep.addEventListener("click", () => choose(number.value.trim()));
    number.addEventListener("keydown", (event) => {
      event.stopPropagation(); // JupyterLab has plans for some of these keys
      if (event.key === "Enter") choose(number.value.trim());
    });
  }
  const status = put(row, "span", { role: "status" });
  const show = () => {
    const chosen = model.get("chosen");
    inputs.forEach((input, i) => (input.checked = letters[i] === chosen));
    if (number) number.value = chosen;
    status.textContent = model.get("status");
  };
  for (const of of ["chosen", "status"]) model.on(`change:${of}`, show);
  show();
}

export default { render };

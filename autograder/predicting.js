// A row of choices, or a place for a number: native controls, so that mouse, touch, keyboard
// and screen readers work without more.

const OWN = "data-lm-suppress-shortcuts"; // JupyterLab leaves keys alone where the focus has it

function render({ model, el }) {
  el.classList.add("steadygrad-asking");
  const row = put(el, "fieldset", {
    style: "border:1px solid var(--jp-border-color1,#8888);border-radius:4px;margin:0;"
      + "display:flex;flex-wrap:wrap;gap:0.2em 1.2em;align-items:center;max-width:max-content",
  });
  put(row, "legend", { style: "padding:0 0.4em" }, model.get("legend"));
  const choose = (value) => (model.set("chosen", value), model.save_changes());
  const letters = model.get("letters");
  const own = (event) => { // what is pressed here is ours: in JupyterLab a "b" makes a new cell
    const command = event.ctrlKey || event.metaKey || event.altKey || event.key === "Escape"
      || (event.shiftKey && event.key === "Enter"); // which runs the cell, as everywhere
    if (row.contains(event.target)) event.target.toggleAttribute(OWN, !command);
  };
  window.addEventListener("keydown", own, true); // before JupyterLab, which listens early, too
  const name = `ask-${Math.random()}`; // a group of its own, in every view
  const inputs = letters.map((letter) => {
    const label = put(row, "label", { style: "padding:0.2em;cursor:pointer" });
    const input = put(label, "input", { type: "radio", name });
    label.append(` (${letter})`);
    input.addEventListener("change", () => choose(letter));
    return input;
  });
  row.addEventListener("keydown", (event) => { // arrows only move: a first answer counts
    if (!letters.length || !event.target.hasAttribute(OWN)) return;
    const at = inputs.indexOf(event.target);
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key] ?? 0;
    const to = inputs[(at + step + letters.length) % letters.length];
    const picked = event.key === "Enter" ? event.target : inputs[letters.indexOf(event.key)];
    if (!step && !picked) return;
    event.preventDefault();
    (picked ?? to).focus();
    picked?.click();
  });
  let number;
  if (!letters.length) {
    number = put(row, "input", { type: "text", inputmode: "decimal", size: 10, "aria-label": model.get("legend") });
    const keep = put(row, "button", { type: "button" }, "Keep");
    keep.addEventListener("click", () => choose(number.value.trim()));
    number.addEventListener("keydown", (event) => {
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
  return () => window.removeEventListener("keydown", own, true);
}

export default { render };

// A picture that Python draws, with its controls above and its sentence below.

function render({ model, el }) {
  el.classList.add("steadygrad-drawn", "steadygrad-live");
  const move = controls(model, el);
  const image = put(el, "img", { alt: model.get("alt"), class: "picture", draggable: "false" });
  const said = put(el, "p", { role: "status" });
  const alert = put(el, "pre", { role: "alert" });

  let address = "";
  const show = () => {
    URL.revokeObjectURL(address);
    address = URL.createObjectURL(new Blob([model.get("picture")], { type: "image/png" }));
    image.src = address;
    image.style.width = `${model.get("shown")}px`;
  };
  const say = () => {
    said.textContent = model.get("sentence");
    alert.textContent = model.get("error");
  };
  model.on("change:picture", show);
  model.on("change:sentence change:error", say);
  show();
  say();

  // Python draws for the room there is, pixel by pixel
  let waiting;
  const measure = () => {
    const room = [el.clientWidth, window.devicePixelRatio];
    if (!room[0] || String(room) === String(model.get("room"))) return;
    model.set("room", room);
    model.save_changes();
  };
  const watch = new ResizeObserver(() => {
    clearTimeout(waiting);
    waiting = setTimeout(measure, 150); // not for every pixel of a window that is dragged
  });
  watch.observe(el);

  dragged(model, image, move);
  return () => {
    watch.disconnect();
    clearTimeout(waiting);
    URL.revokeObjectURL(address);
  };
}

/** A press or a drag on a part of the picture moves two controls, across it and up it. */
function dragged(model, image, move) {
  if (!model.get("drag").names) return;
  image.classList.add("dragged");
  const follow = (event) => {
    const { names, left, bottom, width, height } = model.get("drag");
    const box = image.getBoundingClientRect();
    const shares = [
      ((event.clientX - box.left) / box.width - left) / width,
      (1 - (event.clientY - box.top) / box.height - bottom) / height,
    ];
    if (event.type === "pointerdown") {
      if (shares.some((share) => share < 0 || share > 1)) return;
      image.setPointerCapture(event.pointerId);
    } else if (!image.hasPointerCapture(event.pointerId)) return;
    const moved = names.map((name, i) => {
      const last = model.get("panel").find((control) => control.name === name).texts.length - 1;
      return [name, Math.round(Math.min(1, Math.max(0, shares[i])) * last)];
    });
    move(Object.fromEntries(moved));
  };
  image.onpointerdown = image.onpointermove = follow;
}

export default { render };

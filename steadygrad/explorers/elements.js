// Elements of a page, made where they belong.

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element with attributes and text, put into a parent. */
function put(parent, tag, attributes = {}, text = "") {
  return made(document.createElement(tag), parent, attributes, text);
}

/** An SVG element, likewise. */
function draw(parent, tag, attributes = {}, text = "") {
  return made(document.createElementNS(SVG, tag), parent, attributes, text);
}

function made(element, parent, attributes, text) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  parent.append(element);
  return element;
}

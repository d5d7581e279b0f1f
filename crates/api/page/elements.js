// Elements made of text alone: nothing that a catalogue holds is ever read as HTML.

const SVG = "http://www.w3.org/2000/svg";

export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(made, attributes, children) {
  for (const [attribute, value] of Object.entries(attributes)) {
    if (attribute.startsWith("on")) {
      made.addEventListener(attribute.slice(2), value);
    } else if (typeof value === "boolean") {
      made.toggleAttribute(attribute, value);
    } else if (value !== undefined) {
      made.setAttribute(attribute, value);
    }
  }
  made.append(...children);
  return made;
}

export function button(text, attributes) {
  return element("button", { type: "button", ...attributes }, text);
}

export function byId(id) {
  return document.getElementById(id);
}

export function tell(target, text, isError = false) {
  if (target.textContent !== text) target.textContent = text;
  target.classList.toggle("error", isError);
}

// Calls back once nothing has happened for a moment.
export function whenQuiet(milliseconds, callback) {
  let timer;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => callback(...values), milliseconds);
  };
}

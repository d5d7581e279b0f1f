// Elements made of text alone: nothing that a catalogue holds is ever read as HTML.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes)) {
    if (attribute.startsWith("on")) {
      made.addEventListener(attribute.slice(2), value);
    } else if (typeof value === "boolean") {
      made.toggleAttribute(attribute, value);
    } else {
      made.setAttribute(attribute, value);
    }
  }
  made.append(...children);
  return made;
}

export function byId(id) {
  return document.getElementById(id);
}

export function tell(target, text, isError = false) {
  target.textContent = text;
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

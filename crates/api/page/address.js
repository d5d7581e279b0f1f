// What is shown, in the part of the address behind #: a list of someone else, a movie, filters. Nothing of it reaches
// a server.

const NAMES = ["ratings", "user", "genre", "from", "to", "varied", "movie", "together"];
// `#model` has no value.
const MODEL = "yes";

let listener = () => {};

export function onChange(callback) {
  listener = callback;
  addEventListener("popstate", () => listener());
}

export function read() {
  const given = new URLSearchParams(location.hash.slice(1));
  const state = Object.fromEntries(NAMES.map((name) => [name, given.get(name) ?? ""]));
  const year = (text) => (/^\d{1,4}$/.test(text) ? text : "");
  return { ...state, from: year(state.from), to: year(state.to), model: given.has("model") ? MODEL : "" };
}

export function href(changes) {
  const state = Object.entries({ ...read(), ...changes }).filter(([, value]) => value);
  return state.length ? `#${String(new URLSearchParams(state)).replace(`model=${MODEL}`, "model")}` : location.pathname + location.search;
}

// A view is a place to come back to; a filter is not.
export function open(changes) {
  history.pushState({ opened: true }, "", href(changes));
  listener();
}

export function change(changes) {
  history.replaceState(history.state, "", href(changes));
  listener();
}

// Back to where the view was opened from, or, if it came with the address, to the list.
export function close(changes) {
  if (history.state?.opened) history.back();
  else change(changes);
}

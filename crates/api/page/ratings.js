// The visitor's ratings: kept in the part of the address behind #, which no server sees and a link carries.

import { byId, element } from "./elements.js";
import * as api from "./api.js";

const MAX_FROM_LINK = 100;
const MAX_ID = 256;
const ratings = new Map();
let listener = () => {};
let restores = 0;

export function onChange(callback) {
  listener = callback;
}

export function all() {
  return [...ratings].map(([id, { rating }]) => ({ id, rating })).filter(({ rating }) => rating > 0);
}

export function rate(id, title, rating) {
  ratings.set(id, { title, rating });
  changed();
}

// A movie that was just chosen waits for its stars: until then its rating is 0 and counts for nothing.
export function add(id, title) {
  if (!ratings.has(id)) ratings.set(id, { title, rating: 0 });
  render();
  focusStars(id);
}

export function clear() {
  ratings.clear();
  changed();
  byId("search").focus();
}

export function link() {
  return `${location.origin}${location.pathname}${fragment()}`;
}

export async function restore() {
  const given = new URLSearchParams(location.hash.slice(1)).get("ratings") ?? "";
  const pairs = given.split(",").slice(0, MAX_FROM_LINK).map((pair) => {
    const [id, rating] = pair.split(":");
    return { id: decoded(id), rating: Number(rating) };
  });
  const valid = pairs.filter(({ id, rating }) => id && id.length <= MAX_ID && rating >= 0.5 && rating <= 5);
  const restored = (restores += 1);
  let movies = [];
  try {
    movies = await api.moviesById([...new Set(valid.map(({ id }) => id))]);
  } catch {
    // The recommendations, which fail too, say why.
  }
  // Another link may have come meanwhile.
  if (restored !== restores) return;
  const titles = new Map(movies.map(({ movie_id, title }) => [movie_id, title]));
  ratings.clear();
  for (const { id, rating } of valid) {
    if (titles.has(id)) ratings.set(id, { title: titles.get(id), rating });
  }
  render();
  listener();
}

// A link may have been cut anywhere.
function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

function fragment() {
  const pairs = all().map(({ id, rating }) => `${encodeURIComponent(id)}:${rating}`);
  return pairs.length ? `#${new URLSearchParams({ ratings: pairs.join(",") })}` : "";
}

function changed() {
  history.replaceState(null, "", `${location.pathname}${location.search}${fragment()}`);
  render();
  listener();
}

function render() {
  const hadFocus = document.activeElement?.closest?.("[data-movie]")?.dataset.movie;
  byId("rated").replaceChildren(...[...ratings].map(([id, { title, rating }]) => fields(id, title, rating)));
  byId("rated-actions").hidden = ratings.size === 0;
  if (hadFocus) focusStars(hadFocus);
}

function focusStars(id) {
  const stars = byId("rated").querySelector(`[data-movie="${CSS.escape(id)}"]`);
  (stars?.querySelector("input:checked") ?? stars?.querySelector("input"))?.focus();
}

function fields(id, title, rating) {
  const stars = [1, 2, 3, 4, 5].flatMap((value) => {
    const name = `stars-${id}`;
    const star = element("input", {
      type: "radio",
      name,
      id: `${name}-${value}`,
      value,
      checked: Math.round(rating) === value,
      onchange: () => rate(id, title, value),
    });
    const text = value === 1 ? "1 star" : `${value} stars`;
    const label = element("label", { for: `${name}-${value}`, class: value <= rating ? "given" : "" });
    label.append(element("span", { "aria-hidden": "true" }, "★"), element("span", { class: "sight" }, text));
    return [star, label];
  });
  const remove = element(
    "button",
    {
      type: "button",
      "aria-label": `Remove ${title}`,
      onclick: () => {
        ratings.delete(id);
        changed();
        byId("search").focus();
      },
    },
    "Remove",
  );
  return element(
    "fieldset",
    { class: "rated", "data-movie": id },
    element("legend", {}, title),
    element("div", { class: "row" }, element("span", { class: "stars" }, ...stars), remove),
  );
}

// Well-known movies to begin with.

import * as api from "./api.js";
import { byId, element, tell } from "./elements.js";
import { movieLink } from "./cards.js";
import { poster } from "./poster.js";
import * as ratings from "./ratings.js";
import { stars } from "./stars.js";
import { t } from "./strings.js";
import { name } from "./titles.js";

const ENOUGH = 5;

export async function start() {
  // Who has rated enough sees the list first.
  byId("start").open = ratings.count() < ENOUGH;
  count();
  ratings.onChange(count);
  byId("start-all").addEventListener("click", ({ currentTarget }) => {
    const isGrid = byId("start-list").classList.toggle("grid");
    currentTarget.setAttribute("aria-expanded", String(isGrid));
  });
  for (const [id, step] of [["start-back", -1], ["start-on", 1]]) {
    byId(id).addEventListener("click", () => byId("start-list").scrollBy({ left: step * byId("start-list").clientWidth * 0.8 }));
  }
}

// The movies to begin with, once they are there.
let loaded = Promise.resolve([]);

export function ids() {
  return loaded;
}

export function load() {
  if (byId("start-list").childElementCount === 0) loaded = fill();
}

async function fill() {
  try {
    const { movies } = await api.start();
    byId("start-list").replaceChildren(...movies.map(tile));
    return movies.map(({ movie_id }) => movie_id);
  } catch {
    // The recommendations, which fail too, say why.
    return [];
  }
}

function tile(movie) {
  return element("li", { "data-movie": movie.movie_id },
    movieLink(movie, {}, poster(movie), element("span", { class: "sight" }, name(movie))),
    stars(movie));
}

function count() {
  tell(byId("started"), t("started", { n: ratings.count() }));
}

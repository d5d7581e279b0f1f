// The list of recommendations, and the dialog with similar movies.

import { byId, element, tell } from "./elements.js";
import * as api from "./api.js";
import * as ratings from "./ratings.js";

const PAGE = 10;
let user = "";
let cursor;
let asked = new AbortController();
// The load that is under way.
let loading;

export function showUser(id) {
  user = id;
  return refresh();
}

export async function refresh() {
  asked.abort();
  asked = new AbortController();
  cursor = undefined;
  tell(byId("status"), "Looking for movies …");
  byId("recommendations").setAttribute("aria-busy", "true");
  await load(asked.signal, (items) => byId("recommendations").replaceChildren(...items));
}

// A click while something is loaded asks for nothing: what it would ask for is under way, or no longer wanted.
export async function more() {
  if (loading) return;
  const list = byId("recommendations");
  const shown = list.children.length;
  await load(asked.signal, (items) => list.append(...items));
  list.children[shown]?.querySelector("button")?.focus();
}

async function load(signal, place) {
  const parameters = {
    limit: PAGE,
    genre: byId("genre").value,
    yearFrom: byId("year-from").value,
    yearTo: byId("year-to").value,
    cursor,
  };
  const own = (loading = Symbol("load"));
  try {
    const rated = ratings.all();
    const answer = await (user
      ? api.recommendToUser(user, parameters, signal)
      : api.recommend(rated, parameters, signal));
    place(answer.recommendations.map(item));
    cursor = answer.next_cursor;
    tell(byId("status"), summary(answer, rated.length));
  } catch (error) {
    if (error.name === "AbortError") return;
    if (error.code === "stale_cursor") {
      // Another model has come meanwhile, whose list begins anew.
      await refresh();
      return;
    }
    place([]);
    cursor = undefined;
    tell(byId("status"), error.message, true);
  } finally {
    if (loading === own) loading = undefined;
  }
  byId("recommendations").removeAttribute("aria-busy");
  byId("more").hidden = !cursor;
}

function summary(answer, count) {
  if (byId("recommendations").children.length === 0) return "Nothing fits these filters.";
  if (user) return `For user ${user}. Rate a movie to see your own.`;
  if (answer.ranked_by === "popularity") return "The most popular movies. Rate some for recommendations of your own.";
  return count === 1 ? "From your rating." : `From your ${count} ratings.`;
}

function item(movie) {
  const stars = `★ ${movie.predicted_rating.toFixed(1)}`;
  const range = movie.interval ? ` (likely ${movie.interval.map((end) => end.toFixed(1)).join(" to ")})` : "";
  const because = movie.because.map((reason) => `${reason.title} (${share(reason, movie)})`).join(", ");
  return element(
    "li",
    { class: "recommendation" },
    element("h3", {}, movie.title),
    element(
      "p",
      {},
      element("span", { class: "score", "aria-label": `predicted rating ${movie.predicted_rating}` , role: "img" }, stars),
      element("span", { class: "soft" }, `${range} · ${movie.genres.join(", ") || "no genre"}`),
    ),
    ...(because ? [element("p", { class: "because" }, `Because ${user ? "they" : "you"} rated ${because}`)] : []),
    element(
      "div",
      { class: "row" },
      button("Rate", `Rate ${movie.title}`, () => {
        ratings.add(movie.movie_id, movie.title);
      }),
      button("Similar", `Similar to ${movie.title}`, () => showSimilar(movie)),
    ),
  );
}

// What a rating contributes, of the whole score.
function share(reason, movie) {
  return `${Math.round((100 * reason.contribution) / movie.rank_score)}\u00a0%`;
}

function button(text, label, onclick) {
  return element("button", { type: "button", "aria-label": label, onclick }, text);
}

async function showSimilar(movie) {
  byId("similar-title").textContent = `Like ${movie.title}`;
  byId("similar-list").replaceChildren();
  tell(byId("similar-status"), "Looking …");
  byId("similar").showModal();
  try {
    const { similar } = await api.similar(movie.movie_id);
    tell(byId("similar-status"), similar.length ? "" : "Too few people have rated it to tell.");
    byId("similar-list").replaceChildren(
      ...similar.map(({ title, genres }) =>
        element("li", {}, title, element("span", { class: "soft" }, ` ${genres.join(", ")}`)),
      ),
    );
  } catch (error) {
    tell(byId("similar-status"), error.message, true);
  }
}

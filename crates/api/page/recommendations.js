// The list of recommendations: the visitor's, a known user's, or that of a link.

import * as address from "./address.js";
import * as api from "./api.js";
import { card, movieLink, reasons } from "./cards.js";
import { button, byId, element, tell } from "./elements.js";
import * as ratings from "./ratings.js";
import * as someone from "./someone.js";
import * as start from "./start.js";
import { problem, t } from "./strings.js";
import { name } from "./titles.js";
import { people } from "./together.js";

const PAGE = 10;
// Up to this rating a movie was not liked, and says nothing about what would be.
const DISLIKED = 2;
// A query string has a limit; a body has room for all.
const MOST_IN_ADDRESS = 200;
// The longest page of the API.
const MOST_SHOWN = 100;
let cursor;
let asked = new AbortController();
// The load that is under way.
let loading;
// The movies of the list, by id, as they were recommended.
export const shown = new Map();

// Whose list is shown: that of a `user`, of the ratings `given` by a link, of a `group`, or the visitor's.
export function source() {
  const { user, ratings: link, together } = address.read();
  if (together && people().length > 1) return { group: people() };
  if (user) return { user };
  const given = ratings.parse(link);
  return given.length ? { given } : {};
}

// The ratings that predictions are made from.
export function counted() {
  return source().given ?? ratings.all();
}

// After a rating inside the list everything up to it stays where it is.
export async function refresh(rated) {
  asked.abort();
  asked = new AbortController();
  const list = byId("recommendations");
  const items = [...list.children];
  const kept = items.slice(0, 1 + items.findIndex((item) => item.dataset.movie === rated));
  const isKept = rated !== undefined && kept.length > 0 && list.contains(document.activeElement);
  cursor = undefined;
  heading();
  list.setAttribute("aria-busy", "true");
  if (items.length === 0) list.replaceChildren(...Array.from({ length: 6 }, () => element("li", { class: "card skeleton", "aria-hidden": "true" })));
  await load(asked.signal, (movies) => {
    const before = isKept ? kept : [];
    const ids = new Set(before.map((item) => item.dataset.movie));
    const after = movies.filter(({ movie_id }) => !ids.has(movie_id)).slice(0, Math.max(PAGE - before.length, 4));
    for (const item of items) if (!before.includes(item)) item.remove();
    for (const item of [...list.querySelectorAll(".skeleton")]) item.remove();
    list.append(...after.map(item));
  });
}

// A click while something is loaded asks for nothing: what it would ask for is under way, or no longer wanted.
export async function more() {
  if (loading) return;
  const list = byId("recommendations");
  const before = list.children.length;
  await load(asked.signal, (movies) => {
    const ids = new Set([...list.children].map(({ dataset }) => dataset.movie));
    list.append(...movies.filter(({ movie_id }) => !ids.has(movie_id)).map(item));
  });
  list.children[before]?.querySelector("h3 a")?.focus();
}

async function load(signal, place) {
  const { genre, from, to, varied } = address.read();
  const { user, given, group } = source();
  const rated = given ?? ratings.all();
  // Of what is most popular a part stands at the top already.
  const limit = user || group || rated.length || cursor ? PAGE : 2.5 * PAGE;
  const parameters = { limit, genre, yearFrom: from, yearTo: to, varied, cursor };
  const own = (loading = Symbol("load"));
  try {
    const exclude = ratings.hiddenIds();
    const answer = await (group ? api.recommendTogether(group, exclude, parameters, signal) : user
      ? api.recommendToUser(user, { ...parameters, exclude: exclude.slice(0, MOST_IN_ADDRESS).join(",") }, signal)
      : forMe(rated, exclude, parameters, signal));
    const atTop = new Set(limit > PAGE ? await start.ids() : []);
    signal.throwIfAborted();
    place(answer.recommendations.filter(({ movie_id }) => !atTop.has(movie_id)));
    cursor = answer.next_cursor;
    heading(answer.ranked_by);
    say(summary(answer, rated));
  } catch (error) {
    if (error.name === "AbortError") return;
    if (error.code === "stale_cursor") {
      // Another model has come meanwhile, whose list begins anew.
      await refresh();
      return;
    }
    fail(error);
  } finally {
    if (loading === own) loading = undefined;
  }
  byId("recommendations").removeAttribute("aria-busy");
  byId("more").hidden = !cursor;
}

// The server knows what somebody has rated, once it has been sent. Whoever has rated nothing gets what is popular.
async function forMe(rated, exclude, parameters, signal) {
  const me = ratings.user();
  if (!me || rated.length === 0 || source().given) return api.recommend(rated, exclude, parameters, signal);
  await someone.settled();
  return api.recommendToUser(me, parameters, signal);
}

// The list that was there stays, dimmed.
function fail(error) {
  for (const item of byId("recommendations").querySelectorAll(".skeleton")) item.remove();
  byId("recommendations").classList.add("old");
  cursor = undefined;
  tell(byId("status"), problem(error), true);
  byId("retry").hidden = false;
}

function say(text) {
  byId("recommendations").classList.remove("old");
  byId("retry").hidden = true;
  tell(byId("status"), text);
}

function heading(rankedBy) {
  const { user, given, group } = source();
  // Until there is an answer, a visitor without ratings is sure to get what is popular.
  const isPopular = (rankedBy ?? (ratings.count() ? "taste" : "popularity")) === "popularity";
  const own = t(isPopular ? "titlePopular" : "titleYours");
  tell(byId("recommendations-title"), group ? t("titleTogether") : user ? t("titleUser", { user }) : given ? t("titleLink") : own);
}

function summary(answer, rated) {
  const list = byId("recommendations");
  if (list.children.length === 0) return t("nothing");
  const { user, given, group } = source();
  if (group) return t("togetherDone", { n: group.length });
  if (user || given) return "";
  if (answer.ranked_by === "popularity") {
    return t(rated.length && rated.every(({ rating }) => rating <= DISLIKED) ? "noted" : "asPopular");
  }
  return t("fromRatings", { n: rated.length });
}

function item(movie) {
  shown.set(movie.movie_id, movie);
  const { user, given, group } = source();
  if (group) return card(movie, { more: [each(movie, group)], hide: true });
  const isOther = Boolean(user || given);
  const likely = movie.predicted_rating.toFixed(1);
  const predicted = element("p", { class: "score" }, element("span", { "aria-hidden": "true" }, `★ ${likely}`),
    element("span", { class: "sight" }, t(isOther ? "theirs" : "yours", { n: likely })));
  return card(movie, { more: [predicted, ...reasons(movie, isOther)], hide: true });
}

// What each of a group would give a movie.
function each(movie, group) {
  const said = group.map(({ name }, place) => element("li", {}, `${name}: `, element("b", {}, `★ ${movie.predicted_ratings[place].toFixed(1)}`)));
  return element("ul", { class: "each" }, ...said);
}

// Whose list it is, where it is not the visitor's own, and how to leave it.
export function banner() {
  const { user, given, group } = source();
  const whose = byId("whose");
  whose.hidden = !user && !given && !group;
  byId("explained").hidden = !whose.hidden;
  if (whose.hidden) return;
  const leave = () => address.open({ user: "", ratings: "", together: "" });
  const take = async () => {
    const added = ratings.add(given);
    leave();
    tell(byId("status"), t("added", { n: added }));
  };
  whose.replaceChildren(
    element("p", {}, group ? t("bannerTogether", { names: group.map(({ name }) => name) }) : user ? t("bannerUser", { user }) : t("bannerLink", { n: given.length })),
    ...(given ? [button(t("addToMine"), { class: "main", onclick: take })] : []),
    ...(user && someone.canBecome(user) ? [button(t("rateAsThem"), { onclick: () => someone.become(user) })] : []),
    button(t("backToMine"), { onclick: leave }),
  );
  if (user) theirs(user);
}

// The ratings of a known user, below whose list it is.
async function theirs(user) {
  const place = element("details", { id: "theirs" });
  byId("whose").append(place);
  try {
    const { ratings: rated, count } = await api.ratingsOfUser(user, MOST_SHOWN);
    place.append(element("summary", {}, t("theirRatings", { n: count })),
      element("ul", { tabindex: 0, "aria-label": t("theirRatings", { n: count }) }, ...rated.map((movie) =>
        element("li", {}, element("b", { class: "score" }, `★ ${movie.rating.toFixed(1)}`), " ", movieLink(movie, {}, name(movie))))),
      ...(count > rated.length ? [element("p", { class: "soft" }, t("firstOf", { n: rated.length }))] : []));
    place.open = true;
  } catch {
    // The list, which fails too, says why.
    place.remove();
  }
}

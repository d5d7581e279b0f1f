// The visitor's own ratings, the newest first, and what can be done with them.

import * as api from "./api.js";
import { movieLink } from "./cards.js";
import { byId, element, tell } from "./elements.js";
import * as notice from "./notice.js";
import * as ratings from "./ratings.js";
import { stars } from "./stars.js";
import { t } from "./strings.js";
import { name } from "./titles.js";

export function start() {
  ratings.onChange((id, isElsewhere) => {
    render(id);
    // The tab that has changed them looks the names up; only one of them should write.
    if (id === undefined && !isElsewhere) look();
  });
  byId("clear").addEventListener("click", () => {
    const undo = ratings.clear();
    notice.show(t("removedAll"), undo);
  });
  byId("share").addEventListener("click", share);
  byId("bring").addEventListener("change", async ({ target }) => {
    const { bring } = await import("./files.js");
    if (target.files[0]) await bring(target.files[0]);
    target.value = "";
  });
  byId("take").addEventListener("click", async () => (await import("./files.js")).take());
  render();
  addEventListener("online", look);
}

// Looks up the movies whose names are not known yet.
export async function look() {
  const ids = ratings.nameless();
  if (ids.length === 0) return;
  try {
    ratings.name(await api.moviesById(ids));
  } catch {
    // The ratings are kept; the next time may tell.
  }
}

function render(id) {
  const list = byId("rated");
  const rated = ratings.all();
  const there = new Map([...list.children].map((item) => [item.dataset.movie, item]));
  // The stars of a movie that was there before are the same elements, so that the focus stays in them.
  const items = rated.map(({ id: of, movie }) => (of === id || id !== "" ? there.get(of) : undefined) ?? row(of, movie));
  const scrolled = there.size && list.scrollTop;
  for (const item of [...list.children]) if (!items.includes(item)) item.remove();
  items.forEach((item, place) => {
    if (list.children[place] !== item) list.insertBefore(item, list.children[place] ?? null);
  });
  // A list that scrolls starts anew with another movie. To ask a list where it is makes the browser lay it out.
  if (scrolled) list.scrollTop = id && there.has(id) ? scrolled : 0;
  list.hidden = rated.length === 0;
  byId("rated-actions").hidden = rated.length === 0;
  // Nobody takes back everything that the server has of a user by a single click.
  byId("clear").hidden = Boolean(ratings.user());
  tell(byId("rated-count"), String(rated.length || ""));
  tell(byId("rated-status"), status(rated.length), !ratings.user() && !ratings.areKept());
}

function status(count) {
  const user = ratings.user();
  if (user === api.ME) return t("keptForYou", { name: api.holder() });
  if (user) return t("keptFor", { user });
  if (count === 0) return t("noRatings");
  return ratings.areKept() ? t("kept") : t("notKept");
}

function row(id, movie) {
  const known = movie ?? { movie_id: id, title: t("nameless", { id }), genres: [] };
  return element("li", { "data-movie": id }, movieLink(known, {}, name(known)), stars(known));
}

async function share() {
  const link = ratings.link();
  try {
    await navigator.clipboard.writeText(link);
    tell(byId("share-status"), t("copied"));
  } catch {
    byId("share-status").replaceChildren(t("copyFailed"), element("input", { readonly: true, value: link, "aria-label": t("copyFailed") }));
  }
}

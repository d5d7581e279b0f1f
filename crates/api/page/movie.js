// A movie's own view: a dialog over the list, with an address of its own.

import * as address from "./address.js";
import * as api from "./api.js";
import { card, reasons } from "./cards.js";
import { button, byId, element, svg, tell } from "./elements.js";
import { poster } from "./poster.js";
import * as ratings from "./ratings.js";
import * as recommendations from "./recommendations.js";
import { settled } from "./someone.js";
import { stars } from "./stars.js";
import { genres, problem, t } from "./strings.js";
import { name } from "./titles.js";

const SIMILAR = 8;
// Pages about a movie elsewhere, by the field of its id there.
const ELSEWHERE = {
  imdb_id: ["IMDb", (id) => `https://www.imdb.com/title/tt${id}/`],
  tmdb_id: ["TMDB", (id) => `https://www.themoviedb.org/movie/${id}`],
};
let open = "";

const dialog = byId("movie");
byId("movie-close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
dialog.addEventListener("close", () => {
  open = "";
  if (address.read().movie) address.close({ movie: "" });
});
ratings.onChange((id) => {
  // What others give tells what this one would get.
  if (open && id !== open) predict(open);
});

// Shows what the address asks for.
export function follow() {
  const { movie } = address.read();
  if (movie === open) return;
  open = movie;
  if (!movie) {
    dialog.close();
    return;
  }
  if (!dialog.open) dialog.showModal();
  load(movie);
}

async function load(id) {
  const body = byId("movie-body");
  body.replaceChildren();
  tell(byId("movie-title"), " ");
  tell(byId("movie-status"), t("looking"));
  try {
    const answer = await api.similar(id, SIMILAR).catch((error) => {
      if (error.code !== "not_supported") throw error;
      return api.movie(id).then((movie) => ({ movie, similar: [] }));
    });
    if (open !== id) return;
    tell(byId("movie-status"), "");
    show(answer);
    explain();
    dialog.scrollTop = 0;
    predict(id);
  } catch (error) {
    if (open !== id) return;
    tell(byId("movie-status"), problem(error), true);
    body.replaceChildren(button(t("retry"), { onclick: () => load(id) }));
  }
}

function show({ movie, similar }) {
  const { original_title: original } = movie;
  tell(byId("movie-title"), name(movie));
  const facts = [movie.year, genres(movie.genres)].filter(Boolean).join(" · ");
  byId("movie-body").replaceChildren(
    element("div", { class: "movie" }, poster(movie), element("div", {},
      ...(original ? [element("p", { class: "original" }, t("originally", { title: original }))] : []),
      element("p", { class: "soft" }, facts),
      element("div", { id: "predicted" }),
      element("div", { id: "why" }),
      element("p", { class: "soft" }, t("yourRating")),
      stars(movie),
      ...(movie.rating_count === undefined ? [] : [element("p", { class: "soft" }, t("ratedBy", { n: movie.rating_count }))]),
      ...(movie.rating_histogram && movie.rating_count ? [histogram(movie.rating_histogram)] : []),
      ...elsewhere(movie))),
    element("h3", {}, t("similar")),
    ...(similar.length ? [element("ul", { class: "cards" }, ...similar.map((one) => card(one, { level: "h4" })))] : [element("p", {}, t("noneSimilar"))]),
  );
}

// Why it is recommended, if the list, which may come later, has it.
export function explain() {
  const why = open && recommendations.shown.get(open);
  if (why && byId("why")?.childElementCount === 0) byId("why").append(...reasons(why, Boolean(recommendations.source().user)));
}

function elsewhere(movie) {
  const known = Object.entries(ELSEWHERE).filter(([field]) => movie[field]);
  if (known.length === 0) return [];
  const links = known.map(([field, [place, at]]) =>
    element("a", { href: at(movie[field]), target: "_blank", rel: "noopener noreferrer" }, t("at", { place })));
  return [element("p", { class: "row elsewhere" }, ...links)];
}

// How often each rating was given, in ten steps.
function histogram(counts) {
  const most = Math.max(...counts);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const told = counts.map((count, step) => `${t("stars", { n: (step + 1) / 2 })}: ${t("percent", { n: Math.round((100 * count) / total) })}`);
  return svg("svg", { class: "histogram", viewBox: "0 0 300 78", role: "img", "aria-label": told.join(", ") },
    ...counts.flatMap((count, step) => {
      const height = Math.max(1, (60 * count) / most);
      return [
        svg("rect", { x: step * 30 + 2, y: 60 - height, width: 26, height }),
        ...(step % 2 ? [svg("text", { x: step * 30 + 15, y: 75, "text-anchor": "middle" }, String((step + 1) / 2))] : []),
      ];
    }));
}

async function predict(id) {
  try {
    const { user } = recommendations.source();
    const { given } = recommendations.source();
    const me = given || ratings.count() === 0 ? "" : ratings.user();
    if (me) await settled();
    const answer = await api.predict(id, user || me, recommendations.counted());
    if (open === id) byId("predicted")?.replaceChildren(...bar(answer, Boolean(user)));
  } catch {
    // The view is of use without.
  }
}

// The predicted rating as a mark on a bar from half a star to five, and where it lies most likely as a band.
function bar({ predicted_rating: rating, interval }, isOther) {
  const at = (value) => ((value - 0.5) / 4.5) * 300;
  const said = t(isOther ? "theirs" : "yours", { n: rating.toFixed(1) });
  const range = interval ? t("range", { low: interval[0].toFixed(1), high: interval[1].toFixed(1) }) : "";
  return [
    element("p", { class: "score" }, `★ ${said}`, ...(range ? [element("span", { class: "soft" }, `, ${range}`)] : [])),
    svg("svg", { class: "bar", viewBox: "-8 0 316 30", "aria-hidden": "true" },
      svg("line", { class: "scale", x1: 0, y1: 12, x2: 300, y2: 12 }),
      ...(interval ? [svg("line", { class: "band", x1: at(interval[0]), y1: 12, x2: at(interval[1]), y2: 12 })] : []),
      svg("circle", { class: "mark", cx: at(rating), cy: 12, r: 7 }),
      ...[1, 2, 3, 4, 5].map((value) => svg("text", { x: at(value), y: 29, "text-anchor": "middle" }, String(value)))),
  ];
}

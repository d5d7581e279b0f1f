// A movie in a list: poster, title, what is predicted and why, stars.

import * as address from "./address.js";
import { button, element } from "./elements.js";
import { poster } from "./poster.js";
import * as ratings from "./ratings.js";
import { stars } from "./stars.js";
import { genres, t } from "./strings.js";
import { name as nameOf, spoken } from "./titles.js";

// A link to a movie's view; it opens over the list, and in a new tab by itself.
export function movieLink(movie, attributes, ...children) {
  const onclick = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    address.open({ movie: movie.movie_id });
  };
  return element("a", { href: `#${new URLSearchParams({ movie: movie.movie_id })}`, ...attributes, onclick }, ...children);
}

// `more` stands below the facts; `hide`: whether it can be hidden; `level`: the level of its heading.
export function card(movie, { more = [], hide, level = "h3" } = {}) {
  const name = nameOf(movie);
  const facts = [movie.year, genres(movie.genres)].filter(Boolean).join(" · ");
  const item = element(
    "li",
    { class: "card", "data-movie": movie.movie_id },
    movieLink(movie, { class: "picture", tabindex: -1, "aria-hidden": "true" }, poster(movie)),
    element("div", { class: "about" },
      element(level, {}, movieLink(movie, {}, name)),
      ...(movie.original_title ? [element("p", { class: "original" }, movie.original_title)] : []),
      element("p", { class: "soft" }, facts),
      ...more),
    element("div", { class: "actions" }, stars(movie),
      ...(hide ? [button(t("notForMe"), { class: "plain", "aria-label": t("notForMeTitle", { title: name }), onclick: () => hidden(item, movie, name) })] : [])),
  );
  return item;
}

// The place stays, so that nothing moves below the finger.
function hidden(item, movie, name) {
  const were = [...item.childNodes];
  const undo = button(t("undo"), {
    onclick: () => {
      ratings.show(movie.movie_id);
      item.classList.remove("gone");
      item.replaceChildren(...were);
      item.querySelector(".plain").focus({ preventScroll: true });
    },
  });
  item.classList.add("gone");
  item.replaceChildren(element("p", { role: "status" }, t("hidden", { title: name })), undo);
  undo.focus({ preventScroll: true });
  ratings.hide(movie);
}

// "Because you loved The Empire Strikes Back", and on demand what each rating contributes.
export function reasons(movie, isOther) {
  const [first] = movie.because;
  if (!first) return [];
  const feeling = first.rating >= 4.5 ? "loved" : first.rating >= 3.5 ? "liked" : "rated";
  const sentence = t(isOther ? "becauseThey" : "becauseYou", { feeling, title: spoken(first) });
  if (movie.because.length === 1) return [element("p", { class: "because" }, sentence)];
  const share = (part) => t("percent", { n: Math.round((100 * part) / movie.rank_score) });
  const contributions = movie.because.map((reason) => element("li", {}, `${spoken(reason)}: ${share(reason.contribution)}`));
  const rest = movie.other_contributions;
  if (Math.abs(rest) >= movie.rank_score / 200) contributions.push(element("li", {}, `${t("otherRatings")}: ${share(rest)}`));
  return [element("details", { class: "because" }, element("summary", {}, sentence), element("ul", {}, ...contributions))];
}

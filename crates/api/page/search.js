// The search field, and below it the movies found, each with its stars.

import * as api from "./api.js";
import { movieLink } from "./cards.js";
import { byId, element, tell, whenQuiet } from "./elements.js";
import { poster } from "./poster.js";
import { stars } from "./stars.js";
import { problem, t } from "./strings.js";
import { name } from "./titles.js";

let asked = new AbortController();

export function start() {
  const input = byId("search");
  const list = byId("found");
  const close = () => {
    asked.abort();
    byId("found-box").hidden = true;
  };
  const look = whenQuiet(120, async () => {
    const query = input.value.trim();
    asked.abort();
    asked = new AbortController();
    if (!query) {
      close();
      return;
    }
    try {
      const { movies } = await api.search(query, asked.signal);
      list.replaceChildren(...movies.map(result));
      tell(byId("search-status"), movies.length ? t("found", { n: movies.length }) : t("notFound"));
    } catch (error) {
      if (error.name === "AbortError") return;
      tell(byId("search-status"), problem(error), true);
    }
    byId("found-box").hidden = false;
  });

  input.addEventListener("input", look);
  input.addEventListener("click", () => byId("found-box").hidden && look());
  byId("search-area").addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      close();
      input.focus();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp" || (event.key === "Enter" && event.target === input)) {
      // Up and down go from movie to movie; left and right are for the stars.
      const sliders = [...list.querySelectorAll("input")];
      const place = sliders.indexOf(event.target) + (event.key === "ArrowUp" ? -1 : 1);
      event.preventDefault();
      (place < 0 ? input : sliders[Math.min(place, sliders.length - 1)])?.focus();
    }
  });
  byId("search-area").addEventListener("focusout", ({ relatedTarget }) => {
    if (relatedTarget && !byId("search-area").contains(relatedTarget)) close();
  });
  document.addEventListener("pointerdown", ({ target }) => byId("search-area").contains(target) || close());
}

function result(movie) {
  return element("li", { "data-movie": movie.movie_id },
    movieLink(movie, { tabindex: -1, "aria-hidden": "true" }, poster(movie)),
    element("div", {}, movieLink(movie, {}, name(movie)), element("span", { class: "soft" }, [movie.year, movie.original_title].filter(Boolean).map((fact) => ` ${fact}`).join(" ·")), stars(movie)));
}

// The search field: a combobox as the ARIA authoring practices describe it.

import { byId, element, tell, whenQuiet } from "./elements.js";
import * as api from "./api.js";

let found = [];
let active = -1;
let asked = new AbortController();

export function start(choose) {
  const input = byId("search");
  const list = byId("found");

  const show = () => {
    list.replaceChildren(...found.map((movie, index) => option(movie, index, () => take(index))));
    list.hidden = found.length === 0;
    input.setAttribute("aria-expanded", String(found.length > 0));
    if (active >= 0) input.setAttribute("aria-activedescendant", `found-${active}`);
    else input.removeAttribute("aria-activedescendant");
  };

  const close = () => {
    asked.abort();
    found = [];
    active = -1;
    show();
  };

  const take = (index) => {
    const movie = found[index];
    input.value = "";
    close();
    tell(byId("search-status"), `${movie.title} is added; give it stars.`);
    choose(movie);
  };

  const look = whenQuiet(120, async () => {
    const query = input.value.trim();
    if (!query) {
      close();
      tell(byId("search-status"), "");
      return;
    }
    asked.abort();
    asked = new AbortController();
    try {
      found = (await api.search(query, asked.signal)).movies;
      active = -1;
      show();
      const count = found.length === 1 ? "1 movie" : `${found.length} movies`;
      tell(byId("search-status"), found.length ? `${count} found; choose with the arrow keys.` : "No such movie.");
    } catch (error) {
      if (error.name === "AbortError") return;
      close();
      tell(byId("search-status"), error.message, true);
    }
  });

  input.addEventListener("input", look);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      close();
    } else if (found.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const step = event.key === "ArrowDown" ? 1 : -1;
      active = (active + step + found.length) % found.length;
      show();
      event.preventDefault();
    } else if (found.length && event.key === "Enter") {
      take(Math.max(active, 0));
      event.preventDefault();
    }
  });
}

function option(movie, index, onclick) {
  const selected = String(index === active);
  return element("li", { role: "option", id: `found-${index}`, "aria-selected": selected, onclick }, movie.title);
}

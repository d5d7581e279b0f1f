// The movies that are not for the visitor, and how to have them recommended again.

import { movieLink } from "./cards.js";
import { button, byId, element, tell } from "./elements.js";
import * as ratings from "./ratings.js";
import { t } from "./strings.js";
import { name } from "./titles.js";

export function start() {
  ratings.onChange(render);
  render();
}

function render() {
  const movies = ratings.hiddenMovies();
  byId("hidden-box").hidden = movies.length === 0;
  tell(byId("hidden-count"), String(movies.length));
  byId("hidden").replaceChildren(...movies.map(({ id, movie }) => {
    const known = movie ?? { movie_id: id, title: t("nameless", { id }), genres: [] };
    const again = button(t("showAgain"), {
      class: "plain", "aria-label": t("showAgainTitle", { title: name(known) }),
      onclick: () => {
        ratings.show(id);
        (byId("hidden").querySelector("button") ?? byId("mine-title")).focus();
      },
    });
    return element("li", { class: "row", "data-movie": id }, movieLink(known, {}, name(known)), again);
  }));
}

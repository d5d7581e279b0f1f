// What happens when: the parts of the page, joined.

import { byId, element, tell, whenQuiet } from "./elements.js";
import * as api from "./api.js";
import * as key from "./key.js";
import * as ratings from "./ratings.js";
import * as recommendations from "./recommendations.js";
import * as search from "./search.js";

const refreshSoon = whenQuiet(60, () => recommendations.refresh());

search.start((movie) => ratings.add(movie.movie_id, movie.title));
ratings.onChange(() => {
  byId("user").value = "";
  recommendations.showUser("");
});

byId("clear").addEventListener("click", ratings.clear);
byId("share").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(ratings.link());
    tell(byId("share-status"), "The link is copied.");
  } catch {
    tell(byId("share-status"), "Copy the address of this page: it carries your ratings.");
  }
});
byId("user-form").addEventListener("submit", (event) => {
  event.preventDefault();
  recommendations.showUser(byId("user").value.trim());
});
byId("genre").addEventListener("change", refreshSoon);
byId("year-from").addEventListener("input", refreshSoon);
byId("year-to").addEventListener("input", refreshSoon);
byId("more").addEventListener("click", recommendations.more);
byId("similar-close").addEventListener("click", () => byId("similar").close());
addEventListener("hashchange", ratings.restore);

key.start(load);
load();

function load() {
  ratings.restore();
  describeModel();
  listGenres();
}

async function describeModel() {
  try {
    const { version, algorithm, counts, metrics } = await api.model();
    const accuracy = [
      metrics.hold_out && `RMSE ${metrics.hold_out.rmse.toFixed(3)}`,
      metrics.ranking && `NDCG@10 ${metrics.ranking.ndcg_at_10.toFixed(3)}`,
    ].filter(Boolean);
    const trained = `${counts.ratings.toLocaleString("en")} ratings of ${counts.rated_movies.toLocaleString("en")} movies`;
    tell(byId("model"), [`Model ${version} (${algorithm}), ${trained}`, ...accuracy].join(" · "));
  } catch (error) {
    tell(byId("model"), error.message, true);
  }
}

async function listGenres() {
  try {
    const { genres } = await api.genres();
    const all = byId("genre").options[0];
    byId("genre").replaceChildren(all, ...genres.map(({ genre }) => element("option", { value: genre }, genre)));
  } catch {
    // The recommendations, which fail too, say why.
  }
}

// What happens when: the parts of the page, joined.

import * as address from "./address.js";
import * as api from "./api.js";
import { byId, element, tell, whenQuiet } from "./elements.js";
import * as hidden from "./hidden.js";
import * as key from "./key.js";
import * as mine from "./mine.js";
import * as ratings from "./ratings.js";
import * as recommendations from "./recommendations.js";
import * as search from "./search.js";
import * as someone from "./someone.js";
import * as start from "./start.js";
import * as together from "./together.js";
import { genre, locale, problem, t, translatePage } from "./strings.js";

const FILTERS = { genre: "genre", from: "year-from", to: "year-to" };

const refreshSoon = whenQuiet(60, recommendations.refresh);
let asked;
let signing;

translatePage();
search.start();
mine.start();
hidden.start();
someone.start();
start.start();
ratings.onChange((id) => {
  // A name that was found is no rating.
  if (id !== "" && !ratings.isHidden(id)) refreshSoon(id);
});
address.onChange(follow);
byId("model-line").addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  address.open({ model: "yes" });
});

for (const [name, id] of Object.entries(FILTERS)) {
  byId(id).addEventListener("input", whenQuiet(name === "genre" ? 0 : 250, () => address.change({ [name]: byId(id).value })));
}
byId("varied").addEventListener("change", ({ target }) => address.change({ varied: target.checked ? "true" : "" }));
byId("user-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const user = byId("user").value.trim();
  if (user) address.open({ user, ratings: "" });
});
byId("more").addEventListener("click", recommendations.more);
byId("retry").addEventListener("click", load);
byId("skip").addEventListener("click", (event) => {
  // The address is the state of the page, which this does not change.
  event.preventDefault();
  byId("recommendations").focus();
});
addEventListener("online", load);
together.start();

key.start(load);
api.onTokenRequired(async (wasSent) => (await signIn()).ask(wasSent));
begin();

async function begin() {
  const hasReturned = new URLSearchParams(location.search).has("state");
  if (hasReturned || api.hasToken()) {
    const view = await signIn();
    if (hasReturned) await view.finish();
  }
  await load();
}

// Who needs no token does not load it.
function signIn() {
  signing ??= import("./signin.js").then((view) => {
    view.start(load);
    return view;
  });
  return signing;
}

async function load() {
  asked = undefined;
  start.load();
  await someone.resume();
  await follow();
  // What nobody has asked for yet waits for the list.
  import("./movie.js");
  mine.look();
  describeModel();
  listGenres();
}

// Shows what the address says; the list is asked for anew if something in it is another.
async function follow() {
  const { movie, model, ...state } = address.read();
  if (movie || byId("movie").open) import("./movie.js").then((view) => view.follow());
  if (model || byId("about-model").open) import("./model.js").then((view) => view.follow());
  const wanted = JSON.stringify(state);
  if (wanted === asked) return;
  asked = wanted;
  for (const [name, id] of Object.entries(FILTERS)) if (byId(id) !== document.activeElement) byId(id).value = state[name];
  byId("varied").checked = Boolean(state.varied);
  byId("filters").open ||= Boolean(state.genre || state.from || state.to || state.varied);
  byId("user").value = state.user;
  recommendations.banner();
  await recommendations.refresh();
  if (movie) import("./movie.js").then((view) => view.explain());
}

async function describeModel() {
  try {
    const { version, algorithm, counts, metrics, keeps_ratings: keepsRatings } = await api.model();
    someone.offer(Boolean(keepsRatings));
    const accuracy = [
      metrics.hold_out && `RMSE ${metrics.hold_out.rmse.toFixed(3)}`,
      metrics.ranking && `NDCG@10 ${metrics.ranking.ndcg_at_10.toFixed(3)}`,
    ].filter(Boolean);
    const [rated, movies] = [counts.ratings, counts.rated_movies].map((count) => count.toLocaleString(locale));
    tell(byId("model-line"), [t("model", { version, algorithm, ratings: rated, movies }), ...accuracy].join(" · "));
  } catch (error) {
    tell(byId("model-line"), problem(error), true);
  }
}

async function listGenres() {
  try {
    const { genres } = await api.genres();
    const all = byId("genre").options[0];
    byId("genre").replaceChildren(all, ...genres.map(({ genre: name }) => element("option", { value: name }, genre(name))));
    byId("genre").value = address.read().genre;
  } catch {
    // The recommendations, which fail too, say why.
  }
}

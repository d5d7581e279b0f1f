// What is live, and what was: the operator's view.

import * as address from "./address.js";
import * as api from "./api.js";
import { button, byId, element, svg, tell } from "./elements.js";
import { locale, problem, t } from "./strings.js";

// A shape for each status, so that colour is not needed to tell them apart.
const MARKS = { live: "●", replaced: "○", rolled_back: "↶", refused: "✕" };

const dialog = byId("about-model");
byId("about-model-close").addEventListener("click", () => dialog.close());
dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
dialog.addEventListener("close", () => address.read().model && address.close({ model: "" }));

// Shows what the address asks for.
export function follow() {
  const isWanted = Boolean(address.read().model);
  if (isWanted === dialog.open) return;
  if (!isWanted) {
    dialog.close();
    return;
  }
  dialog.showModal();
  load();
}

async function load() {
  const status = byId("about-model-status");
  const body = byId("about-model-body");
  body.replaceChildren();
  tell(status, t("wait"));
  try {
    const { serving, models } = await api.versions();
    tell(status, "");
    body.replaceChildren(...summary(models[0], serving), ...(models.length > 1 ? history(models) : []));
  } catch (error) {
    tell(status, problem(error), true);
    body.replaceChildren(button(t("retry"), { onclick: load }));
  }
}

function summary(live, serving) {
  const { figures } = live;
  const said = live.since ? t("liveSince", { version: live.version, since: moment(live.since) }) : t("answersHere", { version: live.version });
  return [
    element("p", {}, said, ...(figures ? [" ", t("trainedBy", { algorithm: figures.algorithm, at: moment(figures.trained_at) })] : [])),
    ...(serving === live.version ? [] : [element("p", { class: "error" }, t("stillAnswers", { version: serving }))]),
    ...(figures ? [tiles(figures)] : [element("p", {}, t("noFigures"))]),
  ];
}

function tiles({ rmse, ndcg_at_10: ndcg, interval_coverage: coverage, counts }) {
  const tile = (value, name, help) => element("div", {}, element("dt", {}, name), element("dd", {}, element("b", {}, value), element("span", { class: "soft" }, help)));
  return element("dl", { class: "tiles" },
    tile(rounded(rmse), "RMSE", t("rmseHelp")),
    tile(rounded(ndcg), "NDCG@10", t("ndcgHelp")),
    ...(typeof coverage === "number" ? [tile(t("percent", { n: (100 * coverage).toFixed(1) }), t("intervals"), t("intervalsHelp"))] : []),
    tile(number(counts.ratings), t("ratings"), t("ratingsHelp", { movies: number(counts.rated_movies), users: number(counts.users) })));
}

function history(models) {
  return [
    element("h3", {}, t("versions")),
    ...chart(models.filter(({ figures }) => typeof figures?.rmse === "number")),
    element("div", { class: "wide", tabindex: 0, role: "region", "aria-label": t("versions") },
      element("table", {},
        element("thead", {}, element("tr", {}, ...[t("version"), "RMSE", "NDCG@10", t("ratings")].map((name) => element("th", { scope: "col" }, name)))),
        ...models.map(row))),
  ];
}

function row({ version, status, since, figures, reasons = [] }) {
  const cells = [rounded(figures?.rmse), rounded(figures?.ndcg_at_10), figures ? number(figures.counts.ratings) : "–"];
  return element("tbody", { class: status },
    element("tr", {},
      element("th", { scope: "row" }, element("b", {}, `${MARKS[status]} ${t("status")[status]}`), element("code", {}, version), element("span", { class: "soft" }, since ? moment(since) : "")),
      ...cells.map((text) => element("td", {}, text))),
    ...reasons.map((reason) => element("tr", {}, element("td", { colspan: 4, class: "soft" }, reason))));
}

// The error of each model, the oldest on the left.
function chart(models) {
  if (models.length < 2) return [];
  const ordered = models.toSorted((one, other) => (one.figures.trained_at < other.figures.trained_at ? -1 : 1));
  const errors = ordered.map(({ figures }) => figures.rmse);
  const [low, high] = [Math.min(...errors), Math.max(...errors)];
  const place = ({ figures }, at) => [70 + (at * 310) / (ordered.length - 1), high === low ? 40 : 66 - (52 * (figures.rmse - low)) / (high - low)];
  const told = ordered.map(({ version, status, figures }) => `${version}, ${t("status")[status]}: ${rounded(figures.rmse)}`);
  const kept = ordered.map((model, at) => [model, place(model, at)]).filter(([{ status }]) => status !== "refused");
  return [svg("svg", { class: "errors", viewBox: "0 0 400 84", role: "img", "aria-label": `RMSE. ${told.join("; ")}` },
    svg("polyline", { points: kept.map(([, point]) => point.join()).join(" ") }),
    ...(high === low ? [] : [svg("text", { x: 0, y: 18 }, rounded(high))]),
    svg("text", { x: 0, y: high === low ? 44 : 70 }, rounded(low)),
    ...ordered.map((model, at) => {
      const [x, y] = place(model, at);
      if (model.status === "refused") return svg("path", { class: "cross", d: `M${x - 5} ${y - 5}l10 10m0-10l-10 10` });
      return svg("circle", { class: model.status, cx: x, cy: y, r: model.status === "live" ? 7 : 5 });
    }))];
}

const rounded = (figure) => (typeof figure === "number" ? figure.toFixed(3) : "–");
const number = (count) => count.toLocaleString(locale);
const moment = (time) => new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" }).format(new Date(time));

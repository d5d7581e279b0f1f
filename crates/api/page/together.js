// Several people, one list: who they are. Their list is shown where recommendations are.

import * as address from "./address.js";
import { button, byId, element, tell } from "./elements.js";
import * as ratings from "./ratings.js";
import { t } from "./strings.js";

const MOST = 6;

export function start() {
  byId("person-form").addEventListener("submit", (event) => {
    event.preventDefault();
    add(byId("person").value.trim(), byId("person-link").value.trim());
  });
  byId("together-ask").addEventListener("click", () => {
    const count = people().length;
    if (count < 2 || count > MOST) tell(byId("together-status"), t("needTwo"), true);
    else address.open({ together: String(count), user: "", ratings: "" });
  });
  ratings.onChange(render);
  render();
}

// The visitor, if there are ratings, and the others.
export function people() {
  const own = ratings.all();
  const others = ratings.others().map(({ name, ratings: pairs }) => ({ name, ratings: pairs.map(([id, rating]) => ({ id, rating })) }));
  return [...(own.length ? [{ name: t("you"), ratings: own }] : []), ...others];
}

function add(name, link) {
  const status = byId("together-status");
  const given = link ? ratings.parse(new URLSearchParams(link.split("#")[1] ?? "").get("ratings") ?? "") : ratings.all();
  if (given.length === 0) {
    tell(status, t("notALink"), true);
    return;
  }
  const others = ratings.others();
  if (others.length >= MOST) {
    tell(status, t("needTwo"), true);
    return;
  }
  const person = { name: name || t("personName", { n: others.length + 2 }), ratings: given.map(({ id, rating }) => [id, rating]) };
  ratings.setOthers([...others, person]);
  byId("person-form").reset();
  tell(status, "");
  render();
}

function render() {
  const own = ratings.count();
  byId("people").replaceChildren(
    ...(own ? [element("li", {}, t("personRatings", { name: t("you"), n: own }))] : []),
    ...ratings.others().map(({ name, ratings: pairs }, place) => element("li", { class: "row" },
      t("personRatings", { name, n: pairs.length }),
      button("×", {
        class: "plain", "aria-label": t("removePerson", { name }),
        onclick: () => {
          ratings.setOthers(ratings.others().filter((_, at) => at !== place));
          render();
          byId("person").focus();
        },
      }))),
  );
}

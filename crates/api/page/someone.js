// Whom the visitor rates as: nobody in particular, whose ratings live in this browser, or a user of the server.

import * as address from "./address.js";
import * as api from "./api.js";
import { byId, tell } from "./elements.js";
import * as notice from "./notice.js";
import * as ratings from "./ratings.js";
import { problem, t } from "./strings.js";

const KEY = "matinee-user";

// Who was refused for want of a token; another attempt follows when the visitor has given one.
let wanted = "";
// By movie, what is still to be sent. Of several changes of one movie only the last is sent.
const waiting = new Map();
let sending = Promise.resolve();
let isPossible = false;

export function start() {
  byId("someone-form").addEventListener("submit", async (event) => {
    event.preventDefault();
    await become(byId("someone").value.trim());
  });
  byId("visitor").addEventListener("click", () => {
    leave();
    byId("someone-box").querySelector("summary").focus();
  });
  ratings.onChange(render);
  render();
}

// Whether the server keeps ratings, so that the visitor can be somebody.
export function offer(keepsRatings) {
  isPossible = keepsRatings;
  if (!isPossible && ratings.user()) leave();
  render();
}

export function canBecome(user) {
  return isPossible && user !== ratings.user();
}

// Whoever was somebody when the page was left still is, and whoever has signed in rates as this person.
export async function resume() {
  if (wanted) return become(wanted);
  const user = api.holder() === undefined ? stored() : await own();
  if (user && user !== ratings.user()) await adopt(user);
  if (!user && ratings.user() === api.ME) leave();
}

// The user of the token, if the server keeps ratings.
async function own() {
  const { keeps_ratings: keepsRatings } = await api.model().catch(() => ({}));
  return keepsRatings ? api.ME : "";
}

export async function become(user) {
  wanted = user;
  if (!user || !(await adopt(user))) return;
  wanted = "";
  byId("someone-form").reset();
  const { user: other, ratings: link, together } = address.read();
  if (other || link || together) address.open({ user: "", ratings: "", together: "" });
}

// Whether the server tells what the user has rated.
async function adopt(user) {
  const status = byId("someone-status");
  tell(status, t("wait"));
  try {
    await sending;
    const kept = await api.everythingOfUser(user);
    ratings.keepOnServer({ user, ...kept, send: (changes) => send(user, changes) });
    // The token says who its holder is.
    if (user !== api.ME) store(user);
    tell(status, "");
    return true;
  } catch (error) {
    if (error.code !== "unauthorized") wanted = "";
    byId("someone-box").hidden = false;
    byId("someone-box").open = true;
    tell(status, problem(error), true);
    return false;
  }
}

function leave() {
  wanted = "";
  store("");
  tell(byId("someone-status"), "");
  ratings.keepHere();
}

// Everything that was rated so far is kept.
export function settled() {
  return sending;
}

// `changes`: `{ id, rating }`, a rating of 0 being removed, or `{ id, isHidden }`.
function send(user, changes) {
  const rated = changes.filter(({ rating }) => rating > 0);
  if (rated.length > 1) {
    queue(Symbol("several"), () => api.rateSeveral(user, rated), rated);
    changes = changes.filter((change) => !rated.includes(change));
  }
  for (const change of changes) {
    const { id, rating, isHidden } = change;
    const request = () => (isHidden !== undefined ? api.hide(user, id, isHidden) : rating ? api.rate(user, id, rating) : api.unrate(user, id));
    queue(`${isHidden === undefined} ${id}`, request, [change]);
  }
}

function queue(key, request, changes) {
  // What has not been sent yet is nowhere to go back to.
  const earlier = waiting.get(key)?.changes;
  waiting.set(key, { request, changes: earlier ? [{ ...changes[0], was: earlier[0].was }] : changes });
  sending = sending.then(async () => {
    const last = waiting.get(key);
    waiting.delete(key);
    try {
      await last?.request();
    } catch (error) {
      ratings.revert(last.changes);
      notice.show(t("notSent", { why: problem(error) }));
    }
  });
}

function render() {
  const user = ratings.user();
  byId("visitor").hidden = !user;
  byId("someone-box").hidden = !isPossible && !user;
}

function stored() {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

function store(user) {
  try {
    if (user) localStorage.setItem(KEY, user);
    else localStorage.removeItem(KEY);
  } catch {
    // A browser that stores nothing forgets it when the page is left.
  }
}

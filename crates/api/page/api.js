// The API beside this page: every path is relative, so that it works at a root and under a stage.

const KEY = "matinee-api-key";
const TOKEN = "matinee-token";

// What a user with a token is called in paths and bodies.
export const ME = "me";

export class ApiError extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

let refused = () => {};

// Calls back when the API asks for a key: with whether one was sent.
export function onKeyRequired(callback) {
  refused = callback;
}

let tokenRefused = () => {};

// Calls back when the API asks who the visitor is: with whether a token was sent.
export function onTokenRequired(callback) {
  tokenRefused = callback;
}

let key = stored(() => localStorage, KEY);
let token = stored(() => sessionStorage, TOKEN);

// The key stays on this device, and is sent to the API beside this page alone.
export function useKey(given) {
  key = given || null;
  store(() => localStorage, KEY, key);
}

export function hasKey() {
  return key !== null;
}

// The token stays in this tab until it is closed, and is sent to the API beside this page alone.
export function useToken(given) {
  token = given || null;
  store(() => sessionStorage, TOKEN, token);
}

export function hasToken() {
  return token !== null;
}

// The name of the token's holder; nothing if there is no token, or one that says nothing about its holder.
export function holder() {
  try {
    const claims = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(claims, (sign) => sign.charCodeAt(0));
    const { email, "cognito:username": name, sub } = JSON.parse(new TextDecoder().decode(bytes));
    return email ?? name ?? sub;
  } catch {
    return undefined;
  }
}

function stored(storage, name) {
  try {
    return storage().getItem(name);
  } catch {
    return null;
  }
}

function store(storage, name, value) {
  try {
    if (value === null) storage().removeItem(name);
    else storage().setItem(name, value);
  } catch {
    // A browser that stores nothing keeps it until the page is left.
  }
}

async function ask(path, options = {}) {
  const sent = { key, token };
  const headers = {};
  if (key !== null) headers["x-api-key"] = key;
  if (token !== null) headers.authorization = `Bearer ${token}`;
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("", "unreachable");
  }
  if (response.status === 204) return undefined;
  let body;
  try {
    body = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(`status ${response.status}`, "unreadable");
  }
  if (!response.ok) throw failure(response.status, body, sent);
  return body;
}

function failure(status, body, sent) {
  let code = body.error?.code;
  if (code === "api_key_required") refused(sent.key !== null);
  // What was sent with another token says nothing about this one.
  if (code === "unauthorized" && sent.token === token) tokenRefused(token !== null);
  if (code === "access_denied" && sent.token !== null) code = "other_user";
  return new ApiError(body.error?.message ?? body.message ?? `status ${status}`, code);
}

// A parameter may be a list, which is then there several times.
function withParameters(path, parameters) {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  const given = pairs.filter(([, value]) => value !== "" && value !== undefined);
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

// Where people sign in: `{ domain, client_id }`, or nothing of them.
export const signInPage = () => ask("page/sign-in.json");

export const model = () => ask("model");
export const versions = () => ask("model/versions");
export const genres = () => ask("genres");
export const movie = (id) => ask(`movies/${encodeURIComponent(id)}`);
export const similar = (id, limit) => ask(withParameters(`movies/${encodeURIComponent(id)}/similar`, { limit }));
export const start = () => ask("start");

// The most ids of one request, and the longest query string that the API reads.
const MAX_IDS = 100;
const MAX_QUERY = 8000;

// One request for up to 100 movies, but for very long ids.
export async function moviesById(ids) {
  const found = [];
  let rest = ids;
  while (rest.length > 0) {
    const length = (count) => new URLSearchParams(rest.slice(0, count).map((id) => ["ids", id])).toString().length;
    let count = Math.min(MAX_IDS, rest.length);
    while (count > 1 && length(count) > MAX_QUERY) count -= 1;
    const { movies } = await ask(withParameters("movies", { ids: rest.slice(0, count) }));
    found.push(...movies);
    rest = rest.slice(count);
  }
  return found;
}

export function search(query, signal) {
  return ask(withParameters("movies", { query, limit: 8 }), { signal });
}

const post = (path, parameters, body, signal) =>
  ask(withParameters(path, parameters), { method: "POST", body: JSON.stringify(body), signal });

export const pairs = (ratings) => ratings.map(({ id, rating }) => ({ movieId: id, rating }));

export function recommend(ratings, exclude, parameters, signal) {
  return post("recommendations", parameters, { ratings: pairs(ratings), exclude }, signal);
}

export function recommendToUser(user, parameters, signal) {
  return ask(withParameters(`users/${encodeURIComponent(user)}/recommendations`, parameters), { signal });
}

// What a known user has rated, the highest ratings first.
export function ratingsOfUser(user, limit, signal) {
  return ask(withParameters(`${userPath(user)}/ratings`, { limit, order: "highest" }), { signal });
}

// Everything that a user has rated and hidden: `{ rated, hidden }`, the newest first. Whoever has rated nothing is new.
export async function everythingOfUser(user) {
  const rated = [];
  let page = {};
  do {
    const path = withParameters(`${userPath(user)}/ratings`, { limit: 100, order: "newest", cursor: page.next_cursor });
    page = await ask(path).catch((error) => {
      if (error.code !== "unknown_user") throw error;
      return { ratings: [] };
    });
    rated.push(...page.ratings);
  } while (page.next_cursor);
  return { rated, hidden: page.hidden_movies ?? [] };
}

const userPath = (user) => `users/${encodeURIComponent(user)}`;
const markPath = (user, kind, id) => `${userPath(user)}/${kind}/${encodeURIComponent(id)}`;

export const rate = (user, id, rating) => ask(markPath(user, "ratings", id), { method: "PUT", body: JSON.stringify({ rating }) });
export const unrate = (user, id) => ask(markPath(user, "ratings", id), { method: "DELETE" });
export const hide = (user, id, isHidden) => ask(markPath(user, "hidden", id), { method: isHidden ? "PUT" : "DELETE" });

// The most ratings of one request.
const MAX_KEPT = 1000;

export async function rateSeveral(user, given) {
  for (let from = 0; from < given.length; from += MAX_KEPT) {
    const some = given.slice(from, from + MAX_KEPT).map(({ id, rating }) => ({ userId: user, movieId: id, rating }));
    const { ratings } = await post("ratings", {}, { ratings: some });
    const refused = ratings.find(({ error }) => error);
    if (refused) throw new ApiError(refused.error.message, refused.error.code);
  }
}

// One list for several people: `[{ name, ratings }]`.
export function recommendTogether(people, exclude, parameters, signal) {
  const members = people.map(({ ratings }) => ({ ratings: pairs(ratings) }));
  return post("recommendations/together", parameters, { people: members, exclude }, signal);
}

// What a user of the model, or whoever has these ratings, would rate a movie.
export function predict(movieId, user, ratings) {
  return post("predict", {}, user ? { movieId, userId: user } : { movieId, ratings: pairs(ratings) });
}

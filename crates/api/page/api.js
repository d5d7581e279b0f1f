// The API beside this page: every path is relative, so that it works at a root and under a stage.

const KEY = "matinee-api-key";

// What an API answers that asks for a key, or for what a page does not have.
const SIGNED = ["signature_required", "signature_invalid", "access_denied"];

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

let key = storedKey();

// The key stays on this device, and is sent to the API beside this page alone.
export function useKey(given) {
  key = given || null;
  try {
    if (key === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, key);
  } catch {
    // A browser that stores nothing keeps it until the page is left.
  }
}

export function hasKey() {
  return key !== null;
}

function storedKey() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

async function ask(path, options = {}) {
  const sent = key;
  let response;
  try {
    response = await fetch(path, sent === null ? options : { ...options, headers: { "x-api-key": sent } });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The server cannot be reached. Check the connection and try again.");
  }
  let body;
  try {
    body = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(`The server answered with status ${response.status} and nothing to read.`);
  }
  if (!response.ok) throw failure(response.status, body, sent);
  return body;
}

function failure(status, body, sent) {
  const code = body.error?.code;
  if (code === "api_key_required") {
    refused(sent !== null);
    return new ApiError("The API asks for a key.", code);
  }
  if (SIGNED.includes(code)) {
    return new ApiError("The API takes signed requests alone (IAM), and a page cannot sign them.", code);
  }
  return new ApiError(body.error?.message ?? body.message ?? `status ${status}`, code);
}

// A parameter may be a list, which is then there several times.
function withParameters(path, parameters) {
  const pairs = Object.entries(parameters).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  const given = pairs.filter(([, value]) => value !== "" && value !== undefined);
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

export const model = () => ask("model");
export const genres = () => ask("genres");
export const similar = (id) => ask(`movies/${encodeURIComponent(id)}/similar`);

// As many requests as the API's longest query string asks for: one, but for very long ids.
export async function moviesById(ids) {
  const found = [];
  let rest = ids;
  while (rest.length > 0) {
    let count = 1;
    while (count < rest.length && new URLSearchParams(rest.slice(0, count + 1).map((id) => ["ids", id])).toString().length < 8000) {
      count += 1;
    }
    const { movies } = await ask(withParameters("movies", { ids: rest.slice(0, count) }));
    found.push(...movies);
    rest = rest.slice(count);
  }
  return found;
}

export function search(query, signal) {
  return ask(withParameters("movies", { query, limit: 8 }), { signal });
}

export function recommend(ratings, parameters, signal) {
  const body = { ratings: ratings.map(({ id, rating }) => ({ movieId: id, rating })) };
  return ask(withParameters("recommendations", parameters), { method: "POST", body: JSON.stringify(body), signal });
}

export function recommendToUser(user, parameters, signal) {
  return ask(withParameters(`users/${encodeURIComponent(user)}/recommendations`, parameters), { signal });
}

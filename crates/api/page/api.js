// The API beside this page: every path is relative, so that it works at a root and under a stage.

export class ApiError extends Error {}

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
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
  if (!response.ok) throw new ApiError(body.error?.message ?? body.message ?? `status ${response.status}`);
  return body;
}

function withParameters(path, parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== "" && value !== undefined);
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

export const model = () => ask("model");
export const genres = () => ask("genres");
export const movie = (id) => ask(`movies/${encodeURIComponent(id)}`);
export const similar = (id) => ask(`movies/${encodeURIComponent(id)}/similar`);

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

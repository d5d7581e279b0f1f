// The visitor's ratings: kept on the device, and carried by a link in the part of the address that no server sees.

const KEY = "matinee";
const MAX_ID = 256;

// By id: `{ rating, at, movie }`. A movie that could not be looked up yet keeps its rating.
let ratings = new Map();
// Movies that are not for the visitor, by id.
let hidden = new Map();
// Others on this device: `{ name, ratings: [[id, rating]] }`.
let people = [];
let isKept = true;
const listeners = [];

read();
// Another tab has changed them.
addEventListener("storage", (event) => {
  if (event.key !== KEY) return;
  read();
  changed(undefined, true);
});

// Calls back with the id of the movie whose rating changed, or nothing if more than one did, and with whether another
// tab has changed it.
export function onChange(callback) {
  listeners.push(callback);
}

// The ratings, the newest first.
export function all() {
  return [...ratings].map(([id, rated]) => ({ id, ...rated })).sort((a, b) => b.at - a.at);
}

export function count() {
  return ratings.size;
}

export function of(id) {
  return ratings.get(id)?.rating ?? 0;
}

export function rate(movie, rating) {
  change(movie.movie_id, () => {
    if (rating > 0) ratings.set(movie.movie_id, { rating, at: Date.now(), movie: facts(movie) });
    else ratings.delete(movie.movie_id);
  });
}

// Each of these gives back what undoes it.
export function remove(id) {
  const was = ratings.get(id);
  change(id, () => ratings.delete(id));
  return () => restore([[id, was]]);
}

export function clear() {
  const were = [...ratings];
  change(undefined, () => ratings.clear());
  return () => restore(were);
}

function restore(entries) {
  change(entries.length === 1 ? entries[0][0] : undefined, () => {
    for (const [id, rated] of entries) if (!ratings.has(id)) ratings.set(id, rated);
  });
}

export function hide(movie) {
  change(movie.movie_id, () => hidden.set(movie.movie_id, facts(movie)));
}

export function show(id) {
  change(id, () => hidden.delete(id));
}

export function hiddenIds() {
  return [...hidden.keys()];
}

export function isHidden(id) {
  return hidden.has(id);
}

export function others() {
  return people;
}

export function setOthers(changed) {
  reread();
  people = changed;
  write();
}

// Adds ratings from elsewhere, `[{ id, rating, movie }]`; one's own of the same movie stay.
export function add(given) {
  let at = Date.now() - given.length;
  return change(undefined, () => {
    const added = given.filter(({ id }) => !ratings.has(id));
    for (const { id, rating, movie } of added) ratings.set(id, { rating, at: (at += 1), movie });
    return added.length;
  });
}

export function nameless() {
  return [...ratings].filter(([, { movie }]) => !movie).map(([id]) => id);
}

export function name(movies) {
  change("", () => {
    for (const movie of movies) {
      const rated = ratings.get(movie.movie_id);
      if (rated) rated.movie = facts(movie);
    }
  });
}

// Whether this browser keeps anything.
export function areKept() {
  return isKept;
}

export function link(given = all()) {
  const pairs = given.map(({ id, rating }) => `${encodeURIComponent(id)}:${rating}`);
  return `${location.origin}${location.pathname}#${new URLSearchParams({ ratings: pairs.join(",") })}`;
}

// The ratings of a link, each movie once, the last one counting. A link may have been cut anywhere.
export function parse(text) {
  const given = new Map();
  for (const pair of text.split(",")) {
    const [id, rating] = pair.split(":");
    const value = Number(rating);
    const movie = decoded(id);
    if (movie && movie.length <= MAX_ID && isRating(value)) given.set(movie, value);
  }
  return [...given].map(([id, rating]) => ({ id, rating }));
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

function facts({ movie_id, title, display_title, original_title, genres, year }) {
  return { movie_id, title, display_title, original_title, genres, year };
}

// Changes what is kept now, which another tab may have written since.
function change(id, apply) {
  reread();
  const result = apply();
  write();
  changed(id);
  return result;
}

// What could not be written is only here.
function reread() {
  if (isKept) read();
}

function changed(id, isElsewhere = false) {
  for (const listener of listeners) listener(id, isElsewhere);
}

function read() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}") ?? {};
    ratings = new Map(entries(kept.ratings).filter(([, rated]) => isRating(rated?.rating)).map(([id, rated]) => [id, sound(rated)]));
    hidden = new Map(entries(kept.hidden));
    people = listed(kept.people).filter((person) => typeof person?.name === "string").map(({ name, ratings: pairs }) =>
      ({ name, ratings: entries(pairs).filter(([, rating]) => isRating(rating)) }));
  } catch {
    isKept = false;
  }
}

// What was kept may have been written by another release, or by hand: what is not sound is left out.
function listed(value) {
  return Array.isArray(value) ? value : [];
}

function entries(value) {
  return listed(value).filter((pair) => Array.isArray(pair) && typeof pair[0] === "string");
}

function isRating(value) {
  return typeof value === "number" && value >= 0.5 && value <= 5;
}

function sound({ rating, at, movie }) {
  return { rating, at: Number(at) || 0, movie: typeof movie?.title === "string" && Array.isArray(movie.genres) ? movie : undefined };
}

function write() {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ratings: [...ratings], hidden: [...hidden], people }));
    isKept = true;
  } catch {
    isKept = false;
  }
}

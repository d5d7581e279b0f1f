// The visitor's ratings: kept on the device, and carried by a link in the part of the address that no server sees. The
// ratings of somebody whom the server knows are kept there.

const KEY = "matinee";
const MAX_ID = 256;

// By id: `{ rating, at, movie }`. A movie that could not be looked up yet keeps its rating.
let ratings = new Map();
// Movies that are not for the visitor, by id.
let hidden = new Map();
// Others on this device: `{ name, ratings: [[id, rating]] }`.
let people = [];
let isKept = true;
// Who keeps them instead of this browser: `{ user, send }`.
let keeper = null;
const listeners = [];

read();
// Another tab has changed them.
addEventListener("storage", (event) => {
  if (event.key !== KEY || keeper) return;
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

// From now on these are the ratings, and the server keeps them. The visitor's own stay in the browser.
export function keepOnServer({ user: of, rated, hidden: ids, send }) {
  keeper = { user: of, send };
  // What the model was trained on has no time; it is older than the rest, and comes in its order.
  const entry = (movie, place) => [movie.movie_id, { rating: movie.rating, at: movie.timestamp * 1000 || -place, movie: facts(movie) }];
  ratings = new Map(rated.map(entry));
  hidden = new Map(ids.map((id) => [id, undefined]));
  changed();
}

export function keepHere() {
  keeper = null;
  ratings = new Map();
  hidden = new Map();
  read();
  changed();
}

// The user whose ratings these are; nothing if they are the visitor's.
export function user() {
  return keeper?.user ?? "";
}

// What could not be sent is as it was.
export function revert(changes) {
  if (!keeper) return;
  for (const { id, was, isHidden } of changes) {
    const marks = isHidden === undefined ? ratings : hidden;
    if (was === undefined) marks.delete(id);
    else marks.set(id, was.mark);
  }
  changed();
}

export function hiddenMovies() {
  return [...hidden].map(([id, movie]) => ({ id, movie }));
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
  if (!keeper) write();
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
  const rated = [...ratings].filter(([, { movie }]) => !movie);
  return [...rated, ...[...hidden].filter(([, movie]) => !movie)].map(([id]) => id);
}

export function name(movies) {
  change("", () => {
    for (const movie of movies) {
      const rated = ratings.get(movie.movie_id);
      if (rated) rated.movie = facts(movie);
      if (hidden.has(movie.movie_id)) hidden.set(movie.movie_id, facts(movie));
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
  const [rated, unwanted] = [new Map(ratings), new Map(hidden)];
  const result = apply();
  if (keeper) keeper.send([...differences(rated, ratings, ({ rating }) => rating, "rating"), ...differences(unwanted, hidden, () => true, "isHidden")]);
  else write();
  changed(id);
  return result;
}

// What is to be sent, with what was there before.
function differences(before, after, value, name) {
  const of = (marks, id) => (marks.has(id) ? value(marks.get(id)) : undefined);
  const ids = [...new Set([...before.keys(), ...after.keys()])].filter((id) => of(before, id) !== of(after, id));
  const none = name === "rating" ? 0 : false;
  return ids.map((id) => ({ id, [name]: of(after, id) ?? none, was: before.has(id) ? { mark: before.get(id) } : undefined }));
}

// What could not be written is only here.
function reread() {
  if (isKept && !keeper) read();
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

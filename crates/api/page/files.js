// Ratings from a file, read on the device, and into one.

import * as api from "./api.js";
import { byId, element, tell } from "./elements.js";
import * as ratings from "./ratings.js";
import { t } from "./strings.js";
import { name } from "./titles.js";

// How many movies are searched for at once.
const AT_ONCE = 6;

// The forms that are known, by their columns: how a line becomes a rating of 0.5 to 5.
const FORMS = [
  { columns: ["movieid", "rating"], read: (row) => ({ id: row.movieid, title: row.title, year: row.year, rating: Number(row.rating) }) },
  { columns: ["name", "year", "letterboxduri", "rating"], read: (row) => ({ title: row.name, year: row.year, rating: Number(row.rating) }) },
  { columns: ["const", "yourrating", "title", "year"], read: (row) => ({ title: row.title, year: row.year, rating: Number(row.yourrating) / 2 }) },
];

export async function bring(file) {
  const status = byId("bring-status");
  byId("bring-missing").replaceChildren();
  const rows = table(await file.text());
  const form = FORMS.find(({ columns }) => columns.every((column) => rows.length && column in rows[0]));
  if (!form) {
    tell(status, t("notAnExport"), true);
    return;
  }
  // A file of many people is not one's own: the first one's ratings are read.
  const own = rows.filter((row) => row.userid === rows[0].userid);
  const given = own.map(form.read).filter(({ rating }) => rating >= 0.5 && rating <= 5);
  try {
    const found = await matched(given, (done) => tell(status, t("reading", { done, all: given.length })));
    const missing = given.filter((_, place) => !found[place]);
    const added = given.flatMap(({ rating }, place) => (found[place] ? [{ id: found[place].movie_id, rating: Math.ceil(rating * 2) / 2, movie: found[place] }] : []));
    ratings.add(added);
    tell(status, t("imported", { n: added.length, all: given.length }));
    if (missing.length) {
      byId("bring-missing").replaceChildren(t("unmatched", { n: missing.length }), ...missing.map(({ id, title, year }) => element("li", {}, [title || id, year && `(${year})`].filter(Boolean).join(" "))));
    }
  } catch {
    tell(status, t("error").unreachable, true);
  }
}

// The movie of each rating: by its id, or else by title and year.
async function matched(given, progress) {
  const ids = [...new Set(given.map(({ id }) => id).filter(Boolean))];
  const byTheirId = new Map((await api.moviesById(ids)).map((movie) => [movie.movie_id, movie]));
  const found = given.map(({ id }) => byTheirId.get(id));
  const rest = [...given.keys()].filter((place) => !found[place] && given[place].title && !given[place].id);
  let done = given.length - rest.length;
  const worker = async () => {
    while (rest.length) {
      const place = rest.shift();
      found[place] = await search(given[place]);
      progress((done += 1));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return found;
}

async function search({ title, year }) {
  const { movies } = await api.search([...title].slice(0, 60).join(""));
  const sought = plain(title);
  return movies.find((movie) => {
    const names = [name(movie), movie.original_title ?? "", ...(movie.original_title ?? "").split(", ")];
    const isSame = names.some((one) => plain(one) === sought);
    return isSame && (!year || !movie.year || Math.abs(movie.year - Number(year)) <= 1);
  });
}

function plain(title) {
  return title.normalize("NFKD").toLowerCase().replace(/&/g, "and").replace(/^(the|an?) /, "").replace(/[^\p{L}\p{N}]/gu, "");
}

export function take() {
  const quoted = (text) => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = ratings.all().map(({ id, rating, at, movie }) =>
    [id, movie ? name(movie) : "", movie?.year ?? "", rating, new Date(at).toISOString().slice(0, 10)].map(String).map(quoted).join(","));
  const url = URL.createObjectURL(new Blob([["movieId,Title,Year,Rating,WatchedDate", ...lines, ""].join("\n")], { type: "text/csv" }));
  element("a", { href: url, download: "matinee-ratings.csv" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

// The rows of a CSV file by the names of its columns, in small letters without anything between them.
function table(text) {
  const cells = [[""]];
  let isQuoted = false;
  for (let place = text.charCodeAt(0) === 0xfeff ? 1 : 0; place < text.length; place += 1) {
    const letter = text[place];
    const row = cells.at(-1);
    if (isQuoted && letter === '"' && text[place + 1] === '"') row[row.length - 1] += text[(place += 1)];
    else if (letter === '"') isQuoted = !isQuoted;
    else if (letter === "," && !isQuoted) row.push("");
    else if (letter === "\n" && !isQuoted) cells.push([""]);
    else if (letter !== "\r") row[row.length - 1] += letter;
  }
  const [head, ...rows] = cells.filter((row) => row.length > 1);
  const names = (head ?? []).map((column) => column.toLowerCase().replace(/[^a-z]/g, ""));
  return rows.map((row) => Object.fromEntries(names.map((column, place) => [column, (row[place] ?? "").trim()])));
}

// Titles as people write them: "Matrix, The (1999)" is "The Matrix".

const ARTICLE = /^(.+), (the|an?|l[aeo]s?|les|l'|el|il|gli|i|der|die|das|den|det|de|het|os?|une?|una)$/i;
// Of "Star Wars: Episode V - The Empire Strikes Back" people say the end.
const EPISODE = /^.+: Episode [IVX\d]+ - (?=\S)/;

// `{ name, original }`: the name, and what else the title has in parentheses at its end.
export function parts(movie) {
  if (movie.display_title) return { name: movie.display_title, original: movie.original_title ?? "" };
  let rest = movie.title.trim().replace(/\s*\(\d{4}(?:[-–]\d{0,4})?\)$/, "") || movie.title;
  const others = [];
  for (;;) {
    const found = /^(.*[^\s:(])\s+\(([^()]+)\)$/.exec(rest);
    if (!found || /\bor$/i.test(found[1])) break;
    rest = found[1];
    others.unshift(inOrder(found[2].replace(/^a\.k\.a\.\s*/i, "")));
  }
  return { name: inOrder(rest), original: others.filter((other) => other !== inOrder(rest)).join(", ") };
}

export function name(movie) {
  return parts(movie).name;
}

// The name in the middle of a sentence.
export function spoken(movie) {
  return name(movie).replace(EPISODE, "");
}

function inOrder(title) {
  const found = ARTICLE.exec(title);
  if (!found) return title;
  return found[2].endsWith("'") ? `${found[2]}${found[1]}` : `${found[2]} ${found[1]}`;
}

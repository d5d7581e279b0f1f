// Titles as people write and say them.

// Of "Star Wars: Episode V - The Empire Strikes Back" people say the end.
const EPISODE = /^.+: Episode [IVX\d]+ - (?=\S)/;

// `The Matrix`, as the API tells it.
export function name(movie) {
  return movie.display_title ?? movie.title;
}

// The name in the middle of a sentence.
export function spoken(movie) {
  return name(movie).replace(EPISODE, "");
}

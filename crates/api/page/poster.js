// A poster for every movie, drawn from its title, genres and year: the same movie always has the same one.

import { svg } from "./elements.js";
import { name } from "./titles.js";

const WIDTH = 240;
const HEIGHT = 320;
const MARGIN = 16;
const LONGEST = 80;
// Chinese, Japanese and Korean, whose letters are as wide as high.
const WIDE = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/;

// Ground, shape and light of each genre, and what is drawn. A movie has the colours of the first of its genres here, and
// a drawing of any of them.
const GENRES = {
  "Film-Noir": ["#1b1b1e", "#3a3a40", "#e9e4d8", blinds],
  Western: ["#e3a857", "#b5562b", "#4a1d12", dusk],
  Horror: ["#170d12", "#54101b", "#e8382f", teeth],
  Musical: ["#b31654", "#7a0e3d", "#ffd54f", waves],
  Animation: ["#2352c4", "#12348f", "#ff8fc0", balls],
  War: ["#4b5334", "#2d321d", "#d9c79a", chevrons],
  "Sci-Fi": ["#0c2a50", "#1a4a7d", "#63dbea", planet],
  Fantasy: ["#3a2a85", "#5a46b5", "#d3c4ff", moon],
  Documentary: ["#ded8ca", "#a9b4a2", "#2f4858", frames],
  Romance: ["#f5cdc6", "#e58a8c", "#8e1f3c", rings],
  Mystery: ["#113f39", "#1d6156", "#a5dcbc", target],
  Crime: ["#262839", "#43465f", "#f0495a", blinds],
  Children: ["#f6cb45", "#e8962a", "#a82a22", balls],
  Adventure: ["#1d6a73", "#0f4a52", "#f4bf5c", peaks],
  Comedy: ["#f4ac4d", "#e2733a", "#7c1f3f", smile],
  Action: ["#a92319", "#74150f", "#ffbd6b", rays],
  Thriller: ["#222e36", "#3d4f5b", "#f4d35e", target],
  Drama: ["#58355a", "#7d4d7c", "#f0b3a4", curtain],
};
const OTHER = ["#45454d", "#66666f", "#e0d8cb", rings];

// Drawing takes longer than all else on the page, and most posters are below the window or beside it. So a poster is drawn
// when it comes near, and after what was waiting.
const whenIdle = globalThis.requestIdleCallback ?? ((draw) => setTimeout(draw));
const seen = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    whenIdle(() => target.append(...drawing(target.movie)), { timeout: 300 });
  }
}, { rootMargin: "200px", scrollMargin: "200px" });

export function poster(movie) {
  const frame = svg("svg", { class: "poster", preserveAspectRatio: "xMidYMax slice", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, "aria-hidden": "true", focusable: "false" });
  frame.movie = movie;
  frame.style.background = colours(movie)[0];
  seen.observe(frame);
  return frame;
}

function colours({ genres }) {
  return GENRES[kindsOf(genres)[0]] ?? OTHER;
}

function kindsOf(genres) {
  return Object.keys(GENRES).filter((one) => genres.includes(one));
}

function drawing(movie) {
  const random = generator(movie.movie_id);
  const kinds = kindsOf(movie.genres);
  const [ground, shape, light] = colours(movie);
  const draw = (GENRES[kinds[Math.floor(random() * kinds.length)]] ?? OTHER)[3];
  const ink = isLight(ground) ? "#2a1008" : "#fff6e6";
  const letters = lettering(name(movie), ink);
  const picture = { top: 0, height: HEIGHT - letters.height - MARGIN, random, shape, light };
  return [
    svg("rect", { width: WIDTH, height: HEIGHT, fill: ground }),
    ...draw(picture),
    svg("rect", { y: picture.height, width: WIDTH, height: HEIGHT, fill: ground }),
    svg("rect", { x: MARGIN, y: picture.height, width: 40, height: 5, fill: light }),
    ...letters.lines,
    ...(movie.year ? [text(String(movie.year), { x: WIDTH - MARGIN, y: picture.height + 11, "text-anchor": "end", "font-size": 13, fill: ink, "letter-spacing": 2 })] : []),
  ];
}

// The title in lines that are as wide as the poster, in as many as make the letters largest.
function lettering(title, fill) {
  const words = cut(title.toUpperCase()).split(/(?:\s+-)?\s+/).flatMap(pieces);
  const room = WIDTH - 2 * MARGIN;
  const set = (count) => {
    const lines = broken(words, count).map((line) => ({ line, size: Math.min(52, room / width(line)) }));
    const height = lines.reduce((sum, { size }) => sum + size * 0.98, 0);
    return { lines, height, smallest: Math.min(...lines.map(({ size }) => size)) };
  };
  const choices = [1, 2, 3, 4, 5, 6].filter((count) => count <= words.length).map(set);
  const fitting = choices.filter(({ height }) => height < 165);
  const { lines, height } = (fitting.length ? fitting : choices).reduce((a, b) => (b.smallest > a.smallest ? b : a));
  let y = HEIGHT - MARGIN - height;
  const drawn = lines.map(({ line, size }) => {
    y += size * 0.98;
    // Fonts differ in width by up to a sixth.
    const full = size * width(line) > 0.85 * room ? { textLength: room, lengthAdjust: "spacingAndGlyphs" } : {};
    return text(line, { x: MARGIN, y: (y - size * 0.18).toFixed(1), "font-size": size.toFixed(1), fill, ...full });
  });
  return { lines: drawn, height: height + 22 };
}

// What a poster has room for.
function cut(title) {
  const letters = [...title];
  return letters.length <= LONGEST ? title : `${letters.slice(0, LONGEST).join("").replace(/\s+\S*$/, "")}…`;
}

// The parts of a word that is too long for a line. Where words have no spaces between them, a line ends anywhere.
function pieces(word) {
  const letters = [...word];
  const most = WIDE.test(word) ? 5 : 14;
  const count = Math.ceil(letters.length / most);
  if (count === 1) return [word];
  const length = Math.ceil(letters.length / count);
  return some(count, (place) => letters.slice(place * length, (place + 1) * length).join("") + (place < count - 1 && !WIDE.test(word) ? "-" : ""));
}

function text(content, attributes) {
  return svg("text", { "font-weight": 800, "font-family": "Arial Narrow, Roboto Condensed, Arial, sans-serif", ...attributes }, content);
}

// The words in so many lines, the longest of which is as short as can be.
function broken(words, count) {
  if (count === 1) return [words.join(" ")];
  let best;
  for (let first = 1; first <= words.length - count + 1; first += 1) {
    const lines = [words.slice(0, first).join(" "), ...broken(words.slice(first), count - 1)];
    const widest = Math.max(...lines.map(width));
    if (!best || widest < best.widest) best = { lines, widest };
  }
  return best.lines;
}

// About how wide a line is, in sizes of its letters.
function width(line) {
  return [...line].reduce((sum, letter) => sum + (WIDE.test(letter) ? 1 : /[IJ1.,:;'!\- ]/.test(letter) ? 0.36 : /[MW]/.test(letter) ? 0.95 : 0.7), 0);
}

function isLight(colour) {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return red * 0.3 + green * 0.59 + blue * 0.11 > 140;
}

// Numbers from 0 to 1 that depend on the id alone (FNV-1a, then xorshift).
function generator(id) {
  let state = [...id].reduce((hash, letter) => Math.imul(hash ^ letter.codePointAt(0), 16777619), 2166136261) | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const some = (count, make) => Array.from({ length: count }, (_, place) => make(place));
const circle = (cx, cy, r, more) => svg("circle", { cx, cy, r, ...more });
const path = (d, more) => svg("path", { d, ...more });

function blinds({ height, random, shape, light }) {
  const slant = 10 + random() * 26;
  const x = 70 + random() * 100;
  return [
    circle(x, height * 0.45, height * 0.3, { fill: light }),
    ...some(9, (place) => path(`M0 ${place * 34 - 20}l240 ${-slant}v${15}l-240 ${slant}z`, { fill: shape })),
  ];
}

function dusk({ height, random, shape, light }) {
  const x = 70 + random() * 100;
  const y = height * 0.72;
  return [
    circle(x, y, height * 0.42, { fill: shape }),
    circle(x, y, height * 0.27, { fill: light }),
    path(`M0 ${y}l${40 + random() * 40} -${20 + random() * 30}h34l20 30l44 -12l30 26l72 -10V${height}H0z`, { fill: light, stroke: shape, "stroke-width": 3 }),
  ];
}

function teeth({ height, random, shape, light }) {
  const jag = (y, down) => `M0 ${y}${some(7, () => 34 + random() * 44).map((deep) => `l18 ${down * deep}l18 ${-down * deep}`).join("")}`;
  return [
    circle(60 + random() * 120, height * 0.48, height * 0.24, { fill: light }),
    path(`${jag(height * 0.12, 1)}V0H0z`, { fill: shape }),
    path(`${jag(height * 0.9, -1)}V${height}H0z`, { fill: shape }),
  ];
}

function waves({ height, random, shape, light }) {
  const deep = 18 + random() * 22;
  return some(6, (place) => {
    const y = 20 + (place * height) / 6;
    return path(`M-10 ${y}q32 ${-deep} 65 0t65 0t65 0t65 0`, { fill: "none", stroke: place % 2 ? light : shape, "stroke-width": 5 + 3 * place });
  });
}

function balls({ height, random, shape, light }) {
  return some(9, (place) => circle(random() * 240, random() * height, 14 + random() * 40, { fill: place % 3 ? shape : light, opacity: place % 2 ? 1 : 0.85 }));
}

function chevrons({ height, random, shape, light }) {
  const chosen = Math.floor(random() * 4);
  return some(6, (place) => path(`M0 ${place * 42}L120 ${place * 42 - 60}L240 ${place * 42}v20L120 ${place * 42 - 40}L0 ${place * 42 + 20}z`, { fill: place === chosen + 1 && height ? light : shape }));
}

function planet({ height, random, shape, light }) {
  const [x, y, r] = [80 + random() * 90, height * 0.5, height * (0.2 + random() * 0.12)];
  return [
    ...some(26, () => circle(random() * 240, random() * height, 0.6 + random() * 1.6, { fill: light })),
    circle(x, y, r * 1.5, { fill: shape, opacity: 0.5 }),
    circle(x, y, r, { fill: light }),
    svg("ellipse", { cx: x, cy: y, rx: r * 1.9, ry: r * 0.4, fill: "none", stroke: shape, "stroke-width": 7, transform: `rotate(${-30 + random() * 60} ${x} ${y})` }),
  ];
}

function moon({ height, random, shape, light }) {
  const [x, y, r] = [80 + random() * 80, height * 0.42, height * 0.28];
  return [
    ...some(18, () => path(`M${random() * 240} ${random() * height}l2 5l5 2l-5 2l-2 5l-2 -5l-5 -2l5 -2z`, { fill: light, opacity: 0.7 })),
    path(`M${x} ${y - r}a${r} ${r} 0 1 0 ${r} ${r}a${r * 0.8} ${r * 0.8} 0 0 1 ${-r} ${-r}z`, { fill: light }),
    path(`M0 ${height}V${height * 0.8}q60 -50 120 0t120 -10V${height}z`, { fill: shape }),
  ];
}

function frames({ height, random, shape, light }) {
  const chosen = Math.floor(random() * 6);
  return some(6, (place) => svg("rect", { x: 16 + (place % 3) * 72, y: 16 + Math.floor(place / 3) * (height / 2 - 4), width: 64, height: height / 2 - 20, fill: place === chosen ? light : shape }));
}

function rings({ height, random, shape, light }) {
  const [r, apart] = [height * 0.33, 24 + random() * 26];
  return [
    circle(120 - apart, height / 2, r, { fill: shape }),
    circle(120 + apart, height / 2, r, { fill: light, opacity: 0.85 }),
  ];
}

function target({ height, random, shape, light }) {
  const [x, y] = [70 + random() * 100, height * (0.35 + random() * 0.25)];
  return some(6, (place) => circle(x, y, 150 - place * 26, { fill: "none", stroke: place === 5 ? light : shape, "stroke-width": 11 })).concat(circle(x, y, 9, { fill: light }));
}

function peaks({ height, random, shape, light }) {
  const peak = (x, y, wide) => `M${x - wide} ${height}L${x} ${y}L${x + wide} ${height}z`;
  return [
    circle(60 + random() * 120, height * 0.34, height * 0.17, { fill: light }),
    path(peak(60 + random() * 30, height * 0.35, 120), { fill: shape }),
    path(peak(160 + random() * 40, height * 0.5, 130), { fill: shape, opacity: 0.7 }),
    path(peak(115, height * 0.72, 110), { fill: light, opacity: 0.35 }),
  ];
}

function smile({ height, random, shape, light }) {
  const tilt = -14 + random() * 28;
  const r = height * 0.36;
  return [
    circle(120, height / 2, r * 1.2, { fill: shape }),
    svg("g", { fill: light, transform: `rotate(${tilt} 120 ${height / 2})` },
      circle(120 - r * 0.4, height / 2 - r * 0.3, r * 0.13), circle(120 + r * 0.4, height / 2 - r * 0.3, r * 0.13),
      path(`M${120 - r * 0.7} ${height / 2 + r * 0.1}h${r * 1.4}a${r * 0.7} ${r * 0.7} 0 0 1 ${-r * 1.4} 0z`)),
  ];
}

function rays({ height, random, shape, light }) {
  const [x, y] = [60 + random() * 120, height * 0.55];
  const turn = random();
  const ray = (place) => {
    const [from, to] = [0, 0.5].map((more) => ((place + turn + more) * Math.PI) / 6);
    return path(`M${x} ${y}L${x + 400 * Math.cos(from)} ${y + 400 * Math.sin(from)}L${x + 400 * Math.cos(to)} ${y + 400 * Math.sin(to)}z`, { fill: shape });
  };
  return [...some(12, ray), circle(x, y, height * 0.2, { fill: light })];
}

function curtain({ height, random, shape, light }) {
  const x = 80 + random() * 80;
  return [
    path(`M${x} 0L${x - 90} ${height}h180z`, { fill: light, opacity: 0.85 }),
    ...some(4, (place) => path(`M${place * 22} 0q26 ${height / 2} ${-14 - 4 * place} ${height}h-14V0z`, { fill: shape, opacity: 1 - place * 0.18 })),
    ...some(4, (place) => path(`M${240 - place * 22} 0q-26 ${height / 2} ${14 + 4 * place} ${height}h14V0z`, { fill: shape, opacity: 1 - place * 0.18 })),
  ];
}

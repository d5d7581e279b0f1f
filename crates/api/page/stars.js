// Stars to rate with. Half stars by pointer and touch; arrow keys and screen readers get the slider behind them.

import { button, element, svg } from "./elements.js";
import * as notice from "./notice.js";
import * as ratings from "./ratings.js";
import { t } from "./strings.js";
import { name } from "./titles.js";

// From the upper tip of a star in a square of 44: its outline, and that of its left half.
const WHOLE = "l4.6 9.7 10.6 1.4-7.7 7.4 1.9 10.5-9.4-5.1-9.4 5.1 1.9-10.5-7.7-7.4 10.6-1.4z";
const HALF = "v23.9l-9.4 5.1 1.9-10.5-7.7-7.4 10.6-1.4z";

// So many stars as one path: a page has dozens of strips, and each element takes time.
function outline(rating) {
  return [0, 1, 2, 3, 4].map((place) => (rating < place + 0.5 ? "" : `M${22 + 44 * place} 7${rating > place + 0.5 ? WHOLE : HALF}`)).join("");
}

const RIM = outline(5);

export function stars(movie) {
  const id = movie.movie_id;
  const slider = element("input", {
    type: "range", min: 0, max: 5, step: 0.5, "aria-label": t("ratingOf", { title: name(movie) }),
    oninput: () => ratings.rate(movie, Number(slider.value)),
    onkeydown: (event) => {
      if (!/^[0-5]$/.test(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      ratings.rate(movie, Number(event.key));
    },
  });
  const fill = svg("path", { class: "fill" });
  const drawing = svg("svg", { viewBox: "0 0 220 44", "aria-hidden": "true", focusable: "false" }, svg("path", { class: "rim", d: RIM }), fill);
  const at = (event) => {
    const { left, width } = drawing.getBoundingClientRect();
    return Math.min(5, Math.max(0.5, Math.ceil(((event.clientX - left) / width) * 10) / 2));
  };
  const draw = (rating) => fill.setAttribute("d", outline(rating));
  const strip = element("span", {
    class: "strip",
    onclick: (event) => {
      // The slider's own click comes from a screen reader, which has set the value.
      if (event.target === slider) return;
      ratings.rate(movie, at(event));
      strip.classList.add("pointed");
      slider.focus({ preventScroll: true });
    },
    onkeydown: () => strip.classList.remove("pointed"),
    onpointermove: (event) => event.pointerType === "mouse" && draw(at(event)),
    onpointerleave: () => draw(ratings.of(id)),
  }, slider, drawing);
  const number = button("", {
    class: "number",
    onclick: () => {
      const undo = ratings.remove(id);
      notice.show(t("removed", { title: name(movie) }), undo);
      slider.focus({ preventScroll: true });
    },
  });
  const whole = element("span", { class: "stars" }, strip, number);
  whole.update = () => {
    const rating = ratings.of(id);
    slider.value = rating;
    slider.setAttribute("aria-valuetext", rating ? t("stars", { n: rating }) : t("notRated"));
    draw(rating);
    number.replaceChildren(`${rating.toFixed(1)} ×`, element("span", { class: "sight" }, t("removeRating", { title: name(movie) })));
    number.classList.toggle("none", !rating);
    whole.classList.toggle("given", rating > 0);
  };
  whole.dataset.stars = id;
  whole.update();
  return whole;
}

// The stars of a movie may be there several times.
ratings.onChange((id) => {
  const which = id ? `[data-stars="${CSS.escape(id)}"]` : "[data-stars]";
  for (const shown of document.querySelectorAll(which)) shown.update?.();
});

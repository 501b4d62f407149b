// The slider that hides what is not similar enough. It acts on answers that are here already, so it asks no one.

import { $ } from "./dom.js";
import { number, say, score } from "./words.js";

const BARS = 40;

/** How many of the answers, best first, are at least so similar. */
export function countAbove(answers, cutoff) {
  if (cutoff === null) return answers.length;
  let low = 0;
  let high = answers.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (answers[middle].similarity >= cutoff) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** `change(cutoff)` is called while the slider moves; null means that all are shown. */
export class Cutoff {
  #slider = $("cutoff");
  #least = 0;
  #most = 1;
  #answers = null;

  constructor(change) {
    this.#slider.addEventListener("input", () => {
      const value = Math.round(this.#slider.valueAsNumber * 1000) / 1000;
      change(value <= this.#least ? null : value);
    });
  }

  /** Fits the slider to the answers. Thousandths are fine enough for a cosine. */
  show(answers, cutoff) {
    if (answers !== this.#answers) {
      this.#answers = answers;
      this.#least = answers.length ? Math.floor(answers.at(-1).similarity * 1000) / 1000 : 0;
      this.#most = answers.length ? Math.ceil(answers[0].similarity * 1000) / 1000 : 1;
      this.#slider.min = this.#least;
      this.#slider.max = Math.max(this.#most, this.#least + 0.001);
      this.#slider.step = 0.001;
      this.#shape();
    }
    this.#slider.disabled = !answers.length;
    const shown = cutoff ?? this.#least;
    if (this.#slider.valueAsNumber !== shown) this.#slider.value = shown;
    const count = countAbove(answers, cutoff);
    const text = cutoff === null ? say("cutoffAll") : score(cutoff);
    $("cutoff-value").textContent = text;
    const part = (Math.min(this.#most, Math.max(this.#least, shown)) - this.#least) / (this.#most - this.#least || 1);
    this.#slider.style.setProperty("--part", `${part * 100}%`);
    this.#slider.setAttribute(
      "aria-valuetext", `${text}, ${count === 1 ? say("countOne") : say("count", { count: number(count) })}`);
  }

  /** Draws how many answers lie at which similarity. The root keeps the few good ones in sight. */
  #shape() {
    const bars = new Array(BARS).fill(0);
    const width = (this.#most - this.#least) / BARS || 1;
    for (const { similarity } of this.#answers) {
      bars[Math.min(BARS - 1, Math.max(0, Math.floor((similarity - this.#least) / width)))] += 1;
    }
    const top = Math.max(1, ...bars);
    const path = bars.map((count, bar) => {
      const height = count ? Math.max(0.6, Math.sqrt(count / top) * 10) : 0;
      return `M${bar + 0.1} 10V${(10 - height).toFixed(2)}H${bar + 0.9}V10Z`;
    });
    $("cutoff-shape").firstElementChild.setAttribute("d", this.#answers.length > 1 ? path.join("") : "");
  }
}

// One picture in the grid: the picture as a button, its name, and what can be done with it.

import { showThumbnail } from "./api.js";
import { fileName, icon, iconButton, make } from "./dom.js";
import { groundOf } from "./ground.js";
import { say, score } from "./words.js";

/** `act` has open(tile), like(id) and term(id, sign). */
export class Tile {
  id;
  index = -1;
  #image = make("img", { alt: "", draggable: false, decoding: "async" });
  #name = make("span", { className: "tile-name" });
  #score = make("span", { className: "tile-score" });
  #free = null;
  #retried = false;
  #timer = 0;

  constructor(id, act) {
    this.id = id;
    this.open = make("button", { type: "button", className: "tile-open", tabIndex: -1 }, this.#image);
    this.open.setAttribute("aria-keyshortcuts", "M Plus -");
    this.actions = [
      make("button", { type: "button", className: "tile-like", onclick: () => act.like(id) },
        icon("like"), make("span", { textContent: say("like") })),
      iconButton("plus", say("add"), { onclick: () => act.term(id, 1) }),
      iconButton("minus", say("subtract"), { onclick: () => act.term(id, -1) }),
    ];
    this.actions[0].setAttribute("aria-label", say("like"));
    this.open.addEventListener("click", () => act.open(this));
    this.#image.addEventListener("load", () => this.#loaded());
    this.#image.addEventListener("error", () => this.#failed());
    this.element = make("div", { className: "tile", role: "listitem" },
      this.open,
      make("div", { className: "tile-actions" }, ...this.actions),
      make("div", { className: "tile-caption", aria: { hidden: "true" } }, this.#name, this.#score));
    this.focusable(false);
  }

  place(index, count, x, y) {
    this.index = index;
    this.element.setAttribute("aria-posinset", index + 1);
    this.element.setAttribute("aria-setsize", count);
    this.element.style.setProperty("transform", `translate(${x}px, ${y}px)`);
  }

  /** The name comes later than the picture in a long list. */
  describe(path, similarity) {
    const name = path ? fileName(path) : say("picture", { id: this.id });
    this.#name.textContent = name;
    this.#score.textContent = similarity === undefined ? "" : score(similarity);
    this.open.setAttribute(
      "aria-label", similarity === undefined ? name : say("tile", { name, score: score(similarity) }));
  }

  focusable(is) {
    for (const button of [this.open, ...this.actions]) button.tabIndex = is ? 0 : -1;
  }

  load(index, size) {
    if (this.#free) return;
    this.#free = showThumbnail(this.#image, index, this.id, size);
    this.#again = () => {
      this.#free?.();
      this.#free = showThumbnail(this.#image, index, this.id, size);
    };
  }

  /** Stops what is under way, before the tile is taken away. */
  drop() {
    clearTimeout(this.#timer);
    this.#free?.();
    this.element.remove();
  }

  #again = () => {};

  #loaded() {
    const { naturalWidth: width, naturalHeight: height } = this.#image;
    const ground = groundOf(this.#image);
    const long = Math.max(width / height, height / width) > 2.4;
    this.element.classList.toggle("tile-whole", ground !== null || long);
    this.element.classList.toggle("tile-clear", ground?.clear ?? false);
    this.element.classList.toggle("tile-clear-light", ground?.light ?? false);
    if (ground?.color) this.open.style.setProperty("background-color", ground.color);
    this.element.classList.remove("tile-broken");
    this.element.classList.add("tile-shown");
  }

  /** A server that was away for a moment is asked once more; a tile that comes into view again asks anyway. */
  #failed() {
    if (!this.#retried) {
      this.#retried = true;
      this.#timer = setTimeout(() => this.#again(), 2500);
    }
    this.element.classList.add("tile-broken");
  }
}

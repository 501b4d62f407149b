// The grid of pictures. Only what is in view, and a little around it, is in the document: ten thousand answers scroll as
// smoothly as ten.

import { thumbnailSize } from "./api.js";
import { $, later } from "./dom.js";
import { Tile } from "./tile.js";

const AROUND = 2; // rows above and below what is in view
const FLYING = 4; // pixels a millisecond: faster than this, pictures are not worth loading

/**
 * `act` has open(index), like(id), term(id, sign), seen(ids), facts(id), index() and leave().
 * seen() is told which pictures are in view once scrolling rests; leave() is called when the arrow up leaves the grid.
 */
export class Grid {
  #element;
  #act;
  #answers = [];
  #count = 0;
  #tiles = new Map(); // by picture
  #active = 0; // the place that Tab comes to
  #columns = 1;
  #side = 0;
  #gap = 0;
  #frame = 0;
  #last = { y: 0, time: 0 };
  #flying = false;

  constructor(element, act) {
    this.#element = element;
    this.#act = act;
    addEventListener("scroll", () => this.#soon(), { passive: true });
    new ResizeObserver(() => this.#resized()).observe(element);
    element.addEventListener("keydown", (event) => this.#key(event));
    element.addEventListener("focusin", (event) => this.#focused(event));
    this.#rested = later(120, () => {
      this.#flying = false;
      this.#draw();
      this.#act.seen([...this.#tiles.keys()]);
    });
  }

  #rested;

  /** Shows the first `count` of the answers. Pictures that stay are moved, not drawn anew. */
  show(answers, count = answers.length) {
    this.#answers = answers;
    this.#count = Math.min(count, answers.length);
    this.#active = Math.max(0, Math.min(this.#active, this.#count - 1));
    this.#measure();
    this.#draw();
    this.#rested();
  }

  /** Writes names anew, because they came, or the language changed. */
  describe() {
    for (const tile of this.#tiles.values()) this.#describe(tile);
  }

  /** Throws all tiles away, so that they are made anew. */
  renew() {
    for (const tile of this.#tiles.values()) tile.drop();
    this.#tiles.clear();
    this.#draw();
  }

  /** Starts at the first picture again. */
  rewind() {
    this.#active = 0;
  }

  /** Brings a picture into view and gives it the focus. */
  focus(index) {
    if (!this.#count) return;
    this.#active = Math.max(0, Math.min(index, this.#count - 1));
    const [, y] = this.#at(this.#active);
    const top = this.#element.getBoundingClientRect().top + y;
    const head = $("head").getBoundingClientRect().bottom;
    const room = this.#gap + 4;
    if (top < head + room) scrollBy({ top: top - head - room, behavior: "instant" });
    else if (top + this.#side > innerHeight) scrollBy({ top: top + this.#side - innerHeight + room, behavior: "instant" });
    this.#draw();
    this.#tiles.get(this.#answers[this.#active].id)?.open.focus({ preventScroll: true });
  }

  #at(index) {
    const step = this.#side + this.#gap;
    return [(index % this.#columns) * step, Math.floor(index / this.#columns) * step];
  }

  #measure() {
    const width = this.#element.clientWidth;
    this.#gap = width < 600 ? 6 : 12;
    const least = width < 600 ? 150 : width < 1000 ? 176 : 208;
    this.#columns = Math.max(2, Math.floor((width + this.#gap) / (least + this.#gap)));
    this.#side = (width - this.#gap * (this.#columns - 1)) / this.#columns;
    const rows = Math.ceil(this.#count / this.#columns);
    this.#element.style.setProperty("--side", `${this.#side}px`);
    this.#element.style.setProperty("height", `${Math.max(0, rows * (this.#side + this.#gap) - this.#gap)}px`);
  }

  /** Keeps the picture at the top where it was when the number of columns changes. */
  #resized() {
    const step = this.#side + this.#gap;
    const hidden = -this.#element.getBoundingClientRect().top;
    const first = hidden > 0 && step ? Math.floor(hidden / step) * this.#columns : 0;
    const columns = this.#columns;
    this.#measure();
    if (first && columns !== this.#columns) scrollBy({ top: this.#at(first)[1] - hidden, behavior: "instant" });
    this.#draw();
    this.#rested();
  }

  #soon() {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame((time) => {
      this.#frame = 0;
      const speed = Math.abs(scrollY - this.#last.y) / Math.max(1, time - this.#last.time);
      this.#flying = speed > FLYING;
      this.#last = { y: scrollY, time };
      this.#draw();
      this.#rested();
    });
  }

  /** The places in view and around it; the focused tile stays wherever it is, or the focus would be lost. */
  #wanted() {
    const step = this.#side + this.#gap;
    if (!this.#count || !step) return [];
    const { top } = this.#element.getBoundingClientRect();
    const first = Math.max(0, (Math.floor(-top / step) - AROUND) * this.#columns);
    const end = Math.min(this.#count, (Math.ceil((innerHeight - top) / step) + AROUND) * this.#columns);
    const places = [];
    for (let place = first; place < end; place += 1) places.push(place);
    const held = this.#active;
    if (this.#element.contains(document.activeElement) && (held < first || held >= end)) {
      if (held < first) places.unshift(held);
      else places.push(held);
    }
    return places;
  }

  #draw() {
    const places = this.#wanted();
    const wanted = new Set(places.map((place) => this.#answers[place].id));
    for (const [id, tile] of this.#tiles) {
      if (wanted.has(id)) continue;
      tile.drop();
      this.#tiles.delete(id);
    }
    const size = thumbnailSize(this.#side);
    let next = this.#element.firstElementChild;
    for (const place of places) {
      const tile = this.#tile(this.#answers[place].id);
      const fresh = tile.index !== place;
      tile.place(place, this.#count, ...this.#at(place));
      if (fresh) this.#describe(tile);
      if (!this.#flying) tile.load(this.#act.index(), size);
      if (tile.element === next) next = next.nextElementSibling;
      else this.#element.insertBefore(tile.element, next);
    }
    this.#offerTab(places);
  }

  #tile(id) {
    if (!this.#tiles.has(id)) {
      const { like, term, open } = this.#act;
      this.#tiles.set(id, new Tile(id, { like, term, open: (tile) => open(tile.index) }));
    }
    return this.#tiles.get(id);
  }

  #describe(tile) {
    tile.describe(this.#act.facts(tile.id)?.image, this.#answers[tile.index]?.similarity);
  }

  /** Tab comes to one picture: the one that had the focus last or, when that is out of view, the first in view. */
  #offerTab(places) {
    const head = $("head").getBoundingClientRect().bottom;
    const { top } = this.#element.getBoundingClientRect();
    const offered = places.includes(this.#active)
      ? this.#active : places.find((place) => top + this.#at(place)[1] >= head) ?? places[0];
    for (const tile of this.#tiles.values()) tile.focusable(tile.index === offered);
  }

  #focused(event) {
    for (const tile of this.#tiles.values()) {
      if (tile.element.contains(event.target)) this.#active = tile.index;
    }
    for (const tile of this.#tiles.values()) tile.focusable(tile.index === this.#active);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(innerHeight / (this.#side + this.#gap)) - 1) * this.#columns;
    const steps = {
      ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.#columns, ArrowDown: this.#columns,
      PageUp: -page, PageDown: page, Home: -this.#count, End: this.#count,
    };
    const { id } = this.#answers[this.#active] ?? {};
    if (event.key in steps) {
      event.preventDefault();
      const to = this.#active + steps[event.key];
      if (event.key === "ArrowUp" && to < 0) this.#act.leave();
      else this.focus(to);
    } else if (event.key === "m" || event.key === "M") this.#act.like(id);
    else if (event.key === "+" || event.key === "=") this.#act.term(id, 1);
    else if (event.key === "-") this.#act.term(id, -1);
  }
}

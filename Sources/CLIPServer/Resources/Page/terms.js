// The chips below the search field: words and pictures that are added to the search or subtracted from it.

import { showThumbnail } from "./api.js";
import { $, fileName, icon, iconButton, make } from "./dom.js";
import { say } from "./words.js";

/**
 * `act` has change(terms), index(), own(number) and facts(id).
 */
export class Terms {
  #box = $("terms");
  #act;
  #terms = [];
  #drawn = "";
  #free = [];
  #sign = 0; // of the words being written, or 0

  constructor(act) {
    this.#act = act;
  }

  show(terms, visible) {
    this.#terms = terms;
    this.#box.hidden = !visible && !terms.length;
    if (this.#box.hidden) this.#sign = 0;
    const drawn = JSON.stringify([terms, document.documentElement.lang, this.#act.index()]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#draw();
  }

  #draw() {
    for (const free of this.#free) free();
    this.#free = [];
    const list = make("ul", { className: "chips", aria: { label: say("terms") } },
      ...this.#terms.map((term, place) => this.#chip(term, place)));
    this.#box.replaceChildren(...(this.#terms.length ? [list] : []), ...this.#writing());
  }

  #chip(term, place) {
    const name = this.#name(term);
    const plus = term.sign > 0;
    const turn = iconButton(plus ? "plus" : "minus", say(plus ? "addedTerm" : "subtractedTerm", { name }), {
      className: "chip-sign",
      onclick: () => this.#change(this.#terms.with(place, { ...term, sign: -term.sign }), place),
    });
    const remove = iconButton("close", say("remove", { name }), {
      className: "chip-remove",
      onclick: () => this.#change(this.#terms.toSpliced(place, 1), Math.min(place, this.#terms.length - 2)),
    });
    const shown = term.text === undefined
      ? this.#picture(term) : make("span", { className: "chip-text", textContent: term.text, title: term.text });
    return make("li", { className: `chip ${plus ? "chip-plus" : "chip-minus"}` }, turn, shown, remove);
  }

  #name({ text, id }) {
    if (text !== undefined) return text;
    if (id === undefined) return say("yourPicture");
    const path = this.#act.facts(id)?.image;
    return path ? fileName(path) : say("picture", { id });
  }

  #picture({ id, own }) {
    const image = make("img", { alt: "", className: "chip-picture", draggable: false });
    const box = make("span", { className: "chip-frame" }, image);
    image.addEventListener("error", () => box.replaceChildren(icon("picture")));
    if (id === undefined) image.src = this.#act.own(own);
    else this.#free.push(showThumbnail(image, this.#act.index(), id, 160));
    return box;
  }

  /** Changes the terms and leaves the focus where it was, as far as that is still there. */
  #change(terms, place) {
    const { activeElement } = document;
    const kind = activeElement?.classList.contains("chip-sign") ? ".chip-sign" : ".chip-remove";
    const inside = this.#box.contains(activeElement);
    this.#act.change(terms);
    if (!inside) return;
    const chip = this.#box.querySelectorAll(".chip")[place];
    (chip?.querySelector(kind) ?? $("text")).focus();
  }

  /** Two buttons, or the field that one of them opened. */
  #writing() {
    if (!this.#sign) {
      return [[1, "plus", "addWords"], [-1, "minus", "subtractWords"]].map(([sign, shape, label]) =>
        make("button", { type: "button", className: "chip-new", onclick: () => this.#write(sign) },
          icon(shape), make("span", { textContent: say(label) })));
    }
    const plus = this.#sign > 0;
    const hint = say(plus ? "addPlaceholder" : "subtractPlaceholder");
    const field = make("input", {
      className: "chip-field", type: "text", placeholder: hint, maxLength: 500, autocomplete: "off",
      enterKeyHint: "done", aria: { label: hint },
    });
    const done = (keep) => {
      const text = field.value.trim();
      if (!this.#sign) return; // leaving the field follows from closing it
      const sign = this.#sign;
      this.#sign = 0;
      if (keep && text) this.#act.change([...this.#terms, { sign, text }]);
      else this.#draw();
    };
    field.addEventListener("keydown", (event) => {
      if (event.isComposing || event.keyCode === 229) return; // the key belongs to the input method
      if (event.key === "Enter" || event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        done(event.key === "Enter");
        this.#box.querySelector(plus ? ".chip-new" : ".chip-new:last-child")?.focus();
      }
    });
    field.addEventListener("blur", () => done(true));
    return [make("span", { className: `chip chip-open ${plus ? "chip-plus" : "chip-minus"}` },
      make("span", { className: "chip-sign" }, icon(plus ? "plus" : "minus")), field)];
  }

  #write(sign) {
    this.#sign = sign;
    this.#draw();
    this.#box.querySelector(".chip-field").focus();
  }
}

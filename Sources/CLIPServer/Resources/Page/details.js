// The dialog of one picture: large, with what is known of it, and what the user's own labels say.

import { server, showThumbnail } from "./api.js";
import { $, fileName, iconButton, icon, kept, later, make } from "./dom.js";
import { groundOf } from "./ground.js";
import { bytes, date, number, say, score } from "./words.js";

const LABELS = 8; // shown, best first

/** The labels in a text, each once. Chinese commas part them too. */
const split = (text) =>
  [...new Set(text.split(/[,，;；、\n]/).map((label) => label.trim()).filter(Boolean))].slice(0, 200);

/**
 * `act` has index(), facts (Facts), similarity(id), near(id, step) → id or null, open(id), like(id), term(id, sign),
 * close() and say(text), which tells something in passing.
 */
export class Details {
  #dialog = $("details");
  #act;
  #id = null;
  #free = [];
  #stop = new AbortController();
  #parts = {};

  constructor(act) {
    this.#act = act;
    this.#dialog.addEventListener("cancel", (event) => {
      event.preventDefault(); // the page's history closes it
      this.#act.close();
    });
    this.#dialog.addEventListener("click", (event) => {
      if (event.target === this.#dialog) this.#act.close();
    });
    this.#dialog.addEventListener("keydown", (event) => this.#key(event));
    // The page behind the dialog stays where it is.
    this.#dialog.addEventListener("wheel", (event) => {
      const scrolls = event.target.closest(".details-side") || this.#dialog.scrollHeight > this.#dialog.clientHeight;
      if (!scrolls) event.preventDefault();
    }, { passive: false });
  }

  get id() {
    return this.#id;
  }

  show(id) {
    const turned = this.#id !== id;
    this.#id = id;
    if (!this.#dialog.open) {
      this.#build();
      this.#dialog.showModal();
    }
    if (turned) this.#turn();
  }

  hide() {
    if (!this.#dialog.open) return;
    this.#id = null;
    this.#clean();
    this.#dialog.close();
  }

  /** Builds it anew in another language. */
  renew() {
    if (!this.#dialog.open) return;
    this.#build();
    this.#turn();
  }

  /** Answers came: this picture may be among them, and have others beside it. */
  refresh() {
    if (!this.#dialog.open) return;
    this.#steps();
    this.#write(this.#act.facts.get(this.#id));
  }

  #clean() {
    this.#stop.abort();
    this.#stop = new AbortController();
    for (const free of this.#free) free();
    this.#free = [];
  }

  #build() {
    const act = this.#act;
    const parts = {
      stage: make("div", { className: "details-stage" }),
      name: make("h2", { className: "details-name" }),
      list: make("dl", { className: "details-facts" }),
      before: iconButton("left", say("previous"), { className: "round details-before", onclick: () => this.#go(-1) }),
      after: iconButton("right", say("next"), { className: "round details-after", onclick: () => this.#go(1) }),
      bars: make("ol", { className: "labels" }),
      hint: make("p", { className: "labels-hint", id: "labels-hint" }),
    };
    this.#parts = parts;
    const button = (shape, name, style, onclick) =>
      make("button", { type: "button", className: style, onclick },
        icon(shape), make("span", { textContent: say(name) }));
    this.#dialog.replaceChildren(
      make("div", { className: "details-view" }, parts.stage, parts.before, parts.after),
      make("div", { className: "details-side" },
        iconButton("close", say("close"), { className: "round details-close", onclick: () => act.close() }),
        parts.name,
        make("div", { className: "details-actions" },
          button("like", "like", "main-button", () => act.like(this.#id)),
          iconButton("plus", say("add"), { className: "square", onclick: () => act.term(this.#id, 1) }),
          iconButton("minus", say("subtract"), { className: "square", onclick: () => act.term(this.#id, -1) })),
        parts.list,
        this.#labels()));
  }

  #labels() {
    const field = make("input", {
      id: "labels", type: "text", autocomplete: "off", placeholder: say("labelsHint"), value: kept.get("labels") ?? "",
      aria: { describedby: "labels-help" },
    });
    const classify = later(350, () => this.#classify());
    field.addEventListener("input", (event) => {
      kept.set("labels", field.value.trim());
      if (!event.isComposing) classify();
    });
    field.addEventListener("compositionend", () => classify());
    this.#parts.labels = field;
    return make("section", { className: "details-labels" },
      make("label", { htmlFor: "labels", textContent: say("labels") }), field,
      make("p", { className: "labels-help", id: "labels-help", textContent: say("labelsHelp") }),
      this.#parts.bars, this.#parts.hint);
  }

  #turn() {
    this.#clean();
    this.#picture();
    this.#facts();
    this.#steps();
    this.#classify();
  }

  /** The small picture is there at once; the large one takes its place when it has come. */
  #picture() {
    const index = this.#act.index();
    const image = make("img", { alt: "", className: "details-picture details-waiting", draggable: false });
    const large = make("img", { alt: "" });
    image.addEventListener("load", () => image.classList.toggle("details-light", groundOf(image)?.light ?? false));
    this.#free.push(showThumbnail(image, index, this.#id, 320), showThumbnail(large, index, this.#id, 1600));
    this.#parts.stage.replaceChildren(image);
    this.#fit(image, this.#act.facts.get(this.#id));
    large.className = "details-picture";
    large.addEventListener("load", () => {
      large.alt = image.alt;
      large.classList.toggle("details-light", groundOf(large)?.light ?? false);
      this.#parts.stage.replaceChildren(large);
      this.#fit(large, this.#act.facts.get(this.#id));
    });
    large.addEventListener("error", () => {
      this.#parts.stage.replaceChildren(
        make("p", { className: "details-gone" }, icon("picture"), make("span", { textContent: say("pictureGone") })));
    });
    for (const step of [1, -1]) {
      const id = this.#act.near(this.#id, step);
      if (id !== null) this.#free.push(showThumbnail(new Image(), index, id, 1600));
    }
  }

  /** A small picture is not blown up beyond twice its pixels. */
  #fit(image, facts) {
    if (!facts) return;
    image.style.setProperty("--width", facts.width);
    image.style.setProperty("--height", facts.height);
  }

  async #facts() {
    const id = this.#id;
    const known = this.#act.facts.get(id);
    this.#write(known);
    if (known?.bytes !== undefined) return;
    try {
      await this.#act.facts.fetch([id], this.#stop.signal);
    } catch {
      return; // the picture itself says that it is gone
    }
    if (this.#id === id) this.#write(this.#act.facts.get(id));
  }

  #write(facts) {
    const { name, list, stage } = this.#parts;
    name.textContent = facts ? fileName(facts.image) : say("picture", { id: this.#id });
    if (stage.firstElementChild instanceof HTMLImageElement) {
      stage.firstElementChild.alt = name.textContent;
      this.#fit(stage.firstElementChild, facts);
    }
    const similarity = this.#act.similarity(this.#id);
    const rows = [];
    const row = (label, ...content) =>
      rows.push(make("div", {}, make("dt", { textContent: say(label) }), make("dd", {}, ...content)));
    if (similarity !== undefined) row("similarity", score(similarity));
    if (facts?.width) {
      row("size", say("pixels", { width: number(facts.width), height: number(facts.height) }),
        ...(facts.bytes === undefined ? [] : [make("span", { className: "dot", textContent: "·" }), bytes(facts.bytes)]));
    }
    if (facts?.taken) row("taken", date(facts.taken));
    if (facts?.modified) row("modified", date(facts.modified));
    if (facts) {
      const onclick = (event) => this.#copy(event, facts.image);
      row("path", make("span", { className: "details-path", textContent: facts.image }),
        iconButton("copy", say("copy"), { className: "round details-copy", onclick }));
    }
    list.replaceChildren(...rows);
  }

  async #copy({ currentTarget: button }, text) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Over plain HTTP from another machine there is no clipboard: the old way, by a selection.
      const range = document.createRange();
      range.selectNodeContents(button.previousElementSibling);
      getSelection().removeAllRanges();
      getSelection().addRange(range);
      document.execCommand("copy");
    }
    button.replaceChildren(icon("check"));
    setTimeout(() => button.replaceChildren(icon("copy")), 1600);
    this.#act.say(say("copied"));
  }

  async #classify() {
    const labels = split(this.#parts.labels.value);
    const { bars, hint } = this.#parts;
    const id = this.#id;
    hint.textContent = labels.length < 2 ? say("labelsNone") : "";
    if (labels.length < 2) {
      bars.replaceChildren();
      return;
    }
    try {
      const answer = await server.classify({ image: { id }, labels, index: this.#act.index() }, this.#stop.signal);
      if (this.#id !== id || split(this.#parts.labels.value).join() !== labels.join()) return;
      bars.replaceChildren(...answer.results[0].labels.slice(0, LABELS).map(({ label, score: part }) => {
        const bar = make("span", { className: "labels-bar", aria: { hidden: "true" } });
        bar.style.setProperty("--part", `${part * 100}%`);
        const percent = `${(part * 100).toFixed(part < 0.0995 ? 1 : 0)} %`;
        return make("li", {}, make("span", { className: "labels-name", textContent: label }),
          make("span", { className: "labels-part", textContent: percent }), bar);
      }));
    } catch (error) {
      if (error.name === "AbortError") return;
      bars.replaceChildren();
      hint.textContent = error.kind === "gone" ? say("gone") : error.message;
    }
  }

  #steps() {
    for (const [button, step] of [[this.#parts.before, -1], [this.#parts.after, 1]]) {
      const none = this.#act.near(this.#id, step) === null;
      if (none && document.activeElement === button) this.#dialog.focus();
      button.disabled = none;
    }
  }

  #go(step) {
    const id = this.#act.near(this.#id, step);
    if (id !== null) this.#act.open(id);
  }

  #key(event) {
    if (event.target.matches("input") || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowLeft" || event.key === "ArrowRight") {
      event.preventDefault();
      this.#go(event.key === "ArrowLeft" ? -1 : 1);
    }
  }
}

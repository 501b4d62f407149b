// What the page says about itself: how many pictures, what is under way, what went wrong, what to try.

import { $, icon, later, make } from "./dom.js";
import { number, say, score } from "./words.js";

const MOST = 10_000;

/** `act` has retry(), example(text), showAll() and clearFilters(). */
export class Stage {
  #act;
  #index = null;
  #several = false;
  #timers = [];
  #ticking = 0;
  #news = { phase: "nothing", whole: true };
  #tell = later(600, (text) => ($("live").textContent = text));
  #hush = later(5000, () => ($("toast").textContent = ""));

  constructor(act) {
    this.#act = act;
    $("skeleton").replaceChildren(...Array.from({ length: 24 }, () => make("span")));
  }

  /** The index that is searched: {name, pictures}; `several` says whether there are others to turn to. */
  use(index, several) {
    this.#index = index;
    this.#several = several;
    const count = index?.pictures ?? 0;
    $("headline").textContent = count > 1 ? say("heroSome", { count: number(count) }) : say("heroOne");
    $("examples").replaceChildren(
      make("span", { textContent: say("tryThese") }),
      ...say("examples").split("|").map((text) =>
        this.#button("pill", text, () => this.#act.example(text))));
  }

  /** Says something in passing. */
  toast(text) {
    $("toast").textContent = text;
    this.#hush();
  }

  /** Follows a search. What comes fast is shown without a sign of waiting, so that nothing flickers. */
  follow(news, { answers, asked, terms }) {
    this.#news = news;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
    this.#notice(news);
    const running = news.phase === "running";
    const empty = !answers.length || document.body.dataset.stage !== "results";
    if (running) {
      this.#after(150, () => ($("progress").hidden = false));
      if (empty && asked) this.#after(300, () => this.#wait());
      else if (!empty) this.#after(600, () => $("grid").classList.add("grid-old"));
      return;
    }
    $("progress").hidden = true;
    $("skeleton").hidden = true;
    $("grid").hidden = false;
    $("grid").classList.remove("grid-old");
    if (news.phase === "nothing") this.#nothing(asked, terms);
    else if (news.phase === "done" || empty) this.#to("results");
    if (news.phase === "failed" && empty) {
      this.#state(null);
      $("count").textContent = "";
    }
  }

  #after(milliseconds, work) {
    this.#timers.push(setTimeout(work, milliseconds));
  }

  #to(stage) {
    document.body.dataset.stage = stage;
    $("bar").hidden = stage === "wait" || !(this.#index?.pictures || this.#several);
    $("cutoff-box").hidden = stage !== "results";
    $("examples").hidden = stage !== "start" || !this.#index?.pictures;
  }

  /** Grey tiles, where there is nothing better to look at. */
  #wait() {
    this.#to("results");
    this.#state(null);
    $("skeleton").hidden = false;
    $("grid").hidden = true;
    $("count").textContent = say("searching");
    this.#tell(say("searching"));
  }

  #nothing(asked, terms) {
    this.#to(terms ? "results" : "start");
    if (terms) {
      $("cutoff-box").hidden = true;
      this.#state("onlySubtracted", "onlySubtractedHint");
    } else if (!this.#index?.pictures) this.#state("emptyIndex", "emptyIndexHint");
    else this.#state(null);
  }

  /** Tells how many pictures are shown, and what to do when there are none. */
  count({ cut, all, best, asked, filtered }) {
    const text = asked ? this.#counted(cut, all, filtered) : all ? say("glimpse") : "";
    $("count").textContent = text;
    this.#tell(text);
    if (!asked || this.#news.phase !== "done") return;
    if (!this.#index?.pictures) this.#state("emptyIndex", "emptyIndexHint");
    else if (!all) this.#state("none", "noneHint", {}, filtered ? ["clearFilters", this.#act.clearFilters] : null);
    else if (!cut) this.#state("noneAbove", "noneAboveHint", { best: score(best) }, ["showAll", this.#act.showAll]);
    else this.#state(null);
  }

  #counted(cut, all, filtered) {
    const total = this.#index?.pictures ?? all;
    // The first answers are there before the count is; without filters it is known all the same.
    const whole = this.#news.whole;
    const known = whole ? all : filtered ? null : Math.min(total, MOST);
    const ofAll = known === null ? `${number(all)}+` : number(known);
    if (cut < all) return say("countOf", { count: number(cut), all: ofAll });
    if (known === null) return say("count", { count: ofAll });
    if (known === MOST && total > MOST) return say("countBest", { count: number(MOST), all: number(total) });
    return known === 1 ? say("countOne") : say("count", { count: number(known) });
  }

  #state(title, hint, values = {}, button = null) {
    const box = $("state");
    box.hidden = !title;
    if (!title) return;
    box.replaceChildren(make("h2", { textContent: say(title) }), make("p", { textContent: say(hint, values) }));
    if (!button) return;
    const [name, act] = button;
    box.append(this.#button("main-button", say(name), () => act()));
  }

  #button(className, textContent, onclick) {
    return make("button", { type: "button", className, textContent, onclick });
  }

  /** What went wrong, with a button to try again; it counts down to the next try by itself. */
  #notice({ phase, failure, seconds }) {
    const box = $("notice");
    clearInterval(this.#ticking);
    // A search that is tried again keeps its notice until it is answered.
    if (phase === "running" && !box.hidden) return;
    box.hidden = phase !== "failed" || failure.kind === "key";
    if (box.hidden) {
      box.replaceChildren();
      return;
    }
    const title = { gone: "gone", busy: "busy" }[failure.kind] ?? "refused";
    const hint = make("span", { className: "notice-hint" });
    const write = (left) => {
      const hints = { gone: () => say("goneHint"), busy: () => say("busyHint", { seconds: left }) };
      hint.textContent = hints[title]?.() ?? failure.message;
    };
    const end = Date.now() + seconds * 1000;
    write(seconds);
    this.#ticking = setInterval(() => write(Math.max(0, Math.ceil((end - Date.now()) / 1000))), 1000);
    if (title !== "busy") clearInterval(this.#ticking);
    box.replaceChildren(icon("alert"), make("p", {}, make("strong", { textContent: say(title) }), " ", hint),
      this.#button("pill", say("retry"), () => this.#act.retry()));
  }
}

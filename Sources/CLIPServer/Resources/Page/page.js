// The page's one state, the query, and what follows from it: address, search, grid and dialog.

import { server } from "./api.js";
import { countAbove, Cutoff } from "./cutoff.js";
import { Details } from "./details.js";
import { $, later } from "./dom.js";
import { Facts } from "./facts.js";
import { Filters } from "./filters.js";
import { Grid } from "./grid.js";
import { askKey } from "./key.js";
import { followTheme } from "./look.js";
import { OwnPictures } from "./own.js";
import { filterCount, fromHash, isAsked, nameOf, nothing, toHash } from "./query.js";
import { Search } from "./search.js";
import { Stage } from "./stage.js";
import { Terms } from "./terms.js";
import { say, translate, turnLanguage } from "./words.js";

const TYPING = 180; // milliseconds without a key before a search
const ONE_STEP = 2500; // milliseconds within which words that change are one step of the history
const GLIMPSE = 60; // pictures shown before anything is asked
const VISIT = Math.random().toString(36).slice(2); // the user's own pictures are those of this visit

let query = nothing();
let asked = null; // the name of the query that was asked last
let shown = null; // the name of the query that the answers are of
let answers = []; // of the grid, best first
let cut = 0; // how many of them are above the cut-off
let indexes = null;
let standard = ""; // the server's default index
let scroll = null; // where to go back to, once the answers are there
let written = 0; // when the words were changed last
const glimpses = new Map(); // by index

const index = () => query.index || standard;
const facts = new Facts(
  () => {
    grid.describe();
    showTerms();
  },
  (failure) => failure.kind === "gone" && stage.toast(say("gone")));
const stage = new Stage({
  retry: () => (indexes ? search.again() : start()),
  example: (text) => go({ text }),
  showAll: () => go({ cutoff: null }),
  clearFilters: () => go({ folder: "", types: [], after: "", before: "" }),
});
const own = new OwnPictures({
  found: (number) => go({ text: "", terms: [{ sign: 1, own: number }], cutoff: null, open: null }),
  refused: (name) => stage.toast(say("notPicture", { name })),
});
const terms = new Terms({
  change: (changed) => go({ terms: changed }),
  index,
  own: (number) => own.get(number),
  facts: (id) => facts.get(id),
});
const filters = new Filters({
  change: (changes) => go("index" in changes ? leaveIndex(changes) : changes),
  folders: (name) => server.folders(name),
});
const cutoff = new Cutoff((value) => {
  query = { ...query, cutoff: value };
  draw();
  addressed(); // browsers refuse an address that changes with every pixel
});
const addressed = later(200, () => go({}, "replace"));
const grid = new Grid($("grid"), {
  open: (place) => open(answers[place].id),
  like,
  term,
  seen: (ids) => facts.want(ids),
  facts: (id) => facts.get(id),
  index,
  leave: () => $("text").focus(),
});
const details = new Details({
  index, facts, like, term, open,
  similarity: (id) => answers.find((answer) => answer.id === id)?.similarity,
  near: (id, step) => {
    const place = answers.findIndex((answer) => answer.id === id);
    return place < 0 || place + step >= cut ? null : answers[place + step]?.id ?? null;
  },
  close: () => (history.state?.over ? history.back() : go({ open: null }, "replace")),
  say: (text) => stage.toast(text),
});
const search = new Search({ show: follow, learn: (results) => facts.learn(results), own: (number) => own.get(number) });

/** Pictures and folders of one index mean nothing in another. */
function leaveIndex(changes) {
  return { ...changes, terms: query.terms.filter(({ id }) => id === undefined), cutoff: null };
}

function like(id) {
  go({ text: "", terms: [{ sign: 1, id }], cutoff: null, open: null });
}

function term(id, sign) {
  const others = query.terms.filter((other) => other.id !== id);
  go({ terms: [...others, { sign, id }], open: null });
}

/** Shows a picture's details; from one to the next the way back stays the same. */
function open(id) {
  go({ open: id }, query.open === null ? "over" : "replace");
}

/**
 * Changes the query. `how` says what becomes of the address: "push" makes a step to come back to, "over" one that
 * closing the dialog takes back, "replace" none.
 */
function go(changes, how = "push") {
  if (!indexes) return; // there is nothing to ask yet; start() reads the words when there is
  const before = query;
  const unsaid = typing.pending() ? { text: $("text").value } : {}; // words that were not searched yet
  typing.cancel();
  addressed.cancel();
  query = { ...query, ...unsaid, ...changes };
  const hash = toHash(query);
  const place = hash ? `#${hash}` : location.pathname + location.search;
  const state = { visit: VISIT, terms: query.terms, over: false, scroll: scrollY };
  if (how === "replace") history.replaceState({ ...state, over: history.state?.over ?? false }, "", place);
  else {
    keepScroll();
    history.pushState({ ...state, over: how === "over" }, "", place);
  }
  scroll = null;
  apply(before);
}

function keepScroll() {
  history.replaceState({ ...history.state, scroll: scrollY }, "");
}

/** Reads the query back from the address and the history. */
function arrive(state) {
  const before = query;
  typing.cancel();
  addressed.cancel();
  query = fromHash(location.hash);
  if (state?.visit === VISIT) query.terms = state.terms;
  else if (state?.terms?.some((term) => term.own !== undefined)) stage.toast(say("lostPicture"));
  if (!indexes.some(({ name }) => name === query.index)) query.index = "";
  scroll = state?.scroll ?? null;
  apply(before);
}

/** Brings all that is seen in step with the query. */
function apply(before) {
  const name = nameOf(query);
  if ((before.index || standard) !== index()) {
    answers = []; // the same ids are other pictures now
    shown = null;
    grid.show(answers);
  }
  facts.use(index());
  stage.use(indexes.find((one) => one.name === index()) ?? null, indexes.length > 1);
  if ($("text").value.trim() !== query.text.trim()) $("text").value = query.text;
  showTerms();
  filters.show(query, index(), indexes);
  document.title = query.text.trim() ? `${query.text.trim()} – ${say("title")}` : say("title");
  if (name !== asked) {
    asked = name;
    search.ask(query);
  } else if (name === shown) draw();
  const looked = details.id;
  if (query.open !== null) details.show(query.open);
  else if (looked !== null) {
    details.hide();
    comeBack(looked);
  }
}

function showTerms() {
  terms.show(query.terms, isAsked(query));
  $("clear").hidden = !$("text").value && !query.terms.length;
}

/** The focus goes back to the picture that was looked at. */
function comeBack(id) {
  const place = answers.findIndex((answer) => answer.id === id);
  if (place >= 0 && place < cut && nameOf(query) === shown) grid.focus(place);
  else $("text").focus({ preventScroll: true });
}

/** What the search has to tell. */
function follow(news) {
  stage.follow(news, { answers, asked: isAsked(query), terms: query.terms.length });
  if (news.phase === "failed" && news.failure.kind === "key") unlock(() => search.again());
  else if (news.phase === "nothing") glimpse(news.name);
  else if (news.answers) show(news.name, news.answers, news.whole);
}

function show(name, list, whole) {
  const fresh = name !== shown;
  shown = name;
  answers = list;
  if (fresh) grid.rewind();
  draw();
  if (scroll !== null) {
    scrollTo({ top: scroll, behavior: "instant" });
    if (whole || Math.abs(scrollY - scroll) < 2) scroll = null;
  } else if (fresh) scrollTo({ top: 0, behavior: "instant" });
}

/** Draws the answers above the cut-off. */
function draw() {
  const isSearch = isAsked(query);
  cut = isSearch ? countAbove(answers, query.cutoff) : answers.length;
  grid.show(answers, cut);
  if (isSearch) cutoff.show(answers, query.cutoff);
  stage.count({
    cut, all: answers.length, best: answers[0]?.similarity, filtered: filterCount(query) > 0, asked: isSearch,
  });
  details.refresh();
}

/** A few pictures to look at before anything is asked. Ids are small numbers, with gaps where pictures were removed. */
async function glimpse(name) {
  const of = index();
  const count = query.terms.length || filterCount(query) ? 0 : indexes.find((one) => one.name === of)?.pictures ?? 0;
  if (!count) return show(name, [], true);
  if (!glimpses.has(of)) {
    const few = count < 200;
    const ids = few ? Array.from({ length: 2 * count + 2 }, (_, id) => id)
      : Array.from({ length: 3 * GLIMPSE }, () => Math.floor(Math.random() * count) + 1);
    const found = await facts.fetch([...new Set(ids)]).catch(() => []);
    const mixed = found.map(({ id }) => ({ id })).sort(() => Math.random() - 0.5);
    if (mixed.length) glimpses.set(of, mixed.slice(0, GLIMPSE));
  }
  if (asked === name && of === index()) show(name, glimpses.get(of) ?? [], true);
}

/** Words that follow each other fast are one step in the history. */
function write() {
  const text = $("text").value;
  if (text.trim() === query.text.trim()) return;
  const fresh = Date.now() - written > ONE_STEP || !query.text.trim();
  written = Date.now();
  go({ text }, fresh ? "push" : "replace");
}

const typing = later(TYPING, write);

function listen() {
  const text = $("text");
  text.addEventListener("input", (event) => {
    if (event.isComposing) return; // an input method is at work: these are not the words yet
    showTerms();
    typing();
  });
  text.addEventListener("compositionend", () => typing());
  text.addEventListener("keydown", (event) => {
    if (event.isComposing || event.key !== "ArrowDown") return;
    event.preventDefault();
    grid.focus(0);
  });
  $("form").addEventListener("submit", (event) => {
    event.preventDefault();
    typing.cancel();
    write();
    if (matchMedia("(pointer: coarse)").matches) text.blur(); // the keyboard hides the pictures
  });
  $("clear").addEventListener("click", () => {
    text.value = "";
    go({ text: "", terms: [], cutoff: null });
    text.focus();
  });
  $("brand").addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    text.value = "";
    go({ ...nothing(), index: query.index });
  });
  $("skip").addEventListener("click", (event) => {
    event.preventDefault();
    if (cut) grid.focus(0);
    else $("grid").focus();
  });
  addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || details.id !== null) return;
    event.preventDefault();
    text.focus();
    text.select();
  });
  addEventListener("popstate", (event) => indexes && arrive(event.state));
  addEventListener("scroll", later(200, () => indexes && scroll === null && keepScroll()), { passive: true });
  $("language").addEventListener("click", () => {
    turnLanguage();
    speak();
  });
}

/** Says everything in the language of the moment. */
function speak() {
  translate();
  if (!indexes) return;
  grid.renew();
  apply(query);
  details.renew();
}

/** Asks for the key, and goes on with what needed it. */
async function unlock(goOn) {
  await askKey();
  search.forget();
  facts.forget();
  filters.forget();
  goOn();
  if (indexes) grid.renew();
}

async function start() {
  stage.follow({ phase: "running" }, { answers, asked: false, terms: 0 });
  try {
    const answer = await server.indexes();
    indexes = answer.indexes;
    standard = answer.default ?? indexes[0]?.name ?? "";
    const early = $("text").value;
    arrive(history.state);
    if (early.trim()) go({ text: early });
    if (matchMedia("(hover: hover)").matches && query.open === null) $("text").focus({ preventScroll: true });
  } catch (failure) {
    if (failure.kind === "key") {
      unlock(start);
      return;
    }
    const seconds = failure.retryAfter || 3;
    stage.follow({ phase: "failed", failure, seconds }, { answers, asked: false, terms: 0 });
    setTimeout(() => indexes || start(), seconds * 1000);
  }
}

history.scrollRestoration = "manual";
translate();
followTheme();
listen();
start();

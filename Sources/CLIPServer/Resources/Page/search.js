// Runs searches: the newest one wins, older ones are stopped; a short answer first, then the long list behind it.

import { Failure, server } from "./api.js";
import { isAsked, nameOf, toBody } from "./query.js";

const FIRST = 60;
const ALL = 10_000;
const PAUSE = 300; // milliseconds before the long list is asked for: who types on needs none
const REMEMBERED = 12;

/**
 * Tells `show` what to show, as often as it changes:
 *   {name, phase: "nothing" | "running" | "done" | "failed", answers: [{id, similarity}] or null, whole,
 *    failure, seconds}
 * `answers` is null while the first are on their way, `whole` says whether the long list is there, and `seconds` after
 * how many a failed search is tried again (0: never).
 * `learn` is given the details that came with the answers.
 */
export class Search {
  #show;
  #learn;
  #own;
  #stop = new AbortController();
  #timer = 0;
  #attempt = 0;
  #remembered = new Map();
  #query = null;

  constructor({ show, learn, own }) {
    this.#show = show;
    this.#learn = learn;
    this.#own = own;
  }

  /** Asks, and stops what was asked before. */
  ask(query) {
    const name = nameOf(query);
    this.#halt();
    this.#query = query;
    this.#attempt = 0;
    if (!isAsked(query)) {
      this.#show({ name, phase: "nothing", answers: null, whole: true });
      return;
    }
    const before = this.#remembered.get(name);
    if (before) {
      this.#show({ name, phase: "done", answers: before, whole: true });
      return;
    }
    this.#run(query, name);
  }

  /** Asks the same again, after a failure. */
  again() {
    this.#halt();
    if (this.#query && isAsked(this.#query)) this.#run(this.#query, nameOf(this.#query));
  }

  /** Forgets all answers, because another key may see others. */
  forget() {
    this.#remembered.clear();
  }

  #halt() {
    clearTimeout(this.#timer);
    this.#stop.abort();
    this.#stop = new AbortController();
  }

  async #run(query, name) {
    const { signal } = this.#stop;
    const body = toBody(query, this.#own);
    this.#show({ name, phase: "running", answers: null, whole: false });
    try {
      const first = await server.search({ ...body, top: FIRST, details: true }, signal);
      if (signal.aborted) return;
      this.#learn(first.results);
      const whole = first.results.length < FIRST;
      this.#attempt = 0;
      this.#finish(name, first.results, whole);
      if (!whole) this.#timer = setTimeout(() => this.#runLong(body, name, signal), PAUSE);
    } catch (error) {
      if (signal.aborted || error.name === "AbortError") return;
      this.#fail(error, name, () => this.#run(query, name));
    }
  }

  async #runLong(body, name, signal) {
    try {
      const { results } = await server.search({ ...body, top: ALL, brief: true }, signal);
      if (!signal.aborted) this.#finish(name, results, true);
    } catch (error) {
      if (signal.aborted || error.name === "AbortError") return;
      this.#fail(error, name, () => this.#runLong(body, name, signal));
    }
  }

  #finish(name, results, whole) {
    const answers = results.map(({ id, similarity }) => ({ id, similarity }));
    if (whole) {
      this.#remembered.delete(name);
      this.#remembered.set(name, answers);
      if (this.#remembered.size > REMEMBERED) this.#remembered.delete(this.#remembered.keys().next().value);
    }
    this.#show({ name, phase: "done", answers, whole });
  }

  /** A busy server says when to come back; one that is gone is asked ever more seldom. */
  #fail(error, name, retry) {
    const failure = error instanceof Failure ? error : new Failure("refused", error.message);
    this.#attempt += 1;
    const seconds =
      failure.kind === "busy" ? failure.retryAfter : failure.kind === "gone" ? Math.min(2 ** this.#attempt, 20) : 0;
    if (seconds) this.#timer = setTimeout(retry, seconds * 1000);
    this.#show({ name, phase: "failed", answers: null, whole: false, failure, seconds });
  }
}

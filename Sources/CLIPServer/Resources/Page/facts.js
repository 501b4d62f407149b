// What is known of the index's pictures: path, pixels, bytes, dates. Asked for those in view, many in one request.

import { server } from "./api.js";
import { later } from "./dom.js";

const MOST = 500; // ids in one request
const KEPT = 20_000;

export class Facts {
  #index = "";
  #known = new Map();
  #wanted = [];
  #running = false;
  #changed;
  #failed;
  #again = later(3000, () => this.want(this.#missed));
  #missed = [];

  /** `changed` is called whenever more is known, `failed` with what went wrong. */
  constructor(changed, failed) {
    this.#changed = changed;
    this.#failed = failed;
  }

  /** Ids mean other pictures in another index. */
  use(index) {
    if (index === this.#index) return;
    this.#index = index;
    this.forget();
  }

  forget() {
    this.#known.clear();
    this.#wanted = [];
    this.#again.cancel();
  }

  get(id) {
    return this.#known.get(id);
  }

  learn(results) {
    for (const result of results) {
      if (result.image !== undefined) this.#known.set(result.id, result);
    }
    while (this.#known.size > KEPT) this.#known.delete(this.#known.keys().next().value);
  }

  /** Asks for what is not known yet. What was wanted before and not asked for is forgotten: it is out of view. */
  async want(ids) {
    this.#again.cancel();
    this.#wanted = ids.filter((id) => !this.#known.has(id)).slice(0, MOST);
    if (this.#running) return;
    this.#running = true;
    while (this.#wanted.length) {
      const index = this.#index;
      const asked = this.#wanted;
      this.#wanted = [];
      try {
        await this.fetch(asked);
      } catch (failure) {
        this.#missed = this.#wanted.length ? this.#wanted : asked;
        this.#again();
        this.#failed(failure);
        break;
      }
      if (index !== this.#index) continue;
      this.#wanted = this.#wanted.filter((id) => !this.#known.has(id));
      this.#changed();
    }
    this.#running = false;
  }

  /** Asks for some pictures and returns what there is of them. Throws `Failure`. */
  async fetch(ids, signal) {
    const index = this.#index;
    const { pictures } = await server.pictures(index, ids, signal);
    if (index === this.#index) this.learn(pictures);
    return pictures;
  }
}

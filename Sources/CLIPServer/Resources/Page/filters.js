// Which pictures are searched: index, folder, file type, dates.

import { $, iconButton, make } from "./dom.js";
import { filterCount } from "./query.js";
import { number, say } from "./words.js";

/** The folder that all folders lie in, with its slash at the end; names are shown without it. */
function commonFolder(folders) {
  const parts = folders.map((folder) => folder.split("/"));
  let length = 0;
  while (parts.length && parts.every((part) => part.length > length + 1 && part[length] === parts[0][length])) length += 1;
  return parts.length ? parts[0].slice(0, length).map((part) => `${part}/`).join("") : "";
}

/** `act` has change(changes) and folders(index), which gives what the server knows of folders and types. */
export class Filters {
  #panel = $("filters");
  #button = $("filters-button");
  #act;
  #query = null;
  #indexes = [];
  #choices = { folders: [], types: [] };
  #of = null; // the index that the choices are of

  constructor(act) {
    this.#act = act;
    this.#button.addEventListener("click", () => this.#toggle());
    this.#panel.addEventListener("submit", (event) => event.preventDefault());
    this.#panel.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented) return;
      this.#toggle();
      this.#button.focus();
    });
  }

  /** `index` is the name of the index that is searched, `indexes` all there are. */
  show(query, index, indexes) {
    this.#query = query;
    this.#indexes = indexes;
    this.#index = index;
    this.#showActive();
    if (this.#panel.hidden) return;
    if (this.#drawn === this.#name()) this.#sync();
    else this.#fill();
  }

  #index = "";
  #drawn = "";

  /** Fields are made anew for another index or language only: somebody may be in the middle of one. */
  #name() {
    return `${this.#index} ${document.documentElement.lang} ${this.#indexes.length}`;
  }

  #sync() {
    const { folder, types, after, before } = this.#query;
    const values = { index: this.#index, folder, after, before };
    for (const [name, value] of Object.entries(values)) {
      const field = $(`filter-${name}`);
      if (!field || field.value === value) continue;
      if (name === "folder" && ![...field.options].some((option) => option.value === value)) this.#draw();
      else if (document.activeElement !== field || field.checkValidity()) field.value = value;
    }
    for (const box of this.#panel.querySelectorAll("input[type=checkbox]")) box.checked = types.includes(box.value);
  }

  /** Reads the choices again: another key may see others. */
  forget() {
    this.#of = null;
  }

  #toggle() {
    this.#panel.hidden = !this.#panel.hidden;
    this.#button.setAttribute("aria-expanded", String(!this.#panel.hidden));
    if (!this.#panel.hidden) this.#fill();
  }

  async #fill() {
    this.#draw();
    if (this.#of === this.#index) return;
    const asked = this.#index;
    this.#of = asked;
    this.#choices = { folders: [], types: [] };
    try {
      const choices = await this.#act.folders(asked);
      if (this.#of !== asked) return;
      this.#choices = choices;
    } catch {
      this.#of = null; // the next opening tries again; dates can be chosen without
    }
    this.#draw();
  }

  #draw() {
    this.#drawn = this.#name();
    const focused = this.#panel.contains(document.activeElement) ? document.activeElement.id : "";
    const { folder, types, after, before } = this.#query;
    const fields = [];
    if (this.#indexes.length > 1) {
      const options = this.#indexes.map(({ name, pictures }) => [name, `${name} (${number(pictures)})`]);
      fields.push(this.#select("index", options, this.#index, (index) =>
        this.#act.change({ index, folder: "", types: [] })));
    }
    fields.push(this.#select("folder", this.#folders(folder), folder, (value) => this.#act.change({ folder: value })));
    const names = [...new Set([...this.#choices.types.map(({ type }) => type), ...types])];
    if (names.length) fields.push(this.#types(names, types));
    fields.push(this.#day("after", after), this.#day("before", before));
    this.#panel.replaceChildren(...fields);
    if (focused) $(focused)?.focus();
  }

  #folders(chosen) {
    const { folders } = this.#choices;
    const common = commonFolder(folders.map(({ folder }) => folder));
    const options = folders.map(({ folder, pictures }) =>
      [folder, `${folder.slice(common.length) || folder} (${number(pictures)})`]);
    options.sort(([, one], [, other]) => one.localeCompare(other));
    if (chosen && !folders.some(({ folder }) => folder === chosen)) options.unshift([chosen, chosen]);
    return [["", say("anyFolder")], ...options];
  }

  #select(name, options, chosen, change) {
    const id = `filter-${name}`;
    const select = make("select", { id, onchange: () => change(select.value) },
      ...options.map(([value, textContent]) => make("option", { value, textContent })));
    select.value = chosen;
    return make("div", { className: "panel-field" },
      make("label", { htmlFor: id, textContent: say(name) }), select);
  }

  #types(names, chosen) {
    const boxes = names.map((type, place) => {
      const box = make("input", {
        type: "checkbox", id: `filter-type-${place}`, value: type, checked: chosen.includes(type),
      });
      box.addEventListener("change", () => {
        const others = this.#query.types.filter((other) => other !== type);
        this.#act.change({ types: box.checked ? [...others, type] : others });
      });
      return make("label", { className: "choice" }, box, make("span", { textContent: type.toUpperCase() }));
    });
    return make("fieldset", { className: "panel-field panel-types" },
      make("legend", { textContent: say("type") }), make("div", { className: "choices" }, ...boxes));
  }

  #day(name, value) {
    const id = `filter-${name}`;
    const field = make("input", { id, type: "date", value, min: "1800-01-01", max: "2999-12-31" });
    // A year that is half written, 0020, is out of range.
    field.addEventListener("change", () => field.checkValidity() && this.#act.change({ [name]: field.value }));
    return make("div", { className: "panel-field" }, make("label", { htmlFor: id, textContent: say(name) }), field);
  }

  /** The filters at work, each with a button that takes it away. */
  #showActive() {
    const { index, folder, types, after, before } = this.#query;
    const chip = (text, changes, title = text) =>
      make("li", { className: "active-filter", title }, make("span", { textContent: text }),
        iconButton("close", say("remove", { name: text }), {
          onclick: () => {
            this.#act.change(changes);
            this.#button.focus();
          },
        }));
    const chips = [];
    if (index && this.#indexes.length > 1) chips.push(chip(index, { index: "", folder: "", types: [] }));
    if (folder) chips.push(chip(folder.split("/").pop() || folder, { folder: "" }, folder));
    for (const type of types) chips.push(chip(type.toUpperCase(), { types: types.filter((other) => other !== type) }));
    if (after) chips.push(chip(say("since", { date: after }), { after: "" }));
    if (before) chips.push(chip(say("until", { date: before }), { before: "" }));
    $("filters-active").replaceChildren(...chips);
    this.#button.classList.toggle("pill-on", filterCount(this.#query) > 0);
  }
}

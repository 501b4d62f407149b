// The few helpers that every part of the page shares.

/** The element of an id. */
export const $ = (id) => document.getElementById(id);

/** A new element: properties are set, `data` and `aria` go to attributes, children are elements or strings. */
export function make(tag, properties = {}, ...children) {
  const { data = {}, aria = {}, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(data)) element.dataset[name] = value;
  for (const [name, value] of Object.entries(aria)) element.setAttribute(`aria-${name}`, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** One of the icons that index.html defines; for the eye only, the control beside it has a name. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  const use = document.createElementNS(SVG, "use");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** A button that shows only an icon. */
export function iconButton(name, label, properties = {}) {
  return make("button", { type: "button", title: label, aria: { label }, ...properties }, icon(name));
}

/** What is kept between visits. Storage may be forbidden or full, and the page works without. */
export const kept = {
  get(name, storage = "localStorage") {
    try {
      return window[storage].getItem(`clip-${name}`);
    } catch {
      return null;
    }
  },
  set(name, value, storage = "localStorage") {
    try {
      if (value) window[storage].setItem(`clip-${name}`, value);
      else window[storage].removeItem(`clip-${name}`);
    } catch {
      // Then it lasts as long as the page.
    }
  },
};

/**
 * A function that runs `work` once it was not called for `milliseconds`. `pending()` says whether it is about to, and
 * `cancel()` forgets it.
 */
export function later(milliseconds, work) {
  let timer = 0;
  const call = (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = 0;
      work(...values);
    }, milliseconds);
  };
  call.pending = () => timer !== 0;
  call.cancel = () => {
    clearTimeout(timer);
    timer = 0;
  };
  return call;
}

/** The last part of a path, of either kind of slash. */
export const fileName = (path) => path.split(/[\\/]/).pop() || path;

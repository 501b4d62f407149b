// What is asked: words, terms, filters and the cut-off; and how that is written into the page's address.

/**
 * text    the words in the search field
 * terms   [{sign: 1 or -1, and one of: text, id (a picture of the index), own (the number of one of the user's)}]
 * index   the name of the index, or "" for the server's default
 * folder, types, after, before   the filters
 * cutoff  the least similarity shown, or null
 * open    the id of the picture whose details are shown, or null
 */
export const nothing = () => ({
  text: "", terms: [], index: "", folder: "", types: [], after: "", before: "", cutoff: null, open: null,
});

/** Whether there is something to search for: subtracting alone is not. */
export const isAsked = (query) => query.text.trim() !== "" || query.terms.some((term) => term.sign > 0);

export const filterCount = (query) =>
  (query.folder ? 1 : 0) + query.types.length + (query.after ? 1 : 0) + (query.before ? 1 : 0);

/** The part of the address after #. The user's own pictures are too long for it and are left out. */
export function toHash(query) {
  const parts = new URLSearchParams();
  if (query.text.trim()) parts.append("q", query.text.trim());
  for (const { sign, text, id } of query.terms) {
    if (text !== undefined) parts.append(sign > 0 ? "add" : "subtract", text);
    if (id !== undefined) parts.append(sign > 0 ? "like" : "unlike", id);
  }
  if (query.index) parts.append("in", query.index);
  if (query.folder) parts.append("folder", query.folder);
  for (const type of query.types) parts.append("type", type);
  if (query.after) parts.append("after", query.after);
  if (query.before) parts.append("before", query.before);
  if (query.cutoff !== null) parts.append("min", String(query.cutoff));
  if (query.open !== null) parts.append("open", query.open);
  return parts.toString();
}

const day = (value) => (/^\d{4}-\d{2}-\d{2}$/.test(value ?? "") ? value : "");
const whole = (value) => (/^\d{1,15}$/.test(value ?? "") ? Number(value) : null);

/** What an address asks. Parts that make no sense are left out: people edit addresses. */
export function fromHash(hash) {
  const query = nothing();
  const parts = new URLSearchParams(hash.replace(/^#/, ""));
  for (const [name, value] of parts) {
    if (name === "add" || name === "subtract") {
      if (value.trim()) query.terms.push({ sign: name === "add" ? 1 : -1, text: value });
    } else if (name === "like" || name === "unlike") {
      const id = whole(value);
      if (id !== null) query.terms.push({ sign: name === "like" ? 1 : -1, id });
    }
  }
  query.text = parts.get("q") ?? "";
  query.index = parts.get("in") ?? "";
  query.folder = parts.get("folder") ?? "";
  query.types = [...new Set(parts.getAll("type"))];
  query.after = day(parts.get("after"));
  query.before = day(parts.get("before"));
  const cutoff = Number(parts.get("min") ?? NaN);
  query.cutoff = Number.isFinite(cutoff) ? cutoff : null;
  query.open = whole(parts.get("open"));
  return query;
}

/** The body of a search, less how many answers are wanted. `own(number)` gives a picture of the user's. */
export function toBody(query, own) {
  const body = {};
  const term = ({ text, id, own: number }) =>
    text !== undefined ? { text } : id !== undefined ? { id } : { image: own(number) };
  const text = query.text.trim();
  const added = query.terms.filter(({ sign }) => sign > 0).map(term);
  const subtracted = query.terms.filter(({ sign }) => sign < 0).map(term);
  if (text) body.text = text;
  if (added.length) body.add = added;
  if (subtracted.length) body.subtract = subtracted;
  if (query.index) body.index = query.index;
  const filter = {};
  if (query.folder) filter.folder = query.folder;
  if (query.types.length) filter.types = query.types;
  if (query.after) filter.after = query.after;
  if (query.before) filter.before = query.before;
  if (Object.keys(filter).length) body.filter = filter;
  return body;
}

/** Two queries with the same name have the same answers. */
export const nameOf = (query) =>
  JSON.stringify(toBody(query, (number) => `own ${number}`));

// How the page talks to the server. Addresses are relative, so that the page works behind a proxy's prefix too.

import { kept } from "./dom.js";

/** What went wrong. `kind`: gone (no answer), busy (429, 503), key (401), missing (404), refused (all else). */
export class Failure extends Error {
  constructor(kind, message, retryAfter = 0) {
    super(message);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

const kinds = { 401: "key", 404: "missing", 429: "busy", 503: "busy" };
let key = kept.get("key", "sessionStorage");

/** Whether a key is sent. Pictures cannot be shown by their address then: an <img> sends no key. */
export const hasKey = () => Boolean(key);

/** Sends a key from now on. */
export function useKey(value) {
  key = value;
  kept.set("key", value, "sessionStorage");
}

async function send(path, { body, signal } = {}) {
  const headers = {};
  if (key) headers.Authorization = `Bearer ${key}`;
  if (body) headers["Content-Type"] = "application/json";
  let response;
  try {
    response = await fetch(new URL(path, document.baseURI), {
      method: body ? "POST" : "GET", headers, signal, body: body && JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure("gone", error.message);
  }
  if (response.ok) return response;
  const answer = await response.json().catch(() => null);
  const wait = Number(response.headers.get("Retry-After")) || 2;
  throw new Failure(kinds[response.status] ?? "refused", answer?.error?.message ?? `${response.status}`, wait);
}

async function ask(path, options) {
  const response = await send(path, options);
  try {
    return await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure("gone", error.message);
  }
}

const at = (index, rest) => `v1/indexes/${encodeURIComponent(index)}/${rest}`;

export const server = {
  indexes: () => ask("v1/indexes"),
  folders: (index) => ask(at(index, "folders")),
  search: (body, signal) => ask("v1/search", { body, signal }),
  pictures: (index, ids, signal) => ask(at(index, `pictures?ids=${ids.join(",")}`), { signal }),
  classify: (body, signal) => ask("v1/classify", { body, signal }),
};

const SIZES = [160, 320, 640, 1600];

/** The smallest thumbnail that is sharp at a side of so many CSS pixels. */
export function thumbnailSize(side) {
  const needed = side * Math.min(devicePixelRatio || 1, 2);
  return SIZES.find((size) => size >= needed * 0.9) ?? 1600;
}

/**
 * Shows a thumbnail in an <img>. Returns a function that stops loading it, and frees it.
 * The picture's `load` and `error` events tell how it went.
 */
export function showThumbnail(image, index, id, size) {
  const path = at(index, `thumbnails/${id}?size=${size}`);
  if (!hasKey()) {
    image.src = new URL(path, document.baseURI);
    return () => image.removeAttribute("src");
  }
  const stop = new AbortController();
  let address = "";
  send(path, { signal: stop.signal })
    .then((response) => response.blob())
    .then((blob) => {
      if (stop.signal.aborted) return;
      address = URL.createObjectURL(blob);
      image.src = address;
    })
    .catch((error) => {
      if (error.name !== "AbortError") image.dispatchEvent(new Event("error"));
    });
  return () => {
    stop.abort();
    image.removeAttribute("src");
    if (address) URL.revokeObjectURL(address);
  };
}

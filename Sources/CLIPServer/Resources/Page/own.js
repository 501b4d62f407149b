// The user's own pictures to search by: chosen, dropped or pasted.

import { $ } from "./dom.js";

const SIDE = 768; // pixels: more than any model sees
const SMALL = 400_000; // bytes that are sent as they are

const asAddress = (blob) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });

/** Makes a large picture small before it is sent. One that the browser cannot read goes as it is: the server may. */
async function shrunk(file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    return file;
  }
  const factor = SIDE / Math.max(bitmap.width, bitmap.height);
  if (factor >= 1 && file.size <= SMALL) return file;
  const scale = Math.min(1, factor);
  const canvas = new OffscreenCanvas(Math.max(1, bitmap.width * scale), Math.max(1, bitmap.height * scale));
  const pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  // Transparency must survive; JPEG has none.
  return canvas.convertToBlob(
    file.type === "image/jpeg" ? { type: "image/jpeg", quality: 0.92 } : { type: "image/png" });
}

const MAY_BE_PICTURE = /\.(jpe?g|png|webp|gif|tiff?|bmp|hei[cf]|avif|jp2|svg|ico|dng|cr2|nef|arw)$/i;
const isPicture = (file) => file.type.startsWith("image/") || MAY_BE_PICTURE.test(file.name);

/** Own pictures by number: the address of the page and its history hold the number only. */
export class OwnPictures {
  #addresses = [];
  #found;
  #refused;

  /** `found(number)` is called for a picture, `refused(name)` for what is none. */
  constructor({ found, refused }) {
    this.#found = found;
    this.#refused = refused;
    this.#choosing();
    this.#dropping();
    addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (!files.length) return; // words are pasted as ever
      event.preventDefault();
      this.#take(files);
    });
  }

  /** A picture as a data: address, or undefined when it was of an earlier visit. */
  get(number) {
    return this.#addresses[number];
  }

  async #take(files) {
    const file = files.find(isPicture);
    if (!file) {
      if (files.length) this.#refused(files[0].name);
      return;
    }
    try {
      this.#addresses.push(await asAddress(await shrunk(file)));
      this.#found(this.#addresses.length - 1);
    } catch {
      this.#refused(file.name);
    }
  }

  #choosing() {
    $("choose").addEventListener("click", () => $("file").click());
    $("file").addEventListener("change", () => {
      this.#take([...$("file").files]);
      $("file").value = ""; // or the same picture could not be chosen twice
    });
  }

  #dropping() {
    // dragenter and dragleave come for every element on the way; they are counted to know when the page is left.
    let depth = 0;
    const withFiles = (event) => event.dataTransfer?.types.includes("Files");
    const cover = (shown) => {
      if (!shown) depth = 0;
      $("drop").hidden = !shown;
    };
    addEventListener("dragenter", (event) => {
      if (!withFiles(event)) return;
      depth += 1;
      cover(true);
    });
    addEventListener("dragleave", (event) => {
      if (withFiles(event) && (depth -= 1) <= 0) cover(false);
    });
    addEventListener("dragover", (event) => {
      if (withFiles(event)) event.preventDefault();
    });
    addEventListener("drop", (event) => {
      cover(false);
      if (!withFiles(event)) return;
      event.preventDefault();
      this.#take([...event.dataTransfer.files]);
    });
  }
}

// Asks for the server's key.

import { hasKey, useKey } from "./api.js";
import { $, make } from "./dom.js";
import { say } from "./words.js";

/** Shows the dialog until a key is given, and returns then. A key that was sent before was wrong. */
export function askKey() {
  const dialog = $("key");
  if (dialog.open) return new Promise(() => {}); // whoever asked first gets the answer
  const field = make("input", {
    type: "password", id: "key-field", required: true, autocomplete: "off", autofocus: true,
  });
  const hint = hasKey() ? "keyWrong" : "keyHint";
  const form = make("form", { className: "key-form" },
    make("h2", { id: "key-title", textContent: say("keyTitle") }),
    make("p", { className: hasKey() ? "key-wrong" : "", textContent: say(hint), role: "status" }),
    make("label", { htmlFor: "key-field", textContent: say("key") }), field,
    make("button", { className: "main-button", textContent: say("unlock") }));
  dialog.replaceChildren(form);
  dialog.oncancel = (event) => event.preventDefault(); // without a key there is nothing to see
  dialog.showModal();
  return new Promise((resolve) => {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!field.value.trim()) return;
      useKey(field.value.trim());
      dialog.close();
      resolve();
    });
  });
}

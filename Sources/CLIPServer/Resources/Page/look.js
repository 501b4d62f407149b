// Light or dark: the system's choice until the reader makes one.

import { $, kept } from "./dom.js";

const system = matchMedia("(prefers-color-scheme: dark)");

const isDark = () => (document.documentElement.dataset.theme ?? (system.matches ? "dark" : "light")) === "dark";

/** Lets the button turn the theme. A choice that agrees with the system's is no choice: the page follows it again. */
export function followTheme() {
  const tell = () => $("theme").setAttribute("aria-pressed", String(isDark()));
  $("theme").addEventListener("click", () => {
    const dark = !isDark();
    if (dark === system.matches) delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = dark ? "dark" : "light";
    kept.set("theme", document.documentElement.dataset.theme);
    tell();
  });
  system.addEventListener("change", tell);
  tell();
}

/* Light, dark, or as the system. */
import { $$ } from "./base.js";

const system = matchMedia("(prefers-color-scheme: dark)");
const want = () => localStorage.getItem("ts_theme") || "system";

export function paint() {
  const dark = want() === "dark" || (want() === "system" && system.matches);
  for (const element of [document.documentElement, document.body]) {
    if (element.classList.contains("dark") !== dark) element.classList.toggle("dark", dark);
  }
  document.documentElement.style.colorScheme = dark ? "dark" : "light";
  $$("[data-theme]").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.theme === want())));
}
export function startTheme() {
  system.addEventListener("change", paint);
  new MutationObserver(paint).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-theme]");
    if (!button) return;
    localStorage.setItem("ts_theme", button.dataset.theme);
    paint();
  });
  paint();
}

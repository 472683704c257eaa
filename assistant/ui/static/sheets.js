/* Panels that lie over the page on small screens, and the help panel: focus in, kept inside, Esc, focus back. */
import { $, $$, act, fill, narrow, phone } from "./base.js";

let back = null;
const open = { menu: "menu-open", ev: "ev-open", help: "help-open" };
const panel = { menu: () => $("#ts-rail"), ev: () => $("#ts-ev"), help: () => $("#ts-help") };
export const isOpen = (which) => document.body.classList.contains(open[which]);

export function sheet(which, on) {
  if (on === isOpen(which)) return;
  if (on) back = document.activeElement;
  document.body.classList.toggle(open[which], on);
  if (which === "menu") $("#ts-menu")?.setAttribute("aria-expanded", String(on));
  if (on) setTimeout(() => $("[aria-selected=true], button, a", panel[which]())?.focus({ preventScroll: true }), 60);
  else if (back?.isConnected) back.focus({ preventScroll: true });
}
export function closeTop() {
  for (const which of ["help", "menu", "ev"]) {
    if (isOpen(which)) { sheet(which, false); return true; }
  }
  return false;
}
export const showEvidence = () => { document.body.classList.remove("ev-closed"); if (narrow()) sheet("ev", true); };

async function help() {
  let box = $("#ts-help");
  if (!box) {
    box = document.createElement("div");
    box.id = "ts-help";
    box.className = "ts-root";
    box.setAttribute("role", "dialog");
    box.setAttribute("aria-labelledby", "help-h");
    document.body.append(box);
    await fill(box, "/ui/part/help");
  }
  sheet("help", true);
}
export const openHelp = help;

export function startSheets() {
  act("menu", () => sheet("menu", !isOpen("menu")));
  act("help", help);
  act("close-help", () => sheet("help", false));
  act("toggle-ev", () => (narrow() ? sheet("ev", !isOpen("ev")) : document.body.classList.toggle("ev-closed")));
  act("close-ev", () => (narrow() ? sheet("ev", false) : document.body.classList.add("ev-closed")));
  document.addEventListener("click", (event) => {
    const on = Object.keys(open).find(isOpen);
    if (on && !event.target.closest("#ts-rail, #ts-ev, #ts-help, [data-act], .cite") && (on !== "ev" || phone())) sheet(on, false);
  });
  document.addEventListener("keydown", (event) => {
    const on = Object.keys(open).find(isOpen);
    if (event.key !== "Tab" || !on) return;
    const inside = $$("a, button, input, select, [tabindex='0']", panel[on]()).filter((item) => item.offsetParent && !item.disabled);
    if (!inside.length) return;
    const first = inside[0], last = inside[inside.length - 1], now = document.activeElement;
    const next = !panel[on]().contains(now) ? first : event.shiftKey && now === first ? last : !event.shiftKey && now === last ? first : null;
    if (next) { next.focus(); event.preventDefault(); }
  });
}

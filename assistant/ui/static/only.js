/* A question over chosen documents alone: which ones, per corpus, until all are asked again. */
import { $, $$, act, el, getJson, query, t, trying } from "./base.js";

const SHOWN = 200;
let corpus = "";
let names = new Set();
let every = [];

const stored = () => { try { return JSON.parse(sessionStorage.getItem("ts_only")) || {}; } catch { return {}; } };
const keep = () => sessionStorage.setItem("ts_only", JSON.stringify({ corpus, names: [...names] }));
export const chosenDocuments = () => [...names];

/* The button says what is chosen; a choice holds for its corpus alone. */
export function drawOnly() {
  const button = $("#ts-only"), now = $("#ts-corpus")?.value || "";
  if (!button) return;
  if (now !== corpus) { corpus = now; names = new Set(stored().corpus === now ? stored().names : []); }
  $(".nm", button).textContent = names.size === 0 ? t("only_all") : names.size === 1 ? [...names][0] : t("only_n", { n: names.size });
  button.classList.toggle("on", names.size > 0);
  $("#ts-only-off").hidden = names.size === 0;
}
function choose(to) {
  names = new Set(to);
  keep();
  drawOnly();
}
export function askOnly(inCorpus, name) {
  localStorage.setItem("ts_corpus", inCorpus);
  sessionStorage.setItem("ts_only", JSON.stringify({ corpus: inCorpus, names: [name] }));
  corpus = "\0"; // read anew when the chooser is drawn
  location.hash = "#/chat";
}

function drawList() {
  const box = $("#ts-onlybox"), asked = $("#ts-only-find").value.trim().toLowerCase();
  const found = every.filter((name) => name.toLowerCase().includes(asked));
  const first = [...found.filter((name) => names.has(name)), ...found.filter((name) => !names.has(name))].slice(0, SHOWN);
  $("ul", box).replaceChildren(...first.map((name) => {
    const item = el("li"), label = el("label", "check"), tick = el("input");
    tick.type = "checkbox";
    tick.checked = names.has(name);
    tick.addEventListener("change", () => { tick.checked ? names.add(name) : names.delete(name); choose(names); });
    label.append(tick, el("span", "nm", name));
    item.append(label);
    return item;
  }));
  const note = $(".note", box), more = found.length > first.length ? t("only_more", { n: first.length, total: found.length }) : "";
  const said = found.length ? more : t("no_match");
  note.textContent = said;
  note.hidden = !said;
}
function close(back = false) {
  const box = $("#ts-onlybox");
  if (!box || box.hidden) return false;
  box.hidden = true;
  $("#ts-only").setAttribute("aria-expanded", "false");
  if (back) $("#ts-only").focus();
  return true;
}
const show = trying(async () => {
  if (close()) return;
  const box = $("#ts-onlybox"), button = $("#ts-only");
  every = (await getJson(`/ui/only?${query({ corpus: $("#ts-corpus").value })}`)).names;
  choose([...names].filter((name) => every.includes(name)));
  $("#ts-only-find").value = "";
  drawList();
  box.hidden = false;
  button.setAttribute("aria-expanded", "true");
  const place = button.getBoundingClientRect();
  box.style.left = Math.max(8, Math.min(place.left, innerWidth - box.offsetWidth - 8)) + "px";
  box.style.bottom = innerHeight - place.top + 6 + "px";
  $("#ts-only-find").focus();
});

export function startOnly() {
  act("only", show);
  act("only-off", () => { choose([]); $("#ts-box").focus(); });
  act("ask-only", (button) => askOnly(button.dataset.corpus, button.dataset.name));
  document.addEventListener("change", (event) => { if (event.target.id === "ts-corpus") { close(); drawOnly(); } });
  document.addEventListener("input", (event) => { if (event.target.id === "ts-only-find") drawList(); });
  document.addEventListener("click", (event) => { if (!event.target.closest("#ts-onlybox, [data-act=only]")) close(); });
  document.addEventListener("keydown", (event) => {
    if ($("#ts-onlybox")?.hidden ?? true) return;
    if (event.key === "Escape") { event.stopImmediatePropagation(); close(true); }
    if (event.key === "Enter" && event.target.id === "ts-only-find") {
      event.preventDefault();
      const ticks = $$("#ts-onlybox input[type=checkbox]");
      if (ticks.length === 1) ticks[0].click();
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const items = [$("#ts-only-find"), ...$$("#ts-onlybox input[type=checkbox]")], at = items.indexOf(document.activeElement);
      event.preventDefault();
      items[(at + (event.key === "ArrowDown" ? 1 : items.length - 1)) % items.length]?.focus();
    }
  }, true);
}

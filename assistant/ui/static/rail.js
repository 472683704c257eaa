/* The rail: conversations with search, rename, export, delete; corpora; language. */
import { $, $$, act, call, deleteWithUndo, el, fill, send, state, sure, t, trying } from "./base.js";
import { paint } from "./theme.js";

let searched = "";
let timer = 0;
let later = 0;

/* Draws the rail; later while a menu or a name is open, unless that is what changed it. */
export const rail = trying(async (force = false) => {
  clearTimeout(later);
  if (force !== true && $("#rail-root .popover:not([hidden]), #rail-root .conv input")) { later = setTimeout(rail, 1500); return; }
  const root = $("#rail-root"), typing = document.activeElement?.id === "ts-find", scroll = $(".convs", root)?.scrollTop || 0;
  if (!(await fill(root, `/ui/rail?${new URLSearchParams({ q: searched, current: state.conversation })}`))) return;
  if (typing) { const input = $("#ts-find"); input.value = searched; input.focus(); input.setSelectionRange(input.value.length, input.value.length); }
  $(".convs", root).scrollTop = scroll;
  paint();
  markView();
  watchModel();
});
export function markView() {
  $$("#rail-root a.nav").forEach((link) => link.dataset.view === state.view ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current"));
}
function watchModel() {
  if ($("#ts-model")?.dataset.ready !== "0") return;
  clearTimeout(timer);
  timer = setTimeout(async () => {
    const ready = await call("/ui/model").then((response) => response.json()).catch(() => null);
    if (!ready?.ready) return watchModel();
    const chip = $("#ts-model");
    chip.dataset.ready = "1";
    $(".dot", chip).className = "dot ok";
    $("[role=status]", chip).textContent = t("model_ready");
  }, 1000);
}
/* The chip says what is so: green only while the server answers. */
function link(here) {
  const chip = $("#ts-model");
  if (here) return rail(true);
  chip.dataset.ready = "";
  $(".dot", chip).className = "dot bad";
  $("[role=status]", chip).textContent = t("away");
}
function closeMenus(but = null) {
  $$(".popover:not([hidden])").forEach((menu) => {
    if (menu === but) return;
    menu.hidden = true;
    $("[aria-expanded]", menu.closest("li"))?.setAttribute("aria-expanded", "false");
  });
}
function rename(button) {
  const item = button.closest("li"), link = $(".open", item), input = el("input");
  closeMenus();
  input.value = link.textContent;
  input.maxLength = 80;
  input.setAttribute("aria-label", t("rename"));
  link.replaceWith(input);
  input.focus();
  input.select();
  let ended = false;
  const end = trying(async (keep) => {
    if (ended) return;
    ended = true;
    if (keep && input.value.trim()) await send(`/v1/conversations/${item.dataset.id}`, "PATCH", { title: input.value });
    await rail(true);
  });
  input.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter" && !event.isComposing) end(true);
    if (event.key === "Escape") end(false);
  });
  input.addEventListener("blur", () => end(true));
}

export function startRail(onDeleted) {
  document.addEventListener("ts-link", (event) => link(event.detail));
  act("conv-menu", (button) => {
    const menu = $(".popover", button.closest("li"));
    closeMenus(menu);
    menu.hidden = !menu.hidden;
    button.setAttribute("aria-expanded", String(!menu.hidden));
    if (!menu.hidden) {
      const place = button.getBoundingClientRect();
      menu.style.top = Math.min(place.bottom + 4, innerHeight - menu.offsetHeight - 8) + "px";
      menu.style.left = Math.max(8, place.right - menu.offsetWidth) + "px";
      $("button", menu).focus();
    }
  });
  act("rename", rename);
  act("delete", async (button) => {
    if (!sure(button)) return;
    const id = button.closest("li").dataset.id;
    await deleteWithUndo([`/v1/conversations/${id}`], t("conversation_deleted"), async () => {
      if (state.view === "chat" && !state.conversation) location.hash = `#/chat/${id}`;
      await rail(true);
    });
    if (state.conversation === id) onDeleted();
    await rail(true);
  });
  document.addEventListener("click", (event) => { if (!event.target.closest("[data-act=conv-menu], .popover")) closeMenus(); });
  document.addEventListener("keydown", (event) => {
    const menu = $(".popover:not([hidden])");
    if (!menu) return;
    if (event.key === "Escape") { event.stopImmediatePropagation(); const button = $("[data-act=conv-menu]", menu.closest("li")); closeMenus(); button.focus(); }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const items = $$("button, a", menu), at = items.indexOf(document.activeElement), step = event.key === "ArrowDown" ? 1 : items.length - 1;
      event.preventDefault();
      items[(at + step + items.length) % items.length].focus();
    }
  }, true);
  let wait = 0;
  document.addEventListener("input", (event) => {
    if (event.target.id !== "ts-find") return;
    searched = event.target.value;
    clearTimeout(wait);
    wait = setTimeout(rail, 150);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-lang]");
    if (!button) return;
    document.cookie = `ts_lang=${button.dataset.lang};path=/;max-age=31536000;samesite=lax`;
    sessionStorage.setItem("ts_draft", $("#ts-box")?.value || "");
    location.reload();
  });
}

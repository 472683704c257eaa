/* Start: lift our roots out of Gradio's prose, load the words, draw, route. */
import { $, $$, act, deleteWithUndo, fill, listen, loadWords, query, send, state, sure, t, toast, trying } from "./base.js";
import { attach, drawAttached, startComposer } from "./composer.js";
import { chooser, focusBox, show, startChat } from "./chat.js";
import { corpora, dropFiles, startCorpora } from "./corpora.js";
import { clearEvidence, startEvidence } from "./evidence.js";
import { startOnly } from "./only.js";
import { markView, rail, startRail } from "./rail.js";
import { prompts, startPrompts } from "./prompts.js";
import { closeTop, openHelp, sheet, startSheets } from "./sheets.js";
import { startTheme } from "./theme.js";
import { startCompare } from "./compare.js";
import { dropped } from "./uploads.js";
import { startWays, tellAll } from "./ways.js";

const VIEWS = ["chat", "corpora", "prompts", "settings"];

const route = trying(async () => {
  const [view, first = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  state.view = VIEWS.includes(view) ? view : "chat";
  document.body.dataset.view = state.view;
  $("#ts-title").textContent = t(`nav_${state.view}`);
  document.title = (state.view === "chat" ? "" : t(`nav_${state.view}`) + " · ") + "thickshell";
  markView();
  sheet("menu", false);
  if (state.view !== "chat") sheet("ev", false);
  if (state.view === "corpora") { state.corpus = first; state.document = rest.join("/"); await corpora(); }
  if (state.view === "prompts") await prompts(first, ...rest);
  if (state.view === "settings") { await fill($("#settings-root"), "/ui/settings"); tellAll($("#settings-root")); }
  if (state.view === "chat") { await Promise.all([show(first), chooser()]); mark(); drawAttached(); dispatchEvent(new Event("ts-shown")); }
});
function mark() {
  $$(".conv").forEach((item) => item.dataset.id === state.conversation ? item.setAttribute("aria-current", "true") : item.removeAttribute("aria-current"));
}

/* Roots leave the Markdown that brought them: none of its styles reach them, and nothing redraws them. */
function lift() {
  for (const root of $$(".ts-root")) {
    const column = root.closest(".column"), block = [...column.children].find((child) => child.contains(root));
    if (block !== root) block.replaceWith(root);
  }
  $("#chat-root").setAttribute("role", "log");
  $("#chat-root").setAttribute("aria-live", "off");
  $("#chat-root").setAttribute("aria-label", t("transcript"));
  $("#chat-root").tabIndex = 0;
  $("#ev-root").setAttribute("role", "region");
  $("#ev-root").setAttribute("aria-label", t("evidence"));
  $("#ts-main").setAttribute("role", "main");
  const live = document.createElement("div");
  live.id = "ts-live";
  live.className = "sr";
  live.setAttribute("aria-live", "polite");
  document.body.append(live);
}
function keys() {
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) && (event.target.value || "") !== "";
    if ((event.ctrlKey || event.metaKey) && event.key === "z" && !typing) { const undo = $("#ts-toast.on.action button"); if (undo) { event.preventDefault(); undo.click(); } }
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape") {
      if (closeTop()) return;
      if (state.busy) $("#ts-stop").click();
      return;
    }
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return;
    if (event.key === "/") { event.preventDefault(); if (state.view !== "chat") location.hash = `#/chat/${state.conversation}`; $("#ts-box").focus(); }
    if (event.key === "n") { event.preventDefault(); $("[data-act=new]").click(); }
    if (event.key === "?") openHelp();
  });
}
function drops() {
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, trying(async (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      const target = state.view === "corpora" ? $("#ts-drop") : $("#ts-composer");
      target?.classList.toggle("over", kind === "dragover");
      if (kind !== "drop") return;
      if (state.view === "corpora") await dropFiles(event.dataTransfer);
      if (state.view === "chat") await attach((await dropped(event.dataTransfer)).map(({ file }) => file));
    }));
  }
}
/* Attached files: into a corpus, or away. */
function attachments() {
  const own = () => `conversation-${state.conversation}`;
  act("unattach", async (button) => {
    if (!sure(button)) return;
    const conversation = state.conversation, name = button.closest("li").dataset.name;
    const again = async () => { if (state.conversation === conversation) await show(conversation, { keepPlace: true }); };
    await deleteWithUndo([`/v1/documents?${query({ corpus: own(), name })}`], t("document_deleted", { name }), again);
    await again();
  });
  document.addEventListener("change", trying(async (event) => {
    if (!event.target.matches?.("[data-add]") || !event.target.value) return;
    const target = event.target.value, name = event.target.closest("li").dataset.name;
    event.target.value = "";
    await send(`/v1/documents/move?${query({ corpus: own(), name })}`, "POST", { target });
    toast(t("added_to_corpus", { name: target }));
    rail();
  }));
}

async function start() {
  await loadWords();
  lift();
  await Promise.all([fill($("#top-root"), "/ui/part/top"), startComposer(), rail()]);
  listen();
  startTheme();
  startSheets();
  startRail(() => { location.hash = "#/chat"; });
  startEvidence();
  startChat();
  startOnly();
  startWays();
  startPrompts();
  startCompare();
  startCorpora();
  attachments();
  keys();
  drops();
  addEventListener("hashchange", route);
  document.addEventListener("ts-link", (event) => { if (event.detail) route(); });
  await route();
  if (!state.conversation) await clearEvidence();
  document.querySelector("#ts-boot")?.remove();
  document.body.classList.add("ready");
  focusBox();
  performance.mark("ts-ready");
}
/* Gradio draws the frame in its own time. */
const wait = setInterval(() => {
  if (!["rail-root", "top-root", "chat-root", "composer-root", "ev-root", "corpora-root", "prompts-root", "settings-root"].every((id) => document.getElementById(id))) return;
  clearInterval(wait);
  start().catch(() => { $("#ts-boot").textContent = t("offline"); setTimeout(() => location.reload(), 3000); });
}, 30);

/* The transcript: questions, answers as they are written, branches, feedback. The work is the server's; this only watches. */
import { $, $$, act, el, fill, getJson, phone, send, state, t, toast, trying } from "./base.js";
import { clearEvidence, evidence, evidenceOf } from "./evidence.js";
import { chosenDocuments, drawOnly } from "./only.js";
import { rail } from "./rail.js";
import { chosenWay, drawWay } from "./ways.js";

let watching = null;

export const chosenCorpus = () => $("#ts-corpus")?.value || null;
export const chooser = trying(async () => {
  await fill($("#ts-chooser"), `/ui/chooser?${new URLSearchParams({ chosen: remembered() })}`);
  const select = $("#ts-corpus");
  // What was chosen while the list was on its way counts.
  if (select && [...select.options].some((option) => option.value === remembered())) select.value = remembered();
  drawOnly();
  drawWay();
});
const remembered = () => localStorage.getItem("ts_corpus") || "";

function busy(on) {
  state.busy = on;
  document.body.classList.toggle("busy", on);
}
const scroller = () => $("#chat-root");
const nearEnd = () => { const box = scroller(); return box.scrollHeight - box.scrollTop - box.clientHeight < 120; };
const toEnd = () => { const box = scroller(); box.scrollTop = box.scrollHeight; };

/* Draws the conversation; attaches to an answer that is being written. */
export async function show(conversation, { keepPlace = false } = {}) {
  const other = conversation !== state.conversation;
  state.conversation = conversation;
  const place = scroller().scrollTop, comparing = $("#ts-compare");
  try {
    if (!(await fill($("#chat-root"), `/ui/transcript?${new URLSearchParams({ conversation, corpus: remembered() })}`))) return;
  } catch (error) {
    if (state.conversation !== conversation) return;
    toast(error.message);
    location.hash = "#/chat";
    return;
  }
  const compared = comparing && $(`#chat-root .msg[data-id="${CSS.escape(comparing.dataset.message)}"] .acts`);
  if (compared) compared.after(comparing); // drawn anew below what is being compared
  if (keepPlace && !other) scroller().scrollTop = place;
  else toEnd();
  numbers();
  const last = $$("#chat-root .msg.bot").pop();
  if (other && evidenceOf() !== last?.dataset.id) {
    if (last && last.dataset.sources !== "0") evidence({ message: last.dataset.id, n: 1, tab: "sources" });
    else clearEvidence();
  }
  if ($("#chat-root .msg[data-state=running]")) watch();
  else if (!watching || watching.conversation !== conversation) { unwatch(); busy(false); }
}
/* Columns of numbers stand to the right. */
function numbers() {
  $$("#chat-root .body table").forEach((table) => {
    const rows = $$("tr", table);
    for (let column = 0; column < (rows[0]?.children.length || 0); column++) {
      if (rows.slice(1).every((row) => /^[\s€$£¥%\d.,()+−-]*\d[\s€$£¥%\d.,()+−-]*$/.test(row.children[column]?.textContent || ""))) rows.forEach((row) => row.children[column]?.classList.add("nr"));
    }
  });
}

function unwatch() {
  watching?.source.close();
  watching = null;
}
function watch() {
  unwatch();
  busy(true);
  const conversation = state.conversation;
  const source = new EventSource(`/v1/conversations/${conversation}/events`);
  watching = { conversation, source };
  source.addEventListener("progress", (event) => draw(conversation, JSON.parse(event.data)));
  source.addEventListener("idle", () => ended(conversation));
  // EventSource comes back by itself; the server then tells where the answer stands.
  source.addEventListener("error", () => { if (source.readyState === EventSource.CLOSED) setTimeout(() => ended(conversation), 1000); else toast(t("offline")); });
}
async function ended(conversation) {
  unwatch();
  busy(false);
  if (state.conversation !== conversation) return rail();
  await show(conversation, { keepPlace: !nearEnd() });
  const last = $$("#chat-root .msg.bot").pop();
  if (last && last.dataset.sources !== "0") evidence({ message: last.dataset.id, n: 1, tab: "sources" });
  else clearEvidence(); // those of an earlier answer are not this one's
  announce(last);
  dispatchEvent(new Event("ts-answered"));
  rail();
}
function stageWords(progress) {
  if (progress.stage === "files") return t(progress.total ? "stage_files_page" : "stage_files", progress);
  return t(`stage_${progress.stage}`, progress);
}
function draw(conversation, progress) {
  if (progress.closed) return ended(conversation);
  const article = $(`#chat-root .msg[data-id="${CSS.escape(progress.message)}"]`);
  if (!article) return;
  const follow = nearEnd(), status = $(".status", article), body = $(".body", article), said = stageWords(progress);
  if (status.textContent !== said) status.textContent = said;
  if (progress.html || progress.stage === "writing") body.innerHTML = progress.html; // an answer may be taken back
  if (follow) toEnd();
}
/* Screen readers hear the finished answer, not its pieces. */
function announce(article) {
  const live = $("#ts-live");
  if (live && article) live.textContent = t("answer") + ": " + $(".body", article).innerText;
}

/* A question: stored first, then answered. `where` may hold the parent of an edited one. */
export async function ask(text, where = {}) {
  if (state.busy) { toast(t("busy")); return false; }
  if (!text.trim()) return false;
  busy(true);
  let conversation = "";
  try {
    conversation = await open();
    await send(`/v1/conversations/${conversation}/messages`, "POST", { text, corpus: chosenCorpus(), only: chosenDocuments(), ...chosenWay(), ...where });
  } catch (error) {
    busy(false);
    toast(error instanceof TypeError ? t("offline") : error.message);
    return false;
  }
  if (state.conversation === conversation) {
    await show(conversation);
    toEnd();
    watch();
  }
  rail();
  return true;
}
/* A conversation to put things into, made when the first thing arrives. */
let opening = null;
export function open() {
  if (state.conversation) return Promise.resolve(state.conversation);
  opening ??= send("/v1/conversations", "POST", { corpus: chosenCorpus() }).then((made) => {
    state.conversation = made.id;
    history.replaceState(null, "", `#/chat/${made.id}`);
    return made.id;
  }).finally(() => { opening = null; });
  return opening;
}

function edit(button) {
  const article = button.closest(".msg"), text = $(".text", article), before = text.textContent;
  if (state.busy || $("textarea", article)) return;
  const form = el("form", "editing"), box = el("textarea"), go = el("button", "btn primary small", t("edit_send")), off = el("button", "btn small", t("cancel"));
  box.value = before;
  box.setAttribute("aria-label", t("edit"));
  off.type = "button";
  form.append(box, go, off);
  text.hidden = true;
  text.after(form);
  box.focus();
  const close = () => { form.remove(); text.hidden = false; };
  off.addEventListener("click", close);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { event.stopPropagation(); close(); }
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); }
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); if (box.value.trim()) ask(box.value.trim(), { parent: article.dataset.id }); });
}
function why(article) {
  $(".why", article)?.remove();
  const box = el("form", "why"), other = el("input");
  box.append(el("b", "", t("why")));
  const tell = trying(async (reason) => {
    await send(`/v1/messages/${article.dataset.id}/feedback`, "POST", { rating: "down", reason });
    box.remove();
    toast(t("thanks"));
  });
  for (const key of ["source", "incomplete", "outdated", "unclear"]) {
    const button = el("button", "pill", t(`reason_${key}`));
    button.type = "button";
    button.addEventListener("click", () => tell([t(`reason_${key}`), other.value.trim()].filter(Boolean).join(": ")));
    box.append(button);
  }
  other.placeholder = t("reason_other");
  other.setAttribute("aria-label", t("reason_other"));
  other.maxLength = 1000;
  box.append(other);
  box.addEventListener("submit", (event) => { event.preventDefault(); if (other.value.trim()) tell(other.value.trim()); });
  $(".acts", article).after(box);
  $("button", box).focus();
}
async function rate(button, rating) {
  const article = button.closest(".msg"), was = button.getAttribute("aria-pressed") === "true";
  await send(`/v1/messages/${article.dataset.id}/feedback`, "POST", { rating: was ? "" : rating, reason: "" });
  $$("[data-act=up], [data-act=down]", article).forEach((other) => other.setAttribute("aria-pressed", String(other === button && !was)));
  $(".why", article)?.remove();
  if (!was && rating === "down") why(article);
  else if (!was) toast(t("thanks"));
}
/* Another answer to the question of this one, in a way of its own; the earlier one stays beside it. */
export async function askAgain(message, way) {
  const conversation = state.conversation;
  await send(`/v1/conversations/${conversation}/messages/${message}/again`, "POST", { corpus: chosenCorpus(), only: chosenDocuments(), ...way });
  if (state.conversation !== conversation) return;
  await show(conversation);
  watch();
}
function copyText(article) {
  if (article.classList.contains("user")) return $(".text", article).textContent;
  const body = $(".body", article).cloneNode(true);
  $$(".unborne", body).forEach((mark) => { mark.textContent = "[?]"; });
  body.className = "body sr";
  article.append(body); // only what is drawn has its lines
  const text = body.innerText.trim();
  body.remove();
  return text;
}

export function startChat() {
  act("suggest", (button) => ask(button.textContent.trim()));
  act("stop", () => state.conversation && send(`/v1/conversations/${state.conversation}/stop`));
  act("copy", async (button) => {
    const text = copyText(button.closest(".msg"));
    if (navigator.clipboard) await navigator.clipboard.writeText(text);
    toast(t("copied"), null, "", 2000);
  });
  act("edit", edit);
  act("again", (button) => (state.busy ? toast(t("busy")) : askAgain(button.closest(".msg").dataset.id, chosenWay())));
  act("select", async (button) => {
    if (state.busy) return;
    await send(`/v1/messages/${button.dataset.to}/select`);
    await show(state.conversation, { keepPlace: true });
  });
  act("up", (button) => rate(button, "up"));
  act("down", (button) => rate(button, "down"));
  act("new", () => { location.hash === "#/chat" ? show("").then(focusBox) : (location.hash = "#/chat"); });
  document.addEventListener("change", (event) => {
    if (event.target.id !== "ts-corpus") return;
    localStorage.setItem("ts_corpus", event.target.value);
    if (!state.conversation && state.view === "chat") show(""); // first questions fit what is asked
  });
}
export const focusBox = () => { if (!phone()) $("#ts-box")?.focus(); };

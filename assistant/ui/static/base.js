/* What every part uses: the DOM, the words, the server. */
export const $ = (selector, root = document) => root.querySelector(selector);
export const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
export const state = { conversation: "", view: "chat", corpus: "", document: "", busy: false };
export const phone = () => matchMedia("(max-width: 760px)").matches;
export const narrow = () => matchMedia("(max-width: 1100px)").matches;

let words = {};
export let limitMb = 1024;
export const t = (key, values = {}) => (words[key] ?? key).replace(/\{(\w+)\}/g, (all, name) => values[name] ?? all);
export async function loadWords() {
  const found = await (await fetch("/ui/words")).json();
  words = found.words;
  limitMb = found.limit_mb;
  holdLanguage(found.language === "zh" ? "zh-CN" : "en");
}

/* Gradio writes the browser's language on the page; screen readers need ours. */
function holdLanguage(language) {
  const root = document.documentElement;
  const hold = () => { if (root.lang !== language) root.lang = language; };
  hold();
  new MutationObserver(hold).observe(root, { attributes: true, attributeFilter: ["lang"] });
}

export const query = (values) => new URLSearchParams(Object.entries(values).filter(([, value]) => value != null)).toString();

/* The server's own sentence where it gives one. */
async function sentence(response) {
  try {
    const found = await response.json();
    return found.message || found.detail || t("unexpected");
  } catch {
    return t("unexpected");
  }
}
/* Whether the server was met at the last call. While it is away it is called every two seconds; "ts-link" tells both. */
let away = false;
export async function call(address, options) {
  try {
    const response = await fetch(address, options);
    met(true);
    return response;
  } catch (error) {
    if (error instanceof TypeError) met(false);
    throw error;
  }
}
function met(here) {
  if (away !== here) return;
  away = !here;
  document.dispatchEvent(new CustomEvent("ts-link", { detail: here }));
  if (away) setTimeout(knock, 2000);
}
async function knock() {
  await call("/ui/model").catch(() => null);
  if (away) setTimeout(knock, 2000);
}
export async function fragment(address) {
  const response = await call(address, { headers: { Accept: "text/html" } });
  if (!response.ok) throw new Error(await sentence(response));
  return response.text();
}
export async function getJson(address) {
  const response = await call(address);
  if (!response.ok) throw new Error(await sentence(response));
  return response.json();
}
export async function send(address, method = "POST", body = null) {
  const headers = body ? { "Content-Type": "application/json" } : {};
  const response = await call(address, { method, headers, body: body && JSON.stringify(body) });
  if (!response.ok) throw new Error(await sentence(response));
  return response.status === 204 ? null : response.json();
}
/* One file as the raw body. */
export async function sendFile(address, file) {
  const response = await fetch(address, { method: "POST", body: file, headers: { "Content-Type": "application/octet-stream" } });
  if (!response.ok) throw new Error(await sentence(response));
  return response.json();
}
/* Fills an element with a fragment; an older answer never overwrites a newer one. */
const turns = new WeakMap();
export async function fill(element, address) {
  if (!element) return false;
  const turn = (turns.get(element) || 0) + 1;
  turns.set(element, turn);
  const html = await fragment(address);
  if (turns.get(element) !== turn) return false;
  element.innerHTML = html;
  return true;
}

export function el(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text != null) made.textContent = text;
  return made;
}
export function bytes(count) {
  if (count == null) return "";
  return count >= 1e9 ? (count / 1e9).toFixed(1) + " GB" : count >= 1e6 ? (count / 1e6).toFixed(1) + " MB" : Math.max(Math.min(count, 1), Math.round(count / 1e3)) + " KB";
}
/* Deletes at once and says so, with a button that takes it back for some seconds; `after` draws what came back. */
export async function deleteWithUndo(addresses, said, after) {
  const offers = [];
  for (const address of addresses) offers.push(await send(`${address}${address.includes("?") ? "&" : "?"}undo=true`, "DELETE"));
  const tokens = offers.filter((offer) => offer?.undo);
  if (!tokens.length) return toast(said);
  const back = trying(async () => {
    const came = [];
    for (const { undo } of tokens) came.push(await send(`/v1/undo/${undo}`));
    toast(t("undone"), null, "", 3000);
    await after(came);
  });
  // A little less than the server's time, so that a press in the last moment is not too late.
  toast(said, back, t("undo"), tokens[0].seconds * 1000 - 2000);
}
let hide = 0;
/* One line at the bottom, read out by screen readers; `action` adds a button. */
export function toast(text, action = null, label = "", stay = 5000) {
  let box = $("#ts-toast");
  if (!box) {
    box = el("div");
    box.id = "ts-toast";
    box.className = "ts-root";
    box.setAttribute("role", "status");
    document.body.append(box);
  }
  box.replaceChildren(el("span", "", text));
  if (action) {
    const button = el("button", "link", label);
    button.type = "button";
    button.addEventListener("click", () => { box.classList.remove("on"); action(); });
    box.append(button);
  }
  box.classList.toggle("action", Boolean(action));
  box.classList.add("on");
  clearTimeout(hide);
  hide = setTimeout(() => box.classList.remove("on"), stay);
}
/* Runs what may fail and says so in one line. */
export const trying = (work) => async (...values) => {
  try {
    return await work(...values);
  } catch (error) {
    toast(error instanceof TypeError ? t("offline") : error.message);
    return null;
  }
};
/* First press asks, second does. */
export function sure(button, label = t("sure")) {
  if (button.dataset.sure) return true;
  const shown = $("span", button) || button;
  const before = shown.textContent;
  button.dataset.sure = "1";
  button.classList.add("sure");
  shown.textContent = label;
  setTimeout(() => { delete button.dataset.sure; button.classList.remove("sure"); shown.textContent = before; }, 6000);
  return false;
}
/* act("name", handler): buttons with data-act="name". */
const acts = {};
export const act = (name, handler) => { acts[name] = trying(handler); };
export function listen() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-act]");
    if (!button || button.disabled || !acts[button.dataset.act]) return;
    event.preventDefault();
    acts[button.dataset.act](button, event);
  });
}

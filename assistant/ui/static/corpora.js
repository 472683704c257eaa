/* Corpora and their documents: upload by drop, progress per file, search, sort, selection, reports. */
import { $, $$, act, bytes, deleteWithUndo, el, fill, getJson, query, send, sendFile, state, sure, t, toast, trying } from "./base.js";
import { rail } from "./rail.js";
import { chooser } from "./chat.js";
import { dropped, named, upload } from "./uploads.js";

let server = [];
let timer = 0;
const local = [];
const selected = new Set();
const WORKING = ["queued", "uploading", "parsing", "words"];
const RANK = { failed: 0, uploading: 1, parsing: 1, words: 2, queued: 3, cancelled: 4, ready: 5 };
const address = (corpus) => `#/corpora/${encodeURIComponent(corpus)}`;
const goto = (corpus) => { location.hash = address(corpus); };
/* The corpus whose list is on the screen: what buttons act on, also while another one is being loaded. */
const here = () => $("#ts-corpus-view")?.dataset.corpus || "";

export const corpora = trying(async () => {
  const root = $("#corpora-root");
  clearTimeout(timer);
  if (state.document) {
    if (await fill(root, `/ui/document?${query({ corpus: state.corpus, name: state.document })}`)) root.parentElement.scrollTop = 0;
    return;
  }
  if (!(await fill(root, `/ui/corpora?${query({ current: state.corpus })}`))) return;
  state.corpus = here();
  selected.clear();
  server = [];
  draw();
  await poll();
});

/* ---- the list: polled only while something is under way */
async function poll() {
  clearTimeout(timer);
  if (state.view !== "corpora" || state.document || !state.corpus) return;
  const corpus = state.corpus;
  try {
    const rows = await getJson(`/ui/files?${query({ corpus })}`);
    if (corpus !== state.corpus || corpus !== here() || !rows) return;
    const before = sums(server);
    server = rows;
    const sent = new Set(rows.map((row) => row.name));
    for (let i = local.length - 1; i >= 0; i--) if (local[i].state === "sent" && sent.has(local[i].name)) local.splice(i, 1);
    draw();
    if (before !== sums(rows)) { cards(); rail(); }
  } catch { /* the next turn tries again */ }
  clearTimeout(timer);
  if (server.some((row) => row.open) || local.some((row) => ["uploading", "queued", "sent"].includes(row.state))) timer = setTimeout(poll, 700);
  else if (server.some((row) => WORKING.includes(row.state))) timer = setTimeout(poll, 3000);
}
const sums = (rows) => ["ready", "words", "failed"].map((name) => rows.filter((row) => row.state === name).length).join() + "," + rows.length;
/* The cards' counts follow the list. */
const cards = trying(async () => {
  const box = el("div"), corpus = here();
  await fill(box, `/ui/corpora?${query({ current: corpus })}`);
  const fresh = $(".cards", box);
  if (fresh && corpus === here()) $("#corpora-root .cards")?.replaceWith(fresh);
});
function time(seconds) {
  const shown = seconds < 90 ? t("less_minute", { n: Math.max(1, Math.round(seconds)) }) : seconds < 5400 ? t("minutes", { n: Math.round(seconds / 60) }) : t("hours", { n: Math.round(seconds / 3600) });
  return t("left", { time: shown });
}
function note(row) {
  if (row.error) return row.error;
  const parts = [bytes(row.bytes)];
  if (row.state === "uploading") parts.push(`${row.percent} %`);
  else if (row.open) {
    if (row.of && row.state === "parsing") parts.push(t("page_of", { page: row.page, pages: row.of }));
    if (row.state === "words") parts.push(t("state_words_hint"));
    if (row.left != null && row.progress > 0) parts.push(time(row.left));
  } else {
    if (row.pages) parts.push(`${t("pages")}: ${row.pages}`);
    if (row.tables) parts.push(`${t("tables")}: ${row.tables}`);
    if (row.warnings) parts.push(`${t("warnings")}: ${row.warnings}`);
    if (row.created) parts.push(row.created.slice(0, 10));
  }
  return parts.filter(Boolean).join(" · ");
}
function rowsShown() {
  const find = ($("#fl-find")?.value || "").toLowerCase(), sort = $("#fl-sort")?.value || "new";
  const corpus = here(), mine = local.filter((row) => row.corpus === corpus);
  const names = new Set(mine.filter((row) => row.state !== "sent").map((row) => row.name));
  const all = [...mine, ...server.filter((row) => !names.has(row.name))].filter((row) => row.name.toLowerCase().includes(find));
  const by = { name: (a, b) => a.name.localeCompare(b.name), size: (a, b) => (b.bytes || 0) - (a.bytes || 0), state: (a, b) => RANK[a.state] - RANK[b.state] };
  return by[sort] ? all.sort(by[sort]) : all;
}
const keyOf = (row) => (row.key ? `l${row.key}` : `s${row.name}`);
function draw() {
  const list = $("#ts-filelist");
  if (!list) return;
  const rows = rowsShown(), old = new Map($$(":scope > li[data-key]", list).map((item) => [item.dataset.key, item]));
  const items = rows.map((row) => { const item = old.get(keyOf(row)) || build(row); update(item, row); return item; });
  if (!items.length) { const empty = el("li", "empty"); empty.append(el("b", "", t(server.length ? "no_match" : "no_files")), el("span", "", server.length ? "" : t("no_files_sub"))); items.push(empty); }
  if (items.length !== list.children.length || items.some((item, i) => list.children[i] !== item)) list.replaceChildren(...items);
  summary(rows);
}
function build(row) {
  const item = el("li"), check = el("input"), main = el("div", "grow"), bar = el("div", "pbar"), name = el("a", "nm", row.name);
  item.dataset.key = keyOf(row);
  check.type = "checkbox";
  check.setAttribute("aria-label", `${t("select")}: ${row.name}`);
  check.addEventListener("change", () => { check.checked ? selected.add(row.name) : selected.delete(row.name); summary(rowsShown()); });
  name.title = row.name;
  bar.append(el("i"));
  bar.setAttribute("role", "progressbar");
  bar.setAttribute("aria-label", row.name);
  bar.setAttribute("aria-valuemin", "0");
  bar.setAttribute("aria-valuemax", "100");
  main.append(name, el("small", "note"), bar);
  item.append(check, el("span", "st tag"), main, el("span", "tools"));
  return item;
}
function update(item, row) {
  const working = WORKING.includes(row.state) && (row.open || row.key), tag = $(".st", item), name = $(".nm", item);
  const percent = row.state === "uploading" ? row.percent : Math.round(100 * row.progress || 0);
  item.dataset.state = row.state;
  tag.textContent = t(`state_${row.state === "sent" ? "queued" : row.state}`);
  tag.className = `st tag ${row.state === "ready" ? "ok" : row.state === "failed" ? "bad" : working ? "run" : ""}`;
  tag.title = row.state === "words" ? t("state_words_hint") : "";
  const said = note(row);
  const small = $(".note", item);
  if (small.textContent !== said) small.textContent = said;
  small.title = row.technical && row.technical !== said ? row.technical : "";
  const bar = $(".pbar", item);
  bar.hidden = !working;
  bar.firstChild.style.width = `${percent}%`;
  bar.setAttribute("aria-valuenow", String(percent));
  if (!row.key) name.href = `${address(here())}/${encodeURIComponent(row.name)}`;
  const check = $("input[type=checkbox]", item);
  check.disabled = Boolean(row.key);
  check.checked = selected.has(row.name) && !row.key;
  tools(item, row, working);
}
/* Buttons of a row, drawn again only when its state changes, so that a focused one stays. */
function tools(item, row, working) {
  const box = $(".tools", item), kind = [row.state, row.open, row.error, Boolean(row.key)].join();
  if (box.dataset.kind === kind) return;
  box.dataset.kind = kind;
  const button = (label, run, className = "btn small") => {
    const made = el("button", className, label);
    made.type = "button";
    made.setAttribute("aria-label", `${label}: ${row.name}`);
    made.addEventListener("click", trying(async () => { await run(made); await poll(); }));
    return made;
  };
  const made = [];
  if (working && row.state !== "sent") made.push(button(t("cancel"), () => (row.key ? row.stop() : send(`/v1/jobs/${row.job}/cancel`))));
  if (row.state === "failed" && row.job && row.locked) made.push(passwordForm(row));
  else if (row.state === "failed" && row.job) made.push(button(t("retry"), () => send(`/v1/jobs/${row.job}/retry`, "POST", {})));
  if (row.key && ["failed", "cancelled"].includes(row.state)) {
    if (row.file && !row.final) made.push(button(t("retry"), () => { drop(row); enqueue([{ file: row.file, name: row.name }], row.corpus); }));
    made.push(button(t("remove"), () => { drop(row); draw(); }));
  }
  if (!working && !row.key) made.push(button(t("delete"), async (made) => { if (sure(made)) { selected.delete(row.name); await remove([row.name], t("document_deleted", { name: row.name })); } }));
  box.replaceChildren(...made);
}
function passwordForm(row) {
  const form = el("form", "password"), input = el("input"), go = el("button", "btn small", t("unlock"));
  input.type = "password";
  input.placeholder = t("password");
  input.autocomplete = "off";
  input.setAttribute("aria-label", `${t("password_ask")} ${row.name}`);
  form.append(input, go);
  form.addEventListener("submit", trying(async (event) => {
    event.preventDefault();
    if (!input.value) return;
    await send(`/v1/jobs/${row.job}/retry`, "POST", { password: input.value });
    input.value = "";
    await poll();
  }));
  return form;
}
function summary(rows) {
  const count = (states) => rows.filter((row) => states.includes(row.state)).length, box = $("#fl-sum"), button = $("#fl-del"), all = $("#fl-all");
  if (!box) return;
  const working = count([...WORKING, "sent"]), failed = count(["failed"]);
  const said = [rows.length === 1 ? t("one_document") : t("n_documents", { n: rows.length }), t("n_ready", { n: count(["ready"]) }), working && t("n_working", { n: working }), failed && t("n_failed", { n: failed })].filter(Boolean).join(" · ");
  if (box.textContent !== said) box.textContent = said;
  for (const name of [...selected]) if (!server.some((row) => row.name === name)) selected.delete(name);
  button.hidden = !selected.size;
  if (!button.dataset.sure) button.textContent = t("delete_n", { n: selected.size });
  const able = rows.filter((row) => !row.key);
  all.checked = able.length > 0 && able.every((row) => selected.has(row.name));
  all.indeterminate = selected.size > 0 && !all.checked;
  $("#fl-bar").hidden = !server.length && !local.length;
}

const remove = (names, said, corpus = here()) => deleteWithUndo(names.map((name) => `/v1/documents?${query({ corpus, name })}`), said, async () => { await Promise.all([poll(), rail()]); });

/* ---- files on their way to the server */
let keys = 0;
const drop = (row) => { const at = local.indexOf(row); if (at >= 0) local.splice(at, 1); };
function enqueue(list, corpus = here()) {
  for (const { file, name } of list) {
    const row = { key: ++keys, corpus, name, file, bytes: file.size, state: "queued", percent: 0, error: null, progress: 0 };
    local.unshift(row);
    row.stop = upload(file, { corpus, name }, {
      started: () => { row.state = "uploading"; draw(); },
      progress: (percent) => { row.percent = percent; row.progress = percent / 100; draw(); },
      done: (made) => { row.state = "sent"; row.name = made.document; row.open = true; draw(); poll(); },
      failed: (error) => { row.state = "failed"; row.error = error; draw(); },
      cancelled: () => { row.state = "cancelled"; draw(); },
    });
  }
  draw();
}
const take = (files) => enqueue(named([...files].map((file) => ({ file, path: file.webkitRelativePath || file.name }))));

/* The rail and the chooser follow; where the page stands is decided before, never after they have come. */
const listsChanged = () => Promise.all([rail(), chooser()]);
/* Goes to a corpus that has just come, unless the reader has gone elsewhere meanwhile. */
function arrive(corpus) {
  if (state.view !== "corpora" || state.document) return false;
  if (location.hash === address(corpus)) corpora();
  else goto(corpus);
  return true;
}
/* Leaves a corpus that is gone, unless the reader has left it already. */
async function leave(corpus) {
  if (state.view !== "corpora" || state.corpus !== corpus) return;
  state.corpus = state.document = "";
  if (location.hash === "#/corpora") await corpora();
  else location.hash = "#/corpora";
}
/* Inputs for files stand outside what is drawn anew: a choice made while the page changes still arrives. */
function fileInputs() {
  const made = (id, label, more) => {
    const input = Object.assign(el("input"), { type: "file", id, hidden: true, ...more });
    input.setAttribute("aria-label", label);
    document.body.append(input);
    return input;
  };
  for (const input of [made("ts-files", t("choose"), { multiple: true }), made("ts-folder", t("choose_folder"), { multiple: true, webkitdirectory: true })]) {
    input.addEventListener("change", () => { take(input.files); input.value = ""; });
  }
  const archive = made("ts-import", t("import_hint"), { accept: ".zip,.tar,.gz,.tgz" });
  archive.addEventListener("change", trying(async () => { if (archive.files.length) await bring(archive); }));
}

export function startCorpora() {
  fileInputs();
  act("choose", () => $("#ts-files").click());
  act("choose-folder", () => $("#ts-folder").click());
  act("new-corpus", () => { const form = $("#ts-newcorpus"); form.hidden = !form.hidden; if (!form.hidden) $("input", form).focus(); });
  act("import", () => $("#ts-import").click());
  act("rename-corpus", () => {
    const title = $("#c-name"), input = el("input"), before = here();
    input.value = before;
    input.maxLength = 200;
    input.setAttribute("aria-label", t("corpus_name"));
    title.replaceChildren(input);
    input.focus();
    input.select();
    let ended = false;
    const end = trying(async (keep) => {
      if (ended) return;
      ended = true;
      title.textContent = before;
      if (!keep || !input.value.trim() || input.value === before) return;
      const made = await send(`/v1/corpora?${query({ name: before })}`, "PATCH", { name: input.value });
      if (localStorage.getItem("ts_corpus") === before) localStorage.setItem("ts_corpus", made.name);
      if (state.view === "corpora" && state.corpus === before) goto(made.name);
      await listsChanged();
    });
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter" && !event.isComposing) end(true);
      if (event.key === "Escape") end(false);
    });
    input.addEventListener("blur", () => end(true));
  });
  act("delete-corpus", () => { const box = $("#c-sure"); box.hidden = !box.hidden; if (!box.hidden) $("button", box).focus(); });
  act("delete-corpus-sure", async () => {
    const corpus = here();
    clearTimeout(timer);
    await deleteWithUndo([`/v1/corpora?${query({ name: corpus })}`], t("corpus_deleted", { name: corpus }), async () => { arrive(corpus); await listsChanged(); });
    await Promise.all([leave(corpus), listsChanged()]);
  });
  act("delete-many", async (button) => {
    if (!sure(button, t("delete_n_sure", { n: selected.size }))) return;
    const names = [...selected];
    selected.clear();
    await remove(names, t("documents_deleted", { n: names.length }));
    delete button.dataset.sure;
    await poll();
  });
  act("d-prev", () => turn(-1));
  act("d-next", () => turn(1));
  document.addEventListener("submit", trying(async (event) => {
    if (event.target.id !== "ts-newcorpus") return;
    event.preventDefault();
    const made = await send("/v1/corpora", "POST", { name: event.target.elements.name.value });
    arrive(made.name);
    await listsChanged();
  }));
  document.addEventListener("input", (event) => { if (event.target.id === "fl-find") draw(); });
  document.addEventListener("change", trying(async (event) => {
    const target = event.target;
    if (target.id === "fl-sort") draw();
    if (target.id === "fl-all") { rowsShown().filter((row) => !row.key).forEach((row) => (target.checked ? selected.add(row.name) : selected.delete(row.name))); draw(); }
  }));
}
async function bring(input) {
  const file = input.files[0];
  input.value = "";
  toast(t("importing"), null, "", 3_600_000);
  const answer = await sendFile("/v1/corpora/import", file);
  if (arrive(answer.name)) toast(t("imported", { name: answer.name }));
  else toast(t("imported", { name: answer.name }), () => goto(answer.name), t("open"), 10_000);
  await listsChanged();
}
function turn(step) {
  const picture = $("#d-img"), number = $("#d-n"), page = Number(number.textContent) + step;
  if (page < 1 || page > Number(picture.dataset.pages)) return;
  number.textContent = String(page);
  picture.src = `/v1/documents/page?${query({ corpus: state.corpus, name: state.document, page })}`;
}
/* Files dropped anywhere on this view. */
export async function dropFiles(transfer) {
  const corpus = here();
  if (corpus) enqueue(named(await dropped(transfer)), corpus);
}

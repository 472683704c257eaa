/* One file, one request with the raw bytes: real progress, real cancel. Three at a time. */
import { limitMb, query, t } from "./base.js";

const AT_ONCE = 3;
const waiting = [];
let live = 0;

/* Starts or queues an upload; `where` holds corpus or conversation, and the name. Gives a function that stops it. */
export function upload(file, where, on, password = "") {
  const job = { file, where, on, password, request: null, stopped: false };
  if (file.size > limitMb * 1048576) {
    queueMicrotask(() => on.failed(t("too_large", { limit: limitMb % 1024 ? `${limitMb} MB` : `${limitMb / 1024} GB` })));
    return () => {};
  }
  waiting.push(job);
  pump();
  return () => {
    job.stopped = true;
    if (job.request) job.request.abort();
    else { waiting.splice(waiting.indexOf(job), 1); on.cancelled?.(); }
  };
}
function pump() {
  while (live < AT_ONCE && waiting.length) start(waiting.shift());
}
function start(job) {
  const request = (job.request = new XMLHttpRequest());
  live++;
  request.open("POST", `/v1/documents?${query(job.where)}`);
  if (job.password) request.setRequestHeader("X-Document-Password", encodeURIComponent(job.password));
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.upload.onprogress = (event) => { if (event.lengthComputable) job.on.progress?.(Math.floor((event.loaded / event.total) * 100)); };
  const finish = (call) => { live--; pump(); call(); };
  request.onload = () => finish(() => request.status < 300 ? job.on.done(JSON.parse(request.responseText)) : job.on.failed(detail(request)));
  request.onerror = () => finish(() => job.on.failed(t("upload_broken")));
  request.onabort = () => finish(() => job.on.cancelled?.());
  job.on.started?.();
  request.send(job.file);
}
function detail(request) {
  try {
    const found = JSON.parse(request.responseText);
    return found.message || found.detail || t("upload_refused");
  } catch {
    return t("upload_refused");
  }
}

/* Dropped files and folders, walked to the end: [{file, path}]. */
export async function dropped(transfer) {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.length) return [...transfer.files].map((file) => ({ file, path: file.name }));
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return found;
}
async function walk(entry, found) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.push({ file, path: entry.fullPath.replace(/^\//, "") });
    return;
  }
  const reader = entry.createReader();
  for (;;) {
    const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!some.length) return;
    for (const child of some) await walk(child, found);
  }
}
/* What a batch is called: each file's path as dropped; the library keeps folders only where names would clash. Hidden files stay out. */
export const named = (list) => list
  .filter(({ path }) => !path.split("/").some((part) => part.startsWith(".")))
  .map(({ file, path }) => ({ file, name: path }));

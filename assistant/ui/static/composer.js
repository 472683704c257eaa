/* The question box: grows with its text, takes files, sends on Enter but never while an input method is choosing. */
import { $, act, el, fill, getJson, state, t, toast } from "./base.js";
import { ask, open, show } from "./chat.js";
import { upload } from "./uploads.js";

const attached = [];
const own = () => attached.filter((item) => item.conversation === state.conversation);
const forget = (item) => { const at = attached.indexOf(item); if (at >= 0) attached.splice(at, 1); };

function grow() {
  const box = $("#ts-box");
  box.style.height = "auto";
  box.style.height = Math.min(box.scrollHeight, 200) + "px";
  $("#ts-send").disabled = !box.value.trim();
}
async function submit() {
  const box = $("#ts-box"), text = box.value;
  if (!text.trim() || own().some((item) => item.state === "uploading")) return;
  box.value = "";
  grow();
  const sent = own();
  if (await ask(text.trim())) { sent.forEach(forget); drawAttached(); }
  else if (!box.value) { box.value = text; grow(); }
}
/* Files go to this conversation alone. */
export async function attach(files) {
  if (!files.length) return;
  const conversation = await open();
  for (const file of files) {
    const item = { conversation, name: file.name, state: "uploading", percent: 0, note: "" };
    attached.push(item);
    item.stop = upload(file, { conversation, name: file.name }, {
      progress: (percent) => { item.percent = percent; drawAttached(); },
      done: () => { item.state = "sent"; drawAttached(); if (state.conversation === conversation) show(conversation, { keepPlace: true }); },
      failed: (note) => { item.state = "failed"; item.note = note; drawAttached(); },
    });
  }
  drawAttached();
}
export function drawAttached() {
  $("#ts-attached").replaceChildren(...own().map((item) => {
    const row = el("li", item.state), off = el("button", "icon tiny", "×");
    off.type = "button";
    off.setAttribute("aria-label", `${t("remove")}: ${item.name}`);
    off.addEventListener("click", () => { if (item.state === "uploading") item.stop(); forget(item); drawAttached(); });
    row.append(el("span", "nm", item.name));
    if (item.state === "uploading") row.append(el("small", "", `${item.percent} %`));
    if (item.note) row.append(el("small", "bad", item.note));
    if (item.state !== "sent") row.append(off);
    return row;
  }));
}

export async function startComposer() {
  await fill($("#composer-root"), "/ui/part/composer");
  const box = $("#ts-box");
  box.value = sessionStorage.getItem("ts_draft") || "";
  sessionStorage.removeItem("ts_draft");
  grow();
  box.addEventListener("input", grow);
  box.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    if (state.busy) toast(t("busy"));
    else submit();
  });
  box.addEventListener("paste", (event) => { if (event.clipboardData?.files.length) { event.preventDefault(); attach([...event.clipboardData.files]); } });
  $("#ts-composer").addEventListener("submit", (event) => { event.preventDefault(); if (!state.busy) submit(); });
  act("attach", () => $("#ts-attach").click());
  $("#ts-attach").addEventListener("change", (event) => { attach([...event.target.files]); event.target.value = ""; });
}

/* The room of prompts: read, compare, edit into a new version, try. */
import { $, act, fill, query, send, t, toast, trying } from "./base.js";
import { ask, chooser } from "./chat.js";
import { chosenWay, modelWay, setWay } from "./ways.js";

const now = { name: "", language: "", version: "" };

export async function prompts(name = "", language = "", version = "") {
  Object.assign(now, { name, language, version });
  await draw();
}
const draw = (against = 0) => fill($("#prompts-root"), `/ui/prompts?${query({ name: now.name, language: now.language, version: now.version || 0, against })}`);

const save = trying(async (form) => {
  const place = $("#ts-prompt").dataset, given = Object.fromEntries(new FormData(form));
  const made = await send("/ui/prompts", "POST", { ...given, language: place.language, kind: place.kind });
  toast(t("prompt_saved", { n: made.version }));
  location.hash = `#/prompts/${encodeURIComponent(made.name)}/${made.language}/${made.version}`;
});
/* A conversation of its own, with this role, answered by a model. */
const attempt = trying(async (form) => {
  const text = form.question.value.trim(), persona = $("#ts-prompt").dataset.name;
  if (!text) return;
  await chooser();
  const { brain, tier } = chosenWay();
  setWay(!brain || brain === "embedded" || tier === 1 ? modelWay() : "", persona);
  addEventListener("ts-shown", () => ask(text), { once: true });
  location.hash = "#/chat";
});

export function startPrompts() {
  act("edit-prompt", () => {
    const form = $("#p-edit"), button = $("[data-act=edit-prompt][aria-expanded]");
    form.hidden = !form.hidden;
    button.setAttribute("aria-expanded", String(!form.hidden));
    (form.hidden ? button : form.text).focus();
  });
  document.addEventListener("change", (event) => {
    if (event.target.id === "p-against") trying(draw)(event.target.value).then(() => $("#p-against")?.focus());
  });
  document.addEventListener("submit", (event) => {
    const work = { "p-edit": save, "p-try": attempt }[event.target.id];
    if (!work) return;
    event.preventDefault();
    work(event.target);
  });
}

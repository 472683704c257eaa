/* Who answers, and from what: chosen below the question, remembered by this browser. */
import { $, el, getJson, query, t, trying } from "./base.js";

const stored = { way: "ts_way", persona: "ts_persona" };
const has = (select, value) => [...select.options].some((option) => option.value === value);

/* What goes with a question; nothing where there is no choice. */
export function chosenWay(value = $("#ts-way")?.value) {
  if (!value) return {};
  const [tier, ...brain] = value.split("|");
  return { tier: Number(tier), brain: brain.join("|"), persona: $("#ts-persona")?.value || "" };
}
export function setWay(way, persona = "") {
  if (way) localStorage.setItem(stored.way, way);
  if (persona) localStorage.setItem(stored.persona, persona);
}
/* The first model's way with documents, where there is one. */
export const modelWay = () => [...($("#ts-way")?.options || [])].map((option) => option.value).find((value) => value.startsWith("3|") && value !== "3|embedded") || "";
/* Makes a new chooser say what was chosen before, where that is still there. */
export function drawWay() {
  for (const [name, key] of Object.entries(stored)) {
    const select = $(`#ts-${name}`);
    if (!select) continue;
    const before = localStorage.getItem(key), first = select.dataset.first;
    select.value = has(select, before) ? before : has(select, first) ? first : select.options[0]?.value;
  }
  tell();
}
/* A role is for a model that is told one; of a model the page says how small it is and where words go. */
const tell = trying(async () => {
  const select = $("#ts-way"), note = $("#ts-waynote");
  if (!note) return;
  const { tier, brain } = chosenWay(), model = Boolean(select) && brain !== "embedded";
  if (select) $("#ts-personabox").hidden = !model || tier === 1;
  note.hidden = true;
  if (!model) return;
  const found = await getJson(`/ui/brain?${query({ name: brain })}`);
  if (chosenWay().brain !== brain) return;
  note.textContent = found.problem || found.about;
  note.classList.toggle("bad", Boolean(found.problem));
  note.hidden = !note.textContent;
});
/* The same in the list of settings. */
export async function tellAll(root) {
  for (const place of root.querySelectorAll("[data-about]")) {
    const found = await getJson(`/ui/brain?${query({ name: place.dataset.about })}`).catch(() => null);
    if (!found) continue;
    place.replaceChildren(el("span", found.problem ? "bad" : "", found.problem || found.about));
  }
}

export function startWays() {
  document.addEventListener("change", (event) => {
    const name = { "ts-way": "way", "ts-persona": "persona" }[event.target.id];
    if (!name) return;
    localStorage.setItem(stored[name], event.target.value);
    tell();
  });
}

/* The evidence panel: sources, page with the quote boxed, table with the cell marked, receipt. */
import { $, $$, act, el, fill, narrow, phone, state, t, toast, trying } from "./base.js";
import { showEvidence } from "./sheets.js";

const shown = { message: "", n: 1, tab: "sources" };

export const evidence = trying(async (values = {}) => {
  Object.assign(shown, values);
  if (!(await fill($("#ev-root"), `/ui/evidence?${new URLSearchParams(shown)}`))) return;
  placeBoxes();
  claim();
  if (shown.message) reveal();
});
/* The quoted words come into view, in their panel alone. */
function reveal() {
  const body = $("#ev-body"), card = $(`#src-${shown.n}`), mark = card ? $("mark, .used", card) || card : $("mark, .used", body);
  if (!mark) return;
  const frame = body.getBoundingClientRect(), wanted = mark.getBoundingClientRect(), start = card ? card.getBoundingClientRect() : wanted;
  const fits = wanted.bottom - start.top < frame.height - 16;
  if (start.top < frame.top || wanted.bottom > frame.bottom - 16) body.scrollTop += (fits ? start.top - frame.top - 10 : wanted.top - frame.top - frame.height / 3);
  const scroll = mark.closest(".scroll"), cell = scroll && ($("mark", scroll) || $(".used", scroll));
  if (cell) scroll.scrollLeft = Math.max(0, cell.offsetLeft - scroll.clientWidth / 2);
}
export const clearEvidence = () => evidence({ message: "", n: 1, tab: "sources" });

/* Boxes come in points; the picture has `scale` pixels per point. */
function placeBoxes() {
  const frame = $("#ev-root .pageimg"), picture = frame && $("img", frame);
  if (!picture) return;
  const place = () => {
    const width = picture.naturalWidth / 1.5, height = picture.naturalHeight / 1.5;
    for (const [x0, y0, x1, y1] of JSON.parse(frame.dataset.boxes || "[]")) {
      const box = el("span", "box");
      Object.assign(box.style, { left: `${(x0 / width) * 100}%`, top: `${(y0 / height) * 100}%`, width: `${((x1 - x0) / width) * 100}%`, height: `${((y1 - y0) / height) * 100}%` });
      $(".paper", frame).append(box);
    }
    enlarge();
    $(".box", frame)?.scrollIntoView({ block: "center" });
  };
  if (picture.complete && picture.naturalWidth) place();
  else picture.addEventListener("load", place, { once: true });
  picture.addEventListener("error", () => { frame.hidden = true; const note = $("#ev-root .noimg"); if (note) note.hidden = false; }, { once: true });
}

/* The page as wide as the panel, or large enough to read, then with the quote in view. */
let large = false;
function enlarge() {
  const frame = $("#ev-root .pageimg"), button = $("[data-act=zoom]"), box = frame && $(".box", frame);
  if (!frame || !button) return;
  frame.classList.toggle("large", large);
  button.setAttribute("aria-pressed", String(large));
  button.textContent = t(large ? "fit" : "enlarge");
  if (!large || !box) return;
  frame.scrollLeft = box.offsetLeft + Math.min(box.offsetWidth, frame.clientWidth) / 2 - frame.clientWidth / 2;
  frame.scrollTop = box.offsetTop - frame.clientHeight / 3;
}

/* On a phone the sheet covers the answer, so it repeats the sentence that is being checked. */
function claim() {
  const chip = $(`#chat-root .cite[data-message="${CSS.escape(shown.message)}"][data-n="${shown.n}"]`), line = $("#ev-claim");
  $$("#chat-root .cite[aria-current]").forEach((other) => other.removeAttribute("aria-current"));
  if (!chip || !line) return;
  chip.setAttribute("aria-current", "true");
  line.textContent = sentenceOf(chip);
  line.hidden = !narrow();
}

/* The words between a chip and the one before it; chips that stand side by side share theirs. */
function sentenceOf(chip) {
  const block = chip.closest("li, p, td") || chip.parentElement;
  const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT);
  let said = "", ended = false;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const mark = node.parentElement.closest(".cite");
    if (mark === chip) break;
    if (mark) { ended = true; continue; }
    if (ended && /[\p{L}\p{N}]/u.test(node.textContent)) { said = ""; ended = false; }
    said += node.textContent;
  }
  return said.replace(/\s+/g, " ").trim();
}

export function startEvidence() {
  act("zoom", () => { large = !large; enlarge(); });
  document.addEventListener("click", (event) => { if (event.target.closest?.("#ev-root .paper")) { large = !large; enlarge(); } });
  act("cite", async (button) => {
    const tab = shown.tab === "receipt" || shown.tab === "table" ? "sources" : shown.tab;
    await evidence({ message: button.dataset.message, n: Number(button.dataset.n), tab });
    showEvidence();
    $(`#src-${shown.n}`)?.focus({ preventScroll: true });
    if (phone()) setTimeout(() => { lift(button); reveal(); }, 80);
  });
  act("copy-command", async (button) => {
    if (navigator.clipboard) await navigator.clipboard.writeText(button.dataset.text);
    toast(t("copied"), null, "", 2000);
  });
  act("made", async (button) => {
    await evidence({ message: button.dataset.message, n: 1, tab: "receipt" });
    showEvidence();
    $("#tab-receipt")?.focus({ preventScroll: true });
  });
  document.addEventListener("click", (event) => {
    const tab = event.target.closest?.("[data-tab]");
    if (tab) {
      evidence({ tab: tab.dataset.tab, ...(tab.dataset.n && { n: Number(tab.dataset.n) }) }).then(() => $(`#tab-${shown.tab}`)?.focus({ preventScroll: true }));
      return;
    }
    const card = event.target.closest?.(".src");
    if (!card || event.target.closest("a, button")) return;
    shown.n = Number(card.dataset.n);
    $$(".src").forEach((other) => other === card ? other.setAttribute("aria-current", "true") : other.removeAttribute("aria-current"));
    claim();
  });
  document.addEventListener("keydown", (event) => {
    if (event.target.getAttribute?.("role") !== "tab" || !/^(Arrow(Left|Right)|Home|End)$/.test(event.key)) return;
    const tabs = $$("[role=tab]", event.target.parentNode), at = tabs.indexOf(event.target);
    const to = event.key === "Home" ? 0 : event.key === "End" ? tabs.length - 1 : (at + (event.key === "ArrowRight" ? 1 : tabs.length - 1)) % tabs.length;
    event.preventDefault();
    tabs[to].click();
  });
}
/* Scrolls the answer so that the sentence stands above the sheet. */
function lift(chip) {
  const top = innerHeight - $("#ts-ev").offsetHeight, place = chip.getBoundingClientRect();
  if (place.bottom > top - 16 || place.top < 60) $("#chat-root").scrollTop += place.bottom - (top - 16);
}
export const evidenceOf = () => shown.message;

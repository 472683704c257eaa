/* One question, two answers side by side: asked once more in another way, then judged. */
import { $, $$, act, el, fill, query, send, state, t, toast, trying } from "./base.js";
import { askAgain } from "./chat.js";
import { chosenWay } from "./ways.js";

let waiting = ""; // the conversation whose next answer is to be shown beside the one before it

async function open(article) {
  $("#ts-compare")?.remove();
  const box = el("section", "compare");
  box.id = "ts-compare";
  box.dataset.message = article.dataset.id;
  box.setAttribute("aria-label", t("compare"));
  $(".acts", article).after(box);
  await fill(box, `/ui/compare?${query({ message: article.dataset.id })}`);
  $("button, select", box)?.focus({ preventScroll: true });
  box.scrollIntoView({ block: "nearest" });
}

export function startCompare() {
  act("compare", (button) => open(button.closest(".msg")));
  act("close-compare", (button) => {
    const article = button.closest(".msg");
    $("#ts-compare").remove();
    $("[data-act=compare]", article)?.focus();
  });
  act("better", async (button) => {
    await send("/ui/better", "POST", { better: button.dataset.better, worse: button.dataset.worse });
    $$("#ts-compare [data-act=better]").forEach((other) => other.setAttribute("aria-pressed", String(other === button)));
    toast(t("thanks"));
  });
  document.addEventListener("submit", trying(async (event) => {
    if (!event.target.matches?.(".again-as")) return;
    event.preventDefault();
    if (state.busy) return toast(t("busy"));
    waiting = state.conversation;
    await askAgain(event.target.dataset.message, chosenWay(event.target.way.value));
  }));
  addEventListener("ts-answered", trying(async () => {
    if (waiting !== state.conversation) return;
    waiting = "";
    const last = $$("#chat-root .msg.bot").pop();
    if (last && $(".branches", last)) await open(last);
  }));
}

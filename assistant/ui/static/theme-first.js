/* Before the first paint: the chosen theme, so that the page never flashes. Gradio toggles "dark" on the body; theme.js holds ours. */
(() => {
  const want = localStorage.getItem("ts_theme") || "system";
  const dark = want === "dark" || (want === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.classList.toggle("dark", dark);
  document.documentElement.style.colorScheme = dark ? "dark" : "light";
})();

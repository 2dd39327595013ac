"use strict";
const root = document.documentElement;
const keep = {
  get() { try { return localStorage.getItem("brewlite-theme"); } catch { return null; } },
  set(value) { try { localStorage.setItem("brewlite-theme", value); } catch { /* a private window */ } },
};
const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
const toggle = document.getElementById("theme");
const show = () => { toggle.textContent = dark() ? "Light" : "Dark"; toggle.setAttribute("aria-label", `Switch to ${dark() ? "light" : "dark"} colours`); };
if (["dark", "light"].includes(keep.get())) root.dataset.theme = keep.get();
toggle.hidden = false;
toggle.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; keep.set(root.dataset.theme); show(); });
show();

const bodies = [...document.querySelectorAll("#tasks tbody")];
const search = document.getElementById("find");
const moved = document.getElementById("only-moved");
const found = document.getElementById("found");
const asked = () => search.value.trim().toLowerCase() !== "" || moved.checked;
const draw = () => {
  const words = search.value.trim().toLowerCase();
  let shown = 0;
  for (const body of bodies) {
    const open = body.querySelector("button").getAttribute("aria-expanded") === "true";
    let any = false;
    for (const row of body.querySelectorAll("tr.task")) {
      const fits = row.dataset.words.includes(words) && (!moved.checked || ["better", "worse"].includes(row.dataset.outcome));
      row.hidden = !fits || (!open && !asked());
      any = any || fits;
      shown += fits ? 1 : 0;
    }
    body.hidden = asked() && !any;
  }
  found.textContent = asked() ? `${shown} tasks` : "";
};
for (const body of bodies) {
  const button = body.querySelector("button");
  button.addEventListener("click", () => { button.setAttribute("aria-expanded", button.getAttribute("aria-expanded") !== "true"); draw(); });
}
for (const [id, open] of [["open-all", true], ["close-all", false]]) {
  document.getElementById(id).addEventListener("click", () => {
    for (const body of bodies) body.querySelector("button").setAttribute("aria-expanded", open);
    draw();
  });
}
search.addEventListener("input", draw);
moved.addEventListener("change", draw);
const intervals = document.getElementById("intervals");
intervals.addEventListener("change", () => document.getElementById("tasks").classList.toggle("bare", !intervals.checked));
document.querySelector(".controls").hidden = false;
const reveal = () => {
  const row = location.hash.startsWith("#task-") ? document.getElementById(location.hash.slice(1)) : null;
  if (!row) return;
  search.value = ""; moved.checked = false;
  row.closest("tbody").querySelector("button").setAttribute("aria-expanded", "true");
  draw();
  row.scrollIntoView({ block: "center" });
};
addEventListener("hashchange", reveal);
reveal();

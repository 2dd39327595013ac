// Small comforts. Every page works without them.
"use strict";

const wish = document.getElementById("wish");
if (wish) {
  const fit = () => {
    wish.style.height = "auto";
    wish.style.height = `${wish.scrollHeight + 2}px`;
  };
  wish.addEventListener("input", fit);
  wish.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      wish.form.requestSubmit();
    }
  });
  fit();
}

// Asking takes a second or two: say so, and do not ask twice.
document.querySelectorAll("form.ask").forEach((form) => {
  form.addEventListener("submit", () => {
    const button = form.querySelector("button.primary");
    button.textContent = "Reading …";
    button.setAttribute("aria-busy", "true");
    document.body.classList.add("busy");
  });
});
document.querySelectorAll(".examples a, .chips a, .head a").forEach((link) => {
  link.addEventListener("click", () => document.body.classList.add("busy"));
});
window.addEventListener("pageshow", () => document.body.classList.remove("busy"));

// The heart saves without leaving the page.
document.querySelectorAll("form[data-quiet]").forEach((form) => {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.setAttribute("aria-pressed", "true");
    button.disabled = true;
    try {
      const reply = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual" });
      if (reply.type !== "opaqueredirect" && !reply.ok) throw new Error(String(reply.status));
    } catch {
      button.setAttribute("aria-pressed", "false");
      button.disabled = false;
    }
  });
});

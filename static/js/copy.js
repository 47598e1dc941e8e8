// data-copy: a button that puts its value onto the clipboard, and says so for a moment.

import { enhance } from "./enhance.js";

const SAID_FOR = 3000;

enhance("[data-copy]", (button) => {
  if (!navigator.clipboard) return;
  const words = button.querySelector("span");
  const before = words.textContent;
  words.setAttribute("role", "status");
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.dataset.copy);
    words.textContent = button.dataset.copied;
    setTimeout(() => (words.textContent = before), SAID_FOR);
  });
});

// data-password: a button inside the field shows what was typed.

import { enhance, word } from "./enhance.js";

enhance("[data-password]", (field) => {
  const input = field.querySelector("input");
  const label = document.querySelector(`label[for="${input.id}"]`)?.firstChild?.textContent.trim() ?? "";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "field-reveal";
  button.setAttribute("aria-controls", input.id);

  function show(visible) {
    input.type = visible ? "text" : "password";
    button.textContent = word(visible ? "hide" : "show");
    button.setAttribute("aria-label", `${button.textContent} ${label}`.trim());
  }

  button.addEventListener("click", () => {
    show(input.type === "password");
    input.focus();
  });
  // What goes to the server goes as a password, so that the browser offers to keep it and shows it no more.
  input.form?.addEventListener("submit", () => show(false));
  show(false);
  field.append(button);
});

// A short word at the foot of the screen, from the template in the page; data-dismiss closes it, or an alert.

import { enhance } from "./enhance.js";

const SHOWN = 8000;

export function toast(words) {
  const region = document.querySelector("[data-toasts]");
  const made = document.querySelector("template[data-toast-template]").content.cloneNode(true).firstElementChild;
  made.querySelector("[data-toast-words]").textContent = words;
  region.append(made);
  improveToast(made);
}

// It stays as long as it is pointed at or holds the focus.
export function improveToast(element) {
  let timer;
  const wait = () => (timer = setTimeout(() => element.remove(), SHOWN));
  for (const name of ["pointerenter", "focusin"]) element.addEventListener(name, () => clearTimeout(timer));
  for (const name of ["pointerleave", "focusout"]) element.addEventListener(name, wait);
  wait();
}

enhance("[data-toasts] > [data-toast]", improveToast);

enhance(".alert > [data-dismiss]", (button) => {
  button.hidden = false;
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-dismiss]");
  button?.closest(".alert, .toast").remove();
});

// data-dialog: a link to a <dialog>'s id opens it over the page, with the focus inside and Escape to leave. The browser
// gives the focus back to the link. data-dialog-open: one that the server sent open, with errors in its form.

import { enhance } from "./enhance.js";

const openOver = (dialog) => {
  if (dialog.open) dialog.close();
  dialog.showModal();
};

enhance("a[data-dialog]", (link) => {
  link.setAttribute("role", "button");
  link.setAttribute("aria-haspopup", "dialog");
  link.addEventListener("click", (event) => {
    const dialog = document.querySelector(link.hash);
    if (!(dialog instanceof HTMLDialogElement)) return;
    event.preventDefault();
    openOver(dialog);
  });
  link.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    link.click();
  });
});

enhance("dialog", (dialog) => {
  if (dialog.hasAttribute("data-dialog-open")) openOver(dialog);
  // A press on the dark ground beside it.
  dialog.addEventListener("click", (event) => {
    if (event.target !== dialog) return;
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    const inside = event.clientX >= left && event.clientX <= right && event.clientY >= top && event.clientY <= bottom;
    if (!inside) dialog.close();
  });
});

enhance("[data-dialog-close]", (link) => {
  link.addEventListener("click", (event) => {
    const dialog = link.closest("dialog");
    if (!dialog?.open) return;
    event.preventDefault();
    dialog.close();
  });
});

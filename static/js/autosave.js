// data-autosave: a form that htmx sends while one types. What is not saved says so (data-autosave-status in it), is sent
// again when the network comes back, and is not left without a question. One that came back to be compared
// (data-autosave="held") goes out only when somebody sends it.

import { enhance, word } from "./enhance.js";

const AGAIN_AFTER = 15_000;

enhance("[data-autosave]", (form) => {
  const isHeld = form.dataset.autosave === "held";
  let typed = isHeld ? 1 : 0;
  let sent = 0;
  let saved = 0;
  let failures = 0;
  let again;

  const status = () => form.querySelector("[data-autosave-status]");
  const isUnsaved = () => form.isConnected && typed > saved;

  function tell(name) {
    if (status()) status().textContent = word(name);
  }

  function sendAgain() {
    clearTimeout(again);
    if (isUnsaved() && !isHeld) form.requestSubmit();
  }

  function failed(event) {
    failures += 1;
    tell("unsaved");
    // Once is enough: the line beside the button goes on saying it.
    if (failures > 1) event.stopPropagation();
    clearTimeout(again);
    again = setTimeout(sendAgain, AGAIN_AFTER);
  }

  form.addEventListener("input", () => {
    typed += 1;
    tell("unsaved");
  });
  form.addEventListener("htmx:beforeRequest", ({ target }) => {
    if (target === form) sent = typed;
  });
  // Before the answer is put into the page, which then is told whether more was typed in the meantime.
  form.addEventListener("htmx:beforeOnLoad", ({ target, detail }) => {
    // What was refused in words (422) comes as a swap too, and is saved no more than what got lost.
    if (target !== form || detail.xhr.status < 200 || detail.xhr.status >= 400) return;
    failures = 0;
    saved = sent;
  });
  form.addEventListener("htmx:afterSwap", () => {
    if (isUnsaved()) tell("unsaved");
  });
  form.addEventListener("htmx:sendError", failed);
  form.addEventListener("htmx:timeout", failed);
  form.addEventListener("htmx:responseError", failed);
  addEventListener("online", sendAgain);
  addEventListener("beforeunload", (event) => {
    if (isUnsaved()) event.preventDefault();
  });
});

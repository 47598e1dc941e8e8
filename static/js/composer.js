// data-composer: rows that are filled by keyboard alone. Enter goes to the next field of a row, and from the last one to
// the next row, which is made if there is none; with Ctrl or ⌘ it saves and checks.

import { enhance } from "./enhance.js";
import "./rows.js";

const FIELDS = "input:not([type=hidden], [type=checkbox]), select";

enhance("[data-composer]", (form) => {
  const list = form.querySelector("[data-rows-list]");
  const add = form.querySelector("[data-rows-add]");

  form.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.defaultPrevented || event.isComposing) return;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      return form.requestSubmit();
    }
    const row = event.target.closest("fieldset");
    if (!list.contains(row) || !event.target.matches(FIELDS)) return;
    event.preventDefault();
    const fields = [...row.querySelectorAll(FIELDS)];
    const next = fields[fields.indexOf(event.target) + 1];
    if (next) return next.focus();
    const following = row.nextElementSibling;
    if (following && !following.hidden) return following.querySelector(FIELDS).focus();
    if (!add.disabled) add.click();
  });
});

// data-rows: a formset to which rows can be added. Its value is the formset's prefix. The blank rows that came with the
// page (data-rows-blank) are put away until they are asked for; then come copies of the template's row, and the count in
// the management form goes up with each. A row may be folded (details) or lie open.

import { enhance } from "./enhance.js";

// One row more of a formset, from the template, at the list's end.
export function newRow(formset) {
  const count = formset.querySelector(`[name="${formset.dataset.rows}-TOTAL_FORMS"]`);
  const holder = document.createElement("template");
  holder.innerHTML = formset.querySelector("[data-rows-new]").innerHTML.replaceAll("__prefix__", count.value);
  count.value = Number(count.value) + 1;
  const row = holder.content.firstElementChild;
  formset.querySelector("[data-rows-list]").append(row);
  // Other enhancements look at what comes with htmx; this came without it.
  row.dispatchEvent(new CustomEvent("htmx:load", { bubbles: true, detail: { elt: row } }));
  return row;
}

enhance("[data-rows]", (formset) => {
  const count = formset.querySelector(`[name="${formset.dataset.rows}-TOTAL_FORMS"]`);
  const most = formset.querySelector(`[name="${formset.dataset.rows}-MAX_NUM_FORMS"]`);
  const list = formset.querySelector("[data-rows-list]");
  const add = formset.querySelector("[data-rows-add]");
  const spare = [...list.querySelectorAll("[data-rows-blank]:not([open])")];

  function rememberWhetherMoreMayCome() {
    add.disabled = !spare.length && Number(count.value) >= Number(most.value);
  }

  // A spare row may have been taken and filled by another script.
  function unused() {
    while (spare.length && !spare[0].hidden) spare.shift();
    return spare.shift();
  }

  for (const row of spare) row.hidden = true;
  add.hidden = false;
  rememberWhetherMoreMayCome();
  add.addEventListener("click", () => {
    const row = unused() ?? newRow(formset);
    row.hidden = false;
    if (row instanceof HTMLDetailsElement) row.open = true;
    row.querySelector("select, textarea, input:not([type=hidden])").focus();
    rememberWhetherMoreMayCome();
  });
});

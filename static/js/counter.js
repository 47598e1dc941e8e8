// data-counter: a text field that says how much of it is full. Its value is the most letters that it may hold; nothing
// that is typed or pasted is cut off, for what is too long can be shortened where one sees it.

import { enhance } from "./enhance.js";

enhance("[data-counter]", (field) => {
  const most = Number(field.dataset.counter);
  const numbers = new Intl.NumberFormat(document.documentElement.lang);
  const shown = document.createElement("p");
  shown.className = "field-count";
  // The help beside the field says how many letters it holds; a number that is read out at each key would be in the way.
  shown.setAttribute("aria-hidden", "true");
  field.after(shown);

  function count() {
    const length = [...field.value].length;
    shown.textContent = `${numbers.format(length)} / ${numbers.format(most)}`;
    shown.classList.toggle("field-count-over", length > most);
  }

  field.addEventListener("input", count);
  count();
});

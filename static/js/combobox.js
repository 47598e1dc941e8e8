// data-combobox: an input with a datalist becomes a combobox with a list of its own (WAI-ARIA: list autocomplete with
// manual selection). What is typed stays as it is typed; a suggestion is only taken when it is chosen.
// With data-combobox-source the server suggests: {found: [{key, value, hint}]} for ?q=, and the key of what was chosen
// goes into the hidden field beside it (data-combobox-key) until something else is typed. A list of its own is shown
// meanwhile, and instead where the server does not answer.

import { enhance } from "./enhance.js";

const MOST = 8;
// After which pause in the typing the server is asked.
const PAUSE = 150;

// Letters as they are compared: one form of each, small, and without Latin accents; Bangla signs stay, they are letters.
const plain = (text) =>
  text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").normalize("NFC").toLocaleLowerCase();

// Words that begin so come first, then words that hold it anywhere, in the word or in its hint.
function matches(options, typed) {
  const wanted = plain(typed.trim());
  if (!wanted) return options.slice(0, MOST);
  const ranked = [[], []];
  for (const option of options) {
    if (option.plain.startsWith(wanted)) ranked[0].push(option);
    else if (option.plain.includes(wanted) || option.plainHint.includes(wanted)) ranked[1].push(option);
  }
  return ranked.flat().slice(0, MOST);
}

enhance("[data-combobox]", (box) => {
  const input = box.querySelector("input:not([type=hidden])");
  const datalist = box.querySelector("datalist");
  const { comboboxSource: source } = box.dataset;
  const key = box.querySelector("[data-combobox-key]");
  const options = [...(datalist?.options ?? [])].map(({ value, label }) => {
    const hint = label === value ? "" : label;
    return { value, hint, plain: plain(value), plainHint: plain(hint) };
  });
  if (!options.length && !source) return;

  const list = document.createElement("div");
  list.className = "combobox-list";
  list.id = `${input.id}_list`;
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", document.querySelector(`label[for="${input.id}"]`)?.textContent.trim() ?? "");
  if (datalist) datalist.replaceWith(list);
  else input.after(list);
  input.removeAttribute("list");
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-autocomplete", "list");
  input.setAttribute("aria-controls", list.id);
  input.setAttribute("aria-expanded", "false");

  let at = -1;

  function mark(index) {
    const rows = list.children;
    rows[at]?.setAttribute("aria-selected", "false");
    at = rows.length ? (index + rows.length) % rows.length : -1;
    if (at < 0) return input.removeAttribute("aria-activedescendant");
    rows[at].setAttribute("aria-selected", "true");
    rows[at].scrollIntoView({ block: "nearest" });
    input.setAttribute("aria-activedescendant", rows[at].id);
  }

  function close() {
    at = -1;
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  }

  let asking;
  let pause;
  // What the server has answered on this page: going back a letter asks nothing.
  const answers = new Map();

  async function ask() {
    asking?.abort();
    asking = new AbortController();
    const typed = input.value.trim();
    if (typed.length < 2) return options.length || close();
    try {
      if (!answers.has(typed)) {
        const answer = await fetch(`${source}?q=${encodeURIComponent(typed)}`, { signal: asking.signal });
        // What cannot be suggested can still be typed.
        if (!answer.ok) return options.length || close();
        answers.set(typed, (await answer.json()).found);
      }
      const found = answers.get(typed);
      // What came with the page stays where nothing else is found, and nothing is moved under a key that is choosing.
      if (!found.length && options.length) return;
      if (document.activeElement === input && input.value.trim() === typed && at < 0) show(found);
    } catch (error) {
      if (error.name !== "AbortError" && !options.length) close();
    }
  }

  function open() {
    clearTimeout(pause);
    const known = answers.get(input.value.trim());
    if (known?.length) return show(known);
    if (options.length) show(matches(options, input.value));
    if (source) pause = setTimeout(ask, PAUSE);
  }

  function show(found) {
    list.replaceChildren(
      ...found.map(({ value, hint, key: chosen }, index) => {
        const row = document.createElement("div");
        row.className = "combobox-option";
        row.id = `${list.id}_${index}`;
        row.dataset.value = value;
        if (chosen !== undefined) row.dataset.key = chosen;
        row.setAttribute("role", "option");
        row.setAttribute("aria-selected", "false");
        const name = document.createElement("span");
        name.textContent = value;
        row.append(name);
        if (hint) {
          const more = document.createElement("span");
          more.className = "combobox-hint";
          more.textContent = hint;
          row.append(more);
        }
        return row;
      }),
    );
    at = -1;
    input.removeAttribute("aria-activedescendant");
    list.hidden = !found.length;
    input.setAttribute("aria-expanded", String(found.length > 0));
  }

  function take(row) {
    input.value = row.dataset.value;
    if (key) key.value = row.dataset.key ?? "";
    close();
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  input.addEventListener("input", () => {
    if (key) key.value = "";
    open();
  });
  input.addEventListener("click", open);
  input.addEventListener("blur", () => {
    clearTimeout(pause);
    asking?.abort();
    close();
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (list.hidden) open();
      if (!list.hidden) mark(event.key === "ArrowDown" ? at + 1 : at < 0 ? -1 : at - 1);
    } else if (event.key === "Enter") {
      clearTimeout(pause);
      asking?.abort();
      // What was typed is meant as it is: the form goes off, and the list is not in the way of what comes.
      if (at < 0) return close();
      event.preventDefault();
      take(list.children[at]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    }
  });
  // Before the input loses the focus, which would close the list under the finger.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[role=option]");
    if (row) take(row);
  });
});

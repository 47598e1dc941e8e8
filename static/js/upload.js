// data-files: a field of documents. What is chosen, dropped or photographed stands in a list, and can be taken out again;
// all of it lies in the one input, so that the form can be sent as it is.
//
// form[data-upload]: its documents are sent one by one, each with its progress. One that breaks off or is refused stays in
// the list with the reason; sending again sends what is not kept yet.

import { enhance } from "./enhance.js";

const LARGEST = 20 * 1024 * 1024;

const same = (one, other) => one.name === other.name && one.size === other.size && one.lastModified === other.lastModified;

const size = (bytes) => {
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, "kilobyte"] : [bytes / 1e6, "megabyte"];
  const style = { style: "unit", unit, maximumFractionDigits: value < 10 ? 1 : 0 };
  return new Intl.NumberFormat(document.documentElement.lang, style).format(Math.max(value, 0.1));
};

class Files {
  constructor(field) {
    this.field = field;
    this.input = field.querySelector("input[type=file][multiple]");
    this.list = field.querySelector("[data-files-list]");
    this.row = field.querySelector("[data-files-row]");
    this.said = field.querySelector("[data-files-said]");
    this.words = field.querySelector("[data-files-words]").content;
    // By file: its row in the list, and whether it is kept already.
    this.rows = new Map();

    this.input.addEventListener("change", () => this.draw());
    const camera = field.querySelector("[data-files-camera]");
    if (matchMedia("(pointer: coarse)").matches) camera.hidden = false;
    const photo = camera.querySelector("input");
    photo.addEventListener("change", () => {
      this.add(photo.files);
      photo.value = "";
    });

    const drop = field.querySelector("[data-files-drop]");
    for (const name of ["dragover", "dragleave", "drop"]) {
      drop.addEventListener(name, (event) => {
        event.preventDefault();
        drop.classList.toggle("files-over", name === "dragover");
        if (name === "drop") this.add(event.dataTransfer.files);
      });
    }
    this.draw();
  }

  word(name) {
    return this.words.querySelector(`[data-word="${name}"]`).textContent;
  }

  put(files) {
    const holder = new DataTransfer();
    for (const file of files) holder.items.add(file);
    this.input.files = holder.files;
    this.draw();
  }

  add(files) {
    const there = [...this.input.files];
    this.put([...there, ...[...files].filter((file) => !there.some((each) => same(each, file)))]);
  }

  draw() {
    const files = [...this.input.files];
    for (const [file, { row }] of this.rows) {
      if (files.some((each) => same(each, file))) continue;
      row.remove();
      this.rows.delete(file);
    }
    for (const file of files) {
      if ([...this.rows.keys()].some((each) => same(each, file))) continue;
      const row = this.row.content.cloneNode(true).firstElementChild;
      row.querySelector("[data-files-name]").textContent = file.name;
      const remove = row.querySelector("[data-files-remove]");
      remove.setAttribute("aria-label", `${remove.getAttribute("aria-label")} ${file.name}`);
      remove.addEventListener("click", () => {
        this.put([...this.input.files].filter((each) => !same(each, file)));
        this.input.focus();
      });
      this.list.append(row);
      this.rows.set(file, { row, kept: false });
      this.say(file, file.size > LARGEST ? this.word("large") : size(file.size), { wrong: file.size > LARGEST });
    }
    this.list.hidden = this.rows.size === 0;
  }

  say(file, words, { share = null, wrong = false, kept = false, aloud = false } = {}) {
    const entry = this.rows.get(file);
    entry.kept ||= kept;
    entry.row.querySelector("[data-files-state]").textContent = words;
    entry.row.classList.toggle("files-wrong", wrong);
    entry.row.classList.toggle("files-kept", entry.kept);
    const progress = entry.row.querySelector("progress");
    progress.hidden = share === null;
    if (share !== null) progress.value = share;
    entry.row.querySelector("[data-files-remove]").hidden = share !== null || entry.kept;
    if (aloud) this.said.textContent = `${file.name}: ${words}`;
  }
}

const fields = new WeakMap();
enhance("[data-files]", (field) => fields.set(field, new Files(field)));

// The server's words beside their field, as a page would have them.
function complain(form, errors) {
  for (const [name, sentences] of Object.entries(errors)) {
    const field = form.querySelector(`[name="${name}"]`)?.closest(".field");
    if (!field || field.matches("[data-files]")) continue;
    field.classList.add("field-wrong");
    const list = document.createElement("ul");
    list.className = "errorlist";
    for (const sentence of sentences) list.append(Object.assign(document.createElement("li"), { textContent: sentence }));
    field.querySelector(".errorlist")?.remove();
    field.append(list);
    field.querySelector("input, select, textarea").focus();
  }
}

function clean(form) {
  for (const list of form.querySelectorAll(".errorlist")) list.remove();
  for (const field of form.querySelectorAll(".field-wrong")) field.classList.remove("field-wrong");
}

function send(form, files, file, isLast) {
  const body = new FormData(form);
  body.delete(files.input.name);
  body.append(files.input.name, file);
  if (isLast) body.append("last", "1");
  return new Promise((done) => {
    const request = new XMLHttpRequest();
    request.open("POST", form.action || location.href);
    request.setRequestHeader("Accept", "application/json");
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) => {
      const share = Math.round((100 * loaded) / total);
      files.say(file, share < 100 ? files.word("sending") : files.word("checking"), { share });
    });
    request.addEventListener("load", () => done(request.response ?? { errors: {} }));
    for (const name of ["error", "abort", "timeout"]) request.addEventListener(name, () => done(null));
    request.send(body);
  });
}

enhance("form[data-upload]", (form) => {
  const files = fields.get(form.querySelector("[data-files]"));
  let next = null;

  async function sendAll(button) {
    const waiting = [...files.rows].filter(([file, { kept }]) => !kept && file.size <= LARGEST).map(([file]) => file);
    button.setAttribute("aria-busy", "true");
    clean(form);
    for (const file of waiting) {
      files.say(file, files.word("sending"), { share: 0, aloud: true });
      const answer = await send(form, files, file, file === waiting.at(-1));
      if (answer?.next) {
        next = answer.next;
        files.say(file, files.word("kept"), { kept: true, aloud: true });
        continue;
      }
      const errors = answer?.errors ?? {};
      const words = errors.files?.join(" ") ?? files.word(answer ? "not_kept" : "broken");
      files.say(file, words, { wrong: true, aloud: true });
      complain(form, errors);
      if (Object.keys(errors).some((name) => name !== "files")) break;
    }
    button.removeAttribute("aria-busy");
    if (next && [...files.rows.values()].every(({ kept }) => kept)) location.assign(next);
  }

  let busy = false;
  form.addEventListener("submit", async (event) => {
    if (!files.rows.size) return;
    event.preventDefault();
    if (busy) return;
    busy = true;
    await sendAll(event.submitter ?? form.querySelector(".button[type=submit]"));
    busy = false;
  });
});

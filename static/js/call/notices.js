// What is said over the picture, one line a matter, in a live region: shown until it is over.

import { say } from "./words.js";

export class Notices {
  constructor(region) {
    this.region = region;
    this.shown = new Map();
  }

  // `action`: words and what to do, for a button in the line. `words`: in place of the page's sentence of that name.
  show(name, { tone = "info", words = say(name), action = null } = {}) {
    const old = this.shown.get(name);
    if (old?.dataset.said === words) return;
    old?.remove();
    const line = document.createElement("div");
    line.className = `notice notice-${tone}`;
    line.dataset.notice = name;
    line.dataset.said = words;
    line.append(Object.assign(document.createElement("p"), { textContent: words }));
    if (action) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "button button-compact" });
      button.append(Object.assign(document.createElement("span"), { textContent: action.words }));
      button.addEventListener("click", action.run);
      line.append(button);
    }
    this.region.append(line);
    this.shown.set(name, line);
  }

  has(name) {
    return this.shown.has(name);
  }

  hide(...names) {
    for (const name of names) {
      this.shown.get(name)?.remove();
      this.shown.delete(name);
    }
  }

  // As `show` while it holds, as `hide` when it does not.
  set(name, holds, options) {
    if (holds) this.show(name, options);
    else this.hide(name);
  }

  // For a moment only: something that happened, and is not a state.
  pass(name, options = {}) {
    this.hide(name);
    this.show(name, options);
    const line = this.shown.get(name);
    setTimeout(() => this.shown.get(name) === line && this.hide(name), 6000);
  }
}

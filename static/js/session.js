// data-session: the session's end is told two minutes before it comes, and can be put off. When it has come, the page is
// covered and what was typed stays on it, in this page's memory and nowhere else: whoever signs in again in another tab,
// as the same person, goes on here. Pages of a patient who stays signed in for days have one too; it hardly ever shows.

import { enhance, word } from "./enhance.js";
import { toast } from "./toast.js";

const WARNED_BEFORE = 120;
// Longer than this no timer of a browser waits.
const LONGEST_WAIT = 24 * 3600;
// A request that nobody pressed, typed or chose says so: it does not keep a session alive that nobody uses.
const UNATTENDED = "X-Unattended";

document.addEventListener("htmx:configRequest", ({ detail }) => {
  if (!detail.triggeringEvent?.isTrusted) detail.headers[UNATTENDED] = "1";
});

class Session {
  constructor(dialog) {
    this.dialog = dialog;
    this.who = Number(dialog.dataset.who);
    this.until = Date.now() + 1000 * Number(dialog.dataset.left);
    // Over is what the server says; put aside is what the person did with the warning.
    this.isOver = this.isPutAside = false;
    this.part("keep").addEventListener("click", () => this.ask("POST"));
    this.part("again").addEventListener("click", () => this.ask());
    dialog.addEventListener("close", () => this.closed());
    document.addEventListener("session:over", () => this.ask());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.look());
    // Nothing is sent off to be turned away: with it would go what was typed.
    document.addEventListener("submit", (event) => this.hold(event, () => event.target.requestSubmit(event.submitter)), true);
    document.addEventListener("htmx:beforeRequest", (event) => this.hold(event));
    this.wait();
  }

  part(name) {
    return this.dialog.querySelector(`[data-session-${name}]`);
  }

  get left() {
    return Math.ceil((this.until - Date.now()) / 1000);
  }

  wait(seconds = this.left > WARNED_BEFORE ? Math.min(this.left - WARNED_BEFORE, LONGEST_WAIT) : 1) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), 1000 * seconds);
  }

  // Another tab may have been used meanwhile: the server is asked before anybody is alarmed, and at the end.
  look() {
    if (this.isOver) return;
    const isKnown = this.left > WARNED_BEFORE || (this.left > 0 && (this.dialog.open || this.isPutAside));
    if (!isKnown) return void this.ask();
    this.count();
    this.wait();
  }

  async ask(method = "GET") {
    const headers = method === "GET" ? { [UNATTENDED]: "1" } : { "X-CSRFToken": this.token };
    let answer;
    try {
      answer = await (await fetch(this.dialog.dataset.session, { method, headers })).json();
    } catch {
      // Without a network nobody knows; nothing is covered, and nothing sent, meanwhile.
      this.wait(10);
      return false;
    }
    if (answer.seconds && answer.who !== this.who) {
      location.reload();
      return true;
    }
    // Somebody whose second factor is still asked for sees nothing either.
    this.isOver = !answer.seconds || !answer.whole;
    this.until = Date.now() + 1000 * (this.isOver ? 0 : answer.seconds);
    if (!this.isOver) this.token = answer.token;
    this.show(answer);
    return true;
  }

  // The admin's pages have it in their forms alone.
  get token() {
    const kept = document.body.getAttribute("hx-headers");
    if (kept) return JSON.parse(kept)["X-CSRFToken"];
    return document.querySelector("input[name=csrfmiddlewaretoken]").value;
  }

  // Signing in again makes a new one; the forms of this page go on with it.
  set token(value) {
    document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": value }));
    for (const input of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) input.value = value;
  }

  show({ most }) {
    const isFar = this.left > WARNED_BEFORE;
    if (isFar) this.isPutAside = false;
    // At its longest it cannot be put off.
    this.dialog.classList.toggle("session-last", !isFar && !this.isOver && most <= WARNED_BEFORE);
    this.dialog.classList.toggle("session-over", this.isOver);
    for (const name of ["labelledby", "describedby"]) {
      this.dialog.setAttribute(`aria-${name}`, this.dialog.dataset[this.isOver ? `over${name}` : `near${name}`]);
    }
    if (isFar && this.dialog.open) this.dialog.close();
    if (this.isOver && this.dialog.open) this.part("gone").focus();
    if (!isFar && !this.dialog.open && (this.isOver || !this.isPutAside)) this.dialog.showModal();
    this.count();
    if (!this.isOver) this.wait();
  }

  // What is covered stays covered; a warning may be put aside.
  closed() {
    if (this.isOver) this.dialog.showModal();
    else this.isPutAside = this.left <= WARNED_BEFORE;
  }

  count() {
    const seconds = Math.max(0, this.left);
    const { format } = new Intl.NumberFormat(document.documentElement.lang, { minimumIntegerDigits: 2 });
    this.part("left").textContent = `${format(Math.floor(seconds / 60))}:${format(seconds % 60)}`;
    this.say(this.isOver ? "over" : seconds <= 30 ? "soon" : seconds <= 60 ? "minute" : "");
  }

  // To those who do not see the clock, each once.
  say(what) {
    if (what === this.said) return;
    this.said = what;
    this.part("said").textContent = what ? this.part("said").dataset[what] : "";
  }

  hold(event, again) {
    if (this.left > 0 && !this.isOver) return;
    event.preventDefault();
    event.stopPropagation();
    this.ask().then((isKnown) => (isKnown ? this.left > 0 && again?.() : toast(word("unreachable"))));
  }
}

enhance("[data-session]", (dialog) => new Session(dialog));

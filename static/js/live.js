// data-live: what is new comes into the open page by a socket, and by asking now and then where no socket holds. Each
// message carries the whole state of now, so nothing is missed by a socket that was lost: the badge is set by it, and
// what this tab has not seen yet becomes a toast.

import { enhance, token } from "./enhance.js";
import { improveToast } from "./toast.js";

const SEEN = "news-seen";
const KEPT = 100;
const FIRST_WAIT = 1000;
const LONGEST_WAIT = 60_000;
const ASKED_EVERY = 45_000;
// Signed out: there is nothing to come back for.
const GONE = 4003;
// This person has many pages open, and newer ones are heard: back when it is looked at again, and until then it asks.
const CROWDED = 4008;
const MOST_TOASTS = 3;

class Live {
  constructor(root) {
    this.root = root;
    this.tries = 0;
    this.show(Number(this.kept("unread") ?? 0));
    this.open();
    setInterval(() => this.askIfDeaf(), ASKED_EVERY);
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.wake());
    addEventListener("online", () => this.wake());
    // A page that the back button brings again has a socket that the browser closed.
    addEventListener("pageshow", (event) => event.persisted && this.wake());
  }

  get isHeard() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  open() {
    clearTimeout(this.timer);
    let socket;
    try {
      socket = this.socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/ws/live`);
    } catch {
      // Some browsers say so at once where a policy or a setting forbids sockets.
      this.again();
      return;
    }
    socket.addEventListener("message", ({ data }) => {
      this.tries = 0;
      const news = JSON.parse(data);
      if (news.type === "news") this.take(news);
    });
    // One that another has taken the place of meanwhile has nothing to come back for.
    socket.addEventListener("close", ({ code }) => {
      if (socket === this.socket && code !== GONE && code !== CROWDED) this.again();
    });
  }

  // Ever later, and not all at once when a server comes back.
  again() {
    this.tries += 1;
    const wait = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (this.tries - 1)) * (0.5 + Math.random());
    this.timer = setTimeout(() => this.open(), wait);
    if (this.tries === 2) this.ask();
  }

  wake() {
    if (this.isHeard || this.socket?.readyState === WebSocket.CONNECTING) return;
    this.ask();
    this.open();
  }

  askIfDeaf() {
    if (!this.isHeard && document.visibilityState === "visible") this.ask();
  }

  async ask() {
    try {
      const answer = await fetch(this.root.dataset.live, { headers: { "X-Unattended": "1" }, redirect: "manual" });
      if (answer.ok) this.take(await answer.json());
    } catch {
      // Without a network, or signed out: the next look is as good.
    }
  }

  take({ unread, latest }) {
    this.show(unread);
    this.keep("unread", unread);
    const before = this.kept(SEEN);
    const seen = new Set(before ? before.split(" ") : []);
    const fresh = latest.filter(({ id }) => !seen.has(id));
    this.keep(SEEN, [...fresh.map(({ id }) => id), ...seen].slice(0, KEPT).join(" "));
    // What lay there when this tab was opened is no news.
    if (before === null) return;
    for (const each of fresh.slice(0, MOST_TOASTS).reverse()) this.toast(each);
  }

  show(unread) {
    const { lang } = document.documentElement;
    const words = unread > 99 ? `${new Intl.NumberFormat(lang).format(99)}+` : new Intl.NumberFormat(lang).format(unread);
    for (const bell of document.querySelectorAll("[data-bell]")) {
      const count = bell.querySelector("[data-bell-count]");
      count.textContent = unread === 0 ? "" : words;
      count.hidden = unread === 0;
      const { none, some } = this.root.dataset;
      bell.querySelector("[data-bell-words]").textContent = unread === 0 ? none : `${some} ${words}`;
    }
  }

  toast({ title, open }) {
    const template = document.querySelector("template[data-news-template]");
    const made = template.content.cloneNode(true).firstElementChild;
    const form = made.querySelector("form");
    form.action = open;
    form.elements.csrfmiddlewaretoken.value = token();
    made.querySelector("[data-toast-words]").textContent = title;
    document.querySelector("[data-toasts]").append(made);
    improveToast(made);
  }

  // Of this tab and this person alone; whoever signs in next in it starts anew. A browser that keeps nothing shows no
  // toasts: it would show the same ones on every page.
  kept(name) {
    try {
      return sessionStorage.getItem(`${name}:${this.root.dataset.who}`);
    } catch {
      return null;
    }
  }

  keep(name, value) {
    try {
      sessionStorage.setItem(`${name}:${this.root.dataset.who}`, value);
    } catch {
      // As above.
    }
  }
}

enhance("[data-live]", (root) => new Live(root));

// data-read: a message that is open is read.
enhance("[data-read]", (form) => {
  fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Unattended": "1" } }).catch(() => {});
});

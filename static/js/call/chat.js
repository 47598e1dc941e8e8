// The chat beside the call: what is written goes out at once, and again after a loss, under the same id, until the server
// has it. Shows for each of one's own whether it was sent, has arrived, was read.

import { clock, say } from "./words.js";

export class Chat {
  // `send` hands over a message of the socket; `seen` says whether the chat is before the person's eyes; `now` is the
  // server's time.
  constructor(root, { side, send, seen, now }) {
    Object.assign(this, { root, side, send, seen, now });
    this.list = root.querySelector("[data-chat-list]");
    this.form = root.querySelector("[data-chat-form]");
    this.field = this.form.elements.text;
    this.rows = new Map();
    this.waiting = new Map();
    this.received = { delivered: "", read: "" };
    this.unread = 0;
    for (const row of this.list.children) this.rows.set(row.dataset.message, row);

    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.write();
    });
    this.field.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.write();
    });
  }

  write() {
    const text = this.field.value.trim();
    if (!text) return;
    if ([...text].length > 2000) return this.field.setCustomValidity(say("too-long")), this.field.reportValidity();
    this.field.setCustomValidity("");
    const id = crypto.randomUUID();
    const row = this.draw({ side: this.side, text, at: this.now(), status: "sending" });
    this.waiting.set(id, { text, row });
    this.post(id);
    this.field.value = "";
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
    this.field.focus();
  }

  post(id) {
    this.send({ type: "chat", client_id: id, text: this.waiting.get(id).text });
  }

  resend() {
    for (const id of this.waiting.keys()) this.post(id);
  }

  refused({ code, retry_after }) {
    if (code === "rate" || code === "try_again") setTimeout(() => this.resend(), 1000 * (retry_after ?? 1));
  }

  // The list of a state, after a loss: what is missing comes in, what has changed is set right.
  sync(messages) {
    for (const message of messages) this.take(message);
    this.resend();
  }

  take(message) {
    const own = message.side === this.side;
    const sent = own && this.waiting.get(message.client_id);
    if (sent) {
      this.waiting.delete(message.client_id);
      if (this.rows.has(message.id)) sent.row.remove();
      else this.keep(sent.row, message);
    }
    const known = this.rows.get(message.id);
    if (known) return own ? this.mark(known, message.status) : this.note(message.id);
    const row = this.draw({ ...message, at: Date.parse(message.at) });
    this.keep(row, message);
    if (own) return;
    if (!this.seen()) {
      this.unread += 1;
      this.tell();
    }
    this.note(message.id);
  }

  keep(row, { id, at, status }) {
    row.dataset.message = id;
    Object.assign(row.querySelector("time"), { dateTime: at, textContent: clock(Date.parse(at)) });
    this.rows.set(id, row);
    this.mark(row, status);
  }

  draw({ side, text, at, status }) {
    const row = document.querySelector("template[data-chat-row]").content.cloneNode(true).firstElementChild;
    const own = side === this.side;
    row.classList.toggle("chat-own", own);
    row.querySelector("[data-chat-who]").textContent = `${say(own ? "you" : side)}, `;
    row.querySelector(".chat-text").textContent = text;
    row.querySelector("time").textContent = clock(at);
    if (!own) row.querySelector("[data-message-status]").remove();
    this.list.append(row);
    this.root.querySelector("[data-chat-empty]").hidden = true;
    if (own) this.mark(row, status);
    row.scrollIntoView({ block: "nearest" });
    return row;
  }

  mark(row, status) {
    const shown = row.querySelector("[data-message-status]");
    row.dataset.status = status;
    if (shown) shown.textContent = say(`status-${status}`);
  }

  // Everything up to here has arrived; and is read, if it is before the person's eyes.
  note(id) {
    const status = this.seen() ? "read" : "delivered";
    if (this.received[status] >= id || this.received.read >= id) return;
    if (this.send({ type: "receipt", upto: id, status })) this.received[status] = id;
  }

  looked() {
    if (!this.seen()) return;
    this.unread = 0;
    this.tell();
    const theirs = [...this.rows].filter(([, row]) => !row.classList.contains("chat-own"));
    if (theirs.length) this.note(theirs.at(-1)[0]);
  }

  receipt({ side, upto, status }) {
    if (side === this.side) return;
    for (const [id, row] of this.rows) {
      if (id <= upto && row.classList.contains("chat-own") && row.dataset.status !== "read") {
        this.mark(row, status);
      }
    }
  }

  tell() {
    this.root.dispatchEvent(new CustomEvent("chat:unread", { bubbles: true, detail: this.unread }));
  }
}

// Where things stand, in the server's own words: fetched again when the socket says that they have changed. Its forms go
// over the socket, so that the page, and with it the picture, stays; without a socket they are sent as they are.

export class Standing {
  constructor(main, { post, said }) {
    Object.assign(this, { main, post, said });
    document.addEventListener("submit", (event) => this.take(event), { capture: true });
    document.addEventListener("htmx:beforeSwap", (event) => this.spare(event));
    document.addEventListener("htmx:afterSwap", ({ detail }) => detail.elt.id === "standing" && this.tell());
    this.words = this.title;
  }

  get element() {
    return document.getElementById("standing");
  }

  get title() {
    return this.element?.querySelector("#standing-title")?.textContent.trim() ?? "";
  }

  sync({ room, you, peer, waiting }) {
    const now = JSON.stringify([room.status, you.consented, peer?.present, peer?.grade, waiting]);
    if (now === this.seen) return;
    const isFirst = this.seen === undefined;
    this.seen = now;
    // The page came with it a moment ago.
    if (!isFirst || peer?.present) this.refresh();
  }

  refresh() {
    if (this.element) window.htmx.trigger(this.element, "room:changed");
  }

  // Not under the hand of who chooses something in it.
  spare(event) {
    if (event.detail.target?.id === "standing" && this.element.querySelector(":is(select, input):focus")) {
      event.detail.shouldSwap = false;
    }
  }

  tell() {
    if (this.title === this.words) return;
    this.words = this.title;
    this.said.textContent = this.title;
  }

  take(event) {
    const form = event.target.closest("form[data-say]");
    if (!form) return;
    const { type, ...message } = { type: form.dataset.say };
    for (const [name, value] of new FormData(form)) {
      if (name === "outcome") message.outcome = value;
      if (name === "minutes") message.minutes = Number(value);
    }
    if (!this.post({ type, ...message })) return;
    event.preventDefault();
    event.stopPropagation();
    form.closest("dialog")?.close();
    const button = event.submitter;
    button?.setAttribute("aria-busy", "true");
    setTimeout(() => button?.removeAttribute("aria-busy"), 2_000);
    if (type === "late") setTimeout(() => this.refresh(), 300);
  }
}

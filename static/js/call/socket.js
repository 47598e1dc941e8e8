// A socket that comes back by itself, and notices when the line is dead though nobody said so.
//
// Events: `open`; `message` (detail: the message); `lost` (a try to come back is under way); `ended` (detail: the code;
// it stays away). docs/telehealth.md has the codes and the waits.

const STAYS_AWAY = new Set([4003, 4004, 4009, 4010]);
const LEFT = 1000;
const WAITS = [0, 1, 2, 4, 8, 15];
const RESTART = 1012;
const RESTART_WITHIN = 5;
const LATER = 1013;
const SCOLDED = new Set([4029, 4400]);
const SCOLDED_FOR = 10;
const BEAT = 15_000;
const ANSWER_WITHIN = 6_000;
const CONNECT_WITHIN = 10_000;

const between = (low, high) => low + Math.random() * (high - low);

export class LiveSocket extends EventTarget {
  // `beat`: what to send every 15 seconds, as a function.
  constructor(path, { beat }) {
    super();
    this.address = `${location.protocol.replace("http", "ws")}//${location.host}${path}`;
    this.beat = beat;
    this.failures = 0;
    this.isOver = false;
    // Whether the person has asked to go: only then is a plain goodbye the end.
    this.hasLeft = false;
    addEventListener("online", () => this.look());
    addEventListener("pagehide", () => this.stop());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.look());
  }

  get isOpen() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  open() {
    clearTimeout(this.retry);
    this.isOver = false;
    const socket = (this.socket = new WebSocket(this.address));
    let opened = false;
    const hurry = setTimeout(() => this.drop(socket), CONNECT_WITHIN);
    socket.addEventListener("open", () => {
      opened = true;
      clearTimeout(hurry);
      if (socket !== this.socket) return socket.close();
      this.beats = setInterval(() => this.ping(), BEAT);
      this.tell("open");
    });
    socket.addEventListener("message", ({ data }) => {
      if (socket !== this.socket) return;
      this.failures = 0;
      clearTimeout(this.silence);
      this.tell("message", JSON.parse(data));
    });
    socket.addEventListener("close", ({ code }) => {
      clearTimeout(hurry);
      if (socket === this.socket) this.closed(code, opened);
    });
  }

  closed(code, opened) {
    clearInterval(this.beats);
    clearTimeout(this.silence);
    this.socket = null;
    if (this.isOver) return;
    if (STAYS_AWAY.has(code) || (code === LEFT && this.hasLeft)) {
      this.isOver = true;
      this.tell("ended", code);
      return;
    }
    this.tell("lost", { code, opened, failures: this.failures });
    if (this.isOver) return;
    // A process that can hear no more is not asked again at once.
    if (code === LATER) this.failures = Math.max(this.failures, 1);
    const whole = WAITS[Math.min(this.failures, WAITS.length - 1)];
    let wait = between(whole / 2, whole);
    if (code === RESTART) wait = between(0, RESTART_WITHIN);
    if (SCOLDED.has(code)) wait = Math.max(wait, between(SCOLDED_FOR, 1.5 * SCOLDED_FOR));
    this.failures += 1;
    this.retry = setTimeout(() => this.open(), 1000 * wait);
  }

  // Whether it was handed over; what could not be is for the caller to say again after `open`.
  send(message) {
    if (!this.isOpen) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  ping() {
    if (!this.send(this.beat())) return;
    const { socket } = this;
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.drop(socket), ANSWER_WITHIN);
  }

  // The network or the person is back: do not wait for the next try, nor trust a line that may be dead.
  look() {
    if (this.isOver) return;
    if (this.isOpen) this.ping();
    else if (!this.socket) this.open();
  }

  // Given up at once: a dead line's own end would come after minutes.
  drop(socket) {
    if (socket !== this.socket) return;
    const opened = this.isOpen;
    this.closed(1006, opened);
    socket.close();
  }

  // Leave the line and dial again, as after a loss.
  again() {
    if (this.socket) this.drop(this.socket);
    else this.open();
  }

  stop() {
    this.isOver = true;
    clearTimeout(this.retry);
    clearInterval(this.beats);
    clearTimeout(this.silence);
    this.socket?.close(1000);
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

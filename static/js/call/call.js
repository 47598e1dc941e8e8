// The call itself: one peer at a time, what goes out on its lines, and how well it goes. It is told what the room's
// state is, and follows. Events: `change`, when there is something to show; `track`; `dead`, when a new page must begin.

import { Judge, RUNGS, gradeOf } from "./quality.js";
import { Peer } from "./peer.js";
import { Stats } from "./stats.js";

const TICK = 2_000;
const TICKS_A_SAMPLE = 5;
const SOUND = 40_000;
const SCREEN = { maxBitrate: 1_500_000, maxFramerate: 15, scaleResolutionDownBy: 1 };

const mean = (samples, name) => samples.reduce((sum, each) => sum + each[name], 0) / samples.length;
const within = (value, most) => Math.min(most, Math.max(0, value));

export class Call extends EventTarget {
  // `post` sends a message of the room; `ice` is the address of the relay's credentials.
  constructor({ devices, post, ice }) {
    super();
    Object.assign(this, { devices, post, ice });
    this.judge = new Judge();
    this.theirs = { mic: true, camera: true, screen: false, audio_only: false };
    this.state = "idle";
    this.early = [];
    this.samples = [];
    this.feeding = Promise.resolve();
    devices.addEventListener("change", () => this.feed());
    addEventListener("online", () => this.look());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.look());
    navigator.connection?.addEventListener("change", () => this.look());
  }

  // What the room is ---------------------------------------------------------------------------------------------

  sync({ room, you, peer }) {
    if (room.status !== "in_call" || !peer || you.seat !== "held") {
      if (room.status !== "in_call") this.hangUp();
      return;
    }
    this.hear(peer.media);
    if (peer.session !== this.session) {
      this.hangUp();
      if (peer.present) this.connect(peer.session, you.polite);
    } else {
      this.peer.resend();
    }
  }

  async connect(session, polite) {
    this.session = session;
    const { audio, video } = this.outgoing;
    const peer = (this.peer = new Peer({
      polite,
      send: (signal) => this.post({ type: "signal", to: session, ...signal }),
      servers: () => this.servers(),
      tracks: { audio, video },
    }));
    peer.addEventListener("track", ({ detail }) => this.tell("track", detail));
    peer.addEventListener("lines", () => this.feed());
    peer.addEventListener("state", ({ detail }) => this.moved(peer, detail));
    this.stats = new Stats();
    this.turn("connecting");
    await peer.start();
    for (const { from, ...signal } of this.early.splice(0)) if (from === session) peer.receive(signal);
  }

  // A signal may overtake the state that says whose it is.
  receive({ from, description, candidate }) {
    const signal = description ? { description } : { candidate };
    if (from === this.session && this.peer.pc) this.peer.receive(signal);
    else this.early = [...this.early.slice(-200), { from, ...signal }];
  }

  moved(peer, state) {
    if (peer !== this.peer) return;
    if (state === "dead") return this.tell("dead");
    if (state === "connected") {
      this.feed();
      // What was lost while there was no way says nothing of the one that is there now.
      this.stats = new Stats();
      this.samples = [];
      this.judge.begin();
      this.ticking ??= setInterval(() => this.tick(), TICK);
    }
    this.turn(state);
  }

  turn(state) {
    this.state = state;
    this.tell("change");
  }

  hangUp() {
    clearInterval(this.ticking);
    this.ticking = null;
    this.peer?.close();
    this.peer = this.session = null;
    if (this.state !== "idle") this.turn("idle");
  }

  look() {
    this.peer?.look();
  }

  async servers() {
    for (;;) {
      try {
        const answer = await fetch(this.ice, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(8_000) });
        if (answer.ok) {
          const { ice_servers, policy } = await answer.json();
          this.configuration = { iceServers: ice_servers, iceTransportPolicy: policy };
        }
      } catch (error) {
        console.debug("No fresh credentials.", error.name);
      }
      if (this.configuration) return this.configuration;
      await new Promise((done) => setTimeout(done, 2_000));
    }
  }

  // What goes out --------------------------------------------------------------------------------------------------

  get outgoing() {
    const { tracks, screen } = this.devices;
    return { audio: tracks.audio, video: screen ?? tracks.video };
  }

  get media() {
    const { tracks, wanted, screen } = this.devices;
    return {
      mic: Boolean(tracks.audio && wanted.audio),
      camera: Boolean(tracks.video),
      screen: Boolean(screen),
      audio_only: this.judge.audioOnly,
    };
  }

  // Either side's weak line is enough.
  get isSoundAlone() {
    return this.judge.audioOnly || this.theirs.audio_only;
  }

  get sendsPicture() {
    return Boolean(this.outgoing.video) && !this.isSoundAlone;
  }

  hear(media) {
    const wasAlone = this.isSoundAlone;
    this.theirs = media;
    if (wasAlone !== this.isSoundAlone) {
      this.judge.begin();
      this.feed();
    }
    this.tell("change");
  }

  // Tracks and limits onto the lines, as they should be now; one after another, for a line takes one change at a time.
  feed() {
    this.feeding = this.feeding.then(() => this.feedNow());
    return this.feeding;
  }

  async feedNow() {
    const { peer } = this;
    if (!peer?.pc) return;
    try {
      await this.pour(peer);
    } catch (error) {
      // Hung up meanwhile; else it is told, and the next change has its turn.
      if (!peer.isOver) reportError(error);
    }
  }

  async pour(peer) {
    const { audio, video } = this.outgoing;
    for (const [kind, track] of Object.entries({ audio, video })) {
      if (peer.sender(kind)?.track !== track) await peer.setTrack(kind, track);
    }
    // Before that the lines are not agreed on.
    if (!peer.isConnected) return;
    await peer.limit("audio", { maxBitrate: SOUND, priority: "high", networkPriority: "high" });
    if (video) await peer.limit("video", { active: !this.isSoundAlone, ...this.limits(video) });
  }

  limits(track) {
    if (track === this.devices.screen) return SCREEN;
    const { height, maxBitrate, maxFramerate } = RUNGS[this.judge.rung];
    const { width = 640, height: tall = 480 } = track.getSettings();
    return { maxBitrate, maxFramerate, scaleResolutionDownBy: Math.max(1, Math.min(width, tall) / height) };
  }

  // How well it goes -----------------------------------------------------------------------------------------------

  async tick() {
    const { peer, stats } = this;
    if (!peer?.isConnected) return;
    const figures = await stats.read(peer.pc);
    if (!figures || peer !== this.peer) return;
    const receives = (this.theirs.camera || this.theirs.screen) && !this.isSoundAlone;
    const heard = this.sendsPicture || this.isSoundAlone ? figures : { ...figures, available: null };
    if (this.judge.take(heard, { flows: this.sendsPicture || receives })) {
      await this.feed();
      this.tell("change");
    }
    this.samples.push(figures);
    if (this.samples.length >= TICKS_A_SAMPLE) this.report(this.samples.splice(0));
  }

  report(samples) {
    const last = samples.at(-1);
    const [rtt, loss, lossOut] = ["rtt", "loss", "lossOut"].map((name) => mean(samples, name));
    const [kbpsIn, kbpsOut] = ["kbpsIn", "kbpsOut"].map((name) => mean(samples, name));
    const kbps = last.available === null || !this.sendsPicture ? Infinity : last.available / 1000;
    this.grade = this.judge.audioOnly ? "poor" : gradeOf({ rtt, loss, lossOut, kbps });
    this.post({
      type: "quality",
      rtt_ms: Math.round(within(rtt, 60_000)),
      loss_pct: Number(within(loss, 100).toFixed(2)),
      kbps_in: Math.round(within(kbpsIn, 100_000)),
      kbps_out: Math.round(within(kbpsOut, 100_000)),
      frames_decoded: last.framesDecoded,
      audio_only: this.judge.audioOnly,
      relayed: last.relayed,
      grade: this.grade,
    });
    this.tell("change");
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

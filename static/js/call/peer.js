// One RTCPeerConnection to one page of the other side, by perfect negotiation: the patient's side is polite and yields.
//
// The impolite side lays the two lines, sound and picture; the polite side takes them up in its answer. Both lines stay
// for the life of the connection: a camera that goes off, a screen, another microphone are another track on them, and
// need no negotiation. Events: `state` (detail: connected, interrupted, dead), `track`.

import { wishForOpus } from "./sdp.js";

const WOBBLE = 2_500;
const CONNECT_WITHIN = 10_000;
const RESEND = 4_000;
const RESTARTS = 4;

export class Peer extends EventTarget {
  // `send` hands a signal over to the peer; `servers` fetches fresh ICE servers; `tracks` is by kind, or null.
  constructor({ polite, send, servers, tracks }) {
    super();
    Object.assign(this, { polite, send, servers, tracks });
    this.makingOffer = this.ignoresOffer = this.settingAnswer = false;
    this.early = [];
    this.work = Promise.resolve();
    this.restarts = 0;
    this.isOver = false;
  }

  async start() {
    const configuration = await this.servers();
    if (this.isOver) return;
    const pc = (this.pc = new RTCPeerConnection({ bundlePolicy: "max-bundle", ...configuration }));
    pc.addEventListener("track", ({ track }) => this.tell("track", track));
    pc.addEventListener("icecandidate", ({ candidate }) => this.sendCandidate(candidate));
    pc.addEventListener("negotiationneeded", () => this.offer());
    pc.addEventListener("connectionstatechange", () => this.watch());
    if (!this.polite) {
      for (const kind of ["audio", "video"]) {
        pc.addTransceiver(this.tracks[kind] ?? kind, { direction: "sendrecv" });
      }
    }
    this.resending = setInterval(() => this.resend(), RESEND);
    this.expectConnection();
  }

  // Negotiation ------------------------------------------------------------------------------------------------------

  async offer() {
    try {
      this.makingOffer = true;
      await this.pc.setLocalDescription();
      this.sendDescription();
    } finally {
      this.makingOffer = false;
    }
  }

  sendDescription() {
    const { type, sdp } = this.pc.localDescription;
    this.send({ description: { type, sdp: wishForOpus(sdp) } });
  }

  sendCandidate(candidate) {
    if (!candidate) return this.send({ candidate: null });
    const { sdpMid, sdpMLineIndex, usernameFragment } = candidate;
    if (candidate.candidate) this.send({ candidate: { candidate: candidate.candidate, sdpMid, sdpMLineIndex, usernameFragment } });
  }

  // An offer that got lost with a socket goes out again until there is an answer.
  resend() {
    if (this.pc?.signalingState === "have-local-offer" && !this.makingOffer) this.sendDescription();
  }

  // Signals are worked off one after another, in the order in which they came.
  receive(signal) {
    this.work = this.work.then(() => {
      if (this.isOver || !this.pc) return;
      return signal.description ? this.takeDescription(signal.description) : this.takeCandidate(signal.candidate);
    });
    return this.work;
  }

  async takeDescription(description) {
    const { pc } = this;
    const isOffer = description.type === "offer";
    const ready = !this.makingOffer && (pc.signalingState === "stable" || this.settingAnswer);
    this.ignoresOffer = isOffer && !ready && !this.polite;
    // The second answer to an offer that was sent twice says nothing new.
    if (this.ignoresOffer || (!isOffer && pc.signalingState !== "have-local-offer")) return;
    this.settingAnswer = !isOffer;
    try {
      await pc.setRemoteDescription(description);
    } finally {
      this.settingAnswer = false;
    }
    for (const candidate of this.early.splice(0)) await this.addCandidate(candidate);
    if (!isOffer) return;
    await this.takeUpLines();
    await pc.setLocalDescription();
    this.sendDescription();
  }

  async takeUpLines() {
    for (const line of this.pc.getTransceivers()) {
      if (line.direction === "sendrecv" || line.stopped) continue;
      line.direction = "sendrecv";
      await line.sender.replaceTrack(this.tracks[line.receiver.track.kind] ?? null);
    }
    this.tell("lines");
  }

  async takeCandidate(candidate) {
    if (!this.pc.remoteDescription) this.early.push(candidate);
    else await this.addCandidate(candidate);
  }

  async addCandidate(candidate) {
    try {
      await this.pc.addIceCandidate(candidate ?? undefined);
    } catch (error) {
      // One of an offer that was passed over, or of a round that a restart has ended: there are others.
      if (!this.ignoresOffer) console.debug("A candidate was not taken.", error.name);
    }
  }

  // Lines ------------------------------------------------------------------------------------------------------------

  sender(kind) {
    return this.pc?.getTransceivers().find((line) => !line.stopped && line.receiver.track.kind === kind)?.sender;
  }

  async setTrack(kind, track) {
    this.tracks[kind] = track;
    await this.sender(kind)?.replaceTrack(track);
  }

  // How much one line may send: `active`, `maxBitrate`, `maxFramerate`, `scaleResolutionDownBy`.
  async limit(kind, limits) {
    const sender = this.sender(kind);
    const parameters = sender?.getParameters();
    if (!parameters?.encodings?.length) return false;
    Object.assign(parameters.encodings[0], limits);
    await sender.setParameters(parameters);
    return true;
  }

  // Losing and finding the way ---------------------------------------------------------------------------------------

  get isConnected() {
    return this.pc?.connectionState === "connected";
  }

  watch() {
    clearTimeout(this.wobble);
    switch (this.pc.connectionState) {
      case "connected":
        clearTimeout(this.hurry);
        this.restarts = 0;
        this.tell("state", "connected");
        break;
      case "disconnected":
        // Often it comes back by itself.
        this.tell("state", "interrupted");
        this.wobble = setTimeout(() => this.restart(), WOBBLE);
        break;
      case "failed":
        this.tell("state", "interrupted");
        this.restart();
        break;
    }
  }

  expectConnection() {
    clearTimeout(this.hurry);
    this.hurry = setTimeout(() => !this.isConnected && this.restart(), CONNECT_WITHIN);
  }

  // Look for another way with fresh credentials. What several restarts do not mend, a new page over here does: `dead`.
  async restart() {
    clearTimeout(this.wobble);
    if (this.isOver || !this.pc) return;
    if (!navigator.onLine) return this.expectConnection();
    this.restarts += 1;
    if (this.restarts > RESTARTS) return this.tell("state", "dead");
    this.expectConnection();
    const configuration = await this.servers();
    if (this.isOver) return;
    this.pc.setConfiguration({ bundlePolicy: "max-bundle", ...configuration });
    // Without a first offer there is nothing to begin again.
    if (this.pc.remoteDescription) this.pc.restartIce();
  }

  // The network has changed, or the device woke up.
  look() {
    if (this.pc && !this.isConnected) this.restart();
  }

  close() {
    this.isOver = true;
    clearInterval(this.resending);
    clearTimeout(this.hurry);
    clearTimeout(this.wobble);
    this.pc?.close();
  }

  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

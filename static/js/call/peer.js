// One RTCPeerConnection to one page of the other side, by perfect negotiation: the patient's side is polite and yields.
//
// The impolite side lays the two lines, sound and picture; the polite side takes them up in its answer. Both lines stay
// for the life of the connection: a camera that goes off, a screen, another microphone are another track on them, and
// need no negotiation. Events: `state` (detail: connected, interrupted, dead), `track`.

import { answeredRound, answering, candidatesIn, roundOf, wishForOpus, withoutRound } from "./sdp.js";

const WOBBLE = 2_500;
const CONNECT_WITHIN = 10_000;
const RESEND = 4_000;
const RESTARTS = 4;
// Both sides notice a loss at one time; the polite one lets the other begin.
const YIELD = 1_500;

export class Peer extends EventTarget {
  // `send` hands a signal over to the peer; `servers` fetches fresh ICE servers; `tracks` is by kind, or null.
  constructor({ polite, send, servers, tracks }) {
    super();
    Object.assign(this, { polite, send, servers, tracks });
    this.makingOffer = this.ignoresOffer = this.settingAnswer = false;
    this.early = [];
    this.work = Promise.resolve();
    this.restarts = 0;
    this.isRestarting = this.isOver = false;
    // The last offer of the other side that was taken.
    this.offered = "";
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

  sendDescription({ type, sdp } = this.pc.localDescription) {
    const told = wishForOpus(sdp);
    this.send({ description: { type, sdp: type === "answer" ? answering(told, this.offered) : told } });
  }

  sendCandidate(candidate) {
    if (!candidate) return this.send({ candidate: null });
    const { sdpMid, sdpMLineIndex, usernameFragment } = candidate;
    if (candidate.candidate) this.send({ candidate: { candidate: candidate.candidate, sdpMid, sdpMLineIndex, usernameFragment } });
  }

  // An offer that got lost with a socket goes out again until there is an answer; one that was answered, until there is a
  // way, for candidates that came after it may have got lost, on both sides.
  resend() {
    if (!this.pc || this.makingOffer) return;
    const { signalingState, currentLocalDescription: agreed } = this.pc;
    if (signalingState === "have-local-offer") this.sendDescription();
    else if (signalingState === "stable" && agreed?.type === "offer" && !this.isConnected) this.sendDescription(agreed);
  }

  // Signals are worked off one after another, in the order in which they came. One that cannot be taken, as an answer to
  // an offer that was taken back, does not keep the next from its turn; what it leaves undone the next restart does.
  receive(signal) {
    this.work = this.work.then(async () => {
      if (this.isOver || !this.pc) return;
      try {
        await (signal.description ? this.takeDescription(signal.description) : this.takeCandidate(signal.candidate));
      } catch (error) {
        console.debug("A signal was not taken.", error.name);
      }
    });
    return this.work;
  }

  async takeDescription(description) {
    const { pc } = this;
    const isOffer = description.type === "offer";
    if (isOffer && roundOf(description.sdp) === roundOf(this.offered)) return this.answerAgain(description);
    const ready = !this.makingOffer && (pc.signalingState === "stable" || this.settingAnswer);
    this.ignoresOffer = isOffer && !ready && !this.polite;
    if (this.ignoresOffer) return;
    if (!isOffer && !this.awaits(description)) return this.hearAgain(description);
    this.settingAnswer = !isOffer;
    try {
      await pc.setRemoteDescription({ type: description.type, sdp: withoutRound(description.sdp) });
    } finally {
      this.settingAnswer = false;
    }
    for (const candidate of this.early.splice(0)) await this.addCandidate(candidate);
    if (!isOffer) return;
    await this.takeUpLines();
    await pc.setLocalDescription();
    this.offered = description.sdp;
    this.sendDescription();
  }

  awaits({ sdp }) {
    const { signalingState, localDescription } = this.pc;
    if (signalingState !== "have-local-offer") return false;
    const round = answeredRound(sdp);
    return round === null || round === roundOf(localDescription.sdp);
  }

  // The second answer to an offer that was sent twice brings candidates that may have got lost, and else nothing new; one
  // to an offer that was taken back brings nothing.
  async hearAgain({ sdp }) {
    const { signalingState, currentLocalDescription: agreed } = this.pc;
    if (signalingState !== "stable" || agreed?.type !== "offer" || answeredRound(sdp) !== roundOf(agreed.sdp)) return;
    for (const candidate of candidatesIn(sdp)) await this.addCandidate(candidate);
  }

  // An offer that was answered already, sent once more: the answer may have got lost, and so may candidates on both
  // sides, which stand in what is sent again. Nothing else begins anew.
  async answerAgain({ sdp }) {
    for (const candidate of candidatesIn(sdp)) await this.addCandidate(candidate);
    const { currentLocalDescription: answer } = this.pc;
    if (answer?.type === "answer") this.sendDescription(answer);
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
        this.wobble = setTimeout(() => this.restart(), this.polite ? WOBBLE + YIELD : WOBBLE);
        break;
      case "failed":
        this.tell("state", "interrupted");
        this.restart();
        break;
    }
  }

  expectConnection() {
    clearTimeout(this.hurry);
    const within = this.polite ? CONNECT_WITHIN + YIELD : CONNECT_WITHIN;
    this.hurry = setTimeout(() => !this.isConnected && this.restart(), within);
  }

  // Look for another way with fresh credentials. What several restarts do not mend, a new page over here does: `dead`.
  async restart() {
    clearTimeout(this.wobble);
    if (this.isOver || !this.pc) return;
    this.expectConnection();
    // Nothing gets out; `online` says when it does.
    if (!navigator.onLine) return;
    if (this.isRestarting) return;
    this.restarts += 1;
    if (this.restarts > RESTARTS) return this.tell("state", "dead");
    this.isRestarting = true;
    try {
      await this.beginAgain();
    } finally {
      this.isRestarting = false;
    }
  }

  async beginAgain() {
    const configuration = await this.servers();
    // Often it has come back by itself meanwhile: a way that works is left alone.
    if (this.isOver || this.isConnected) return;
    this.pc.setConfiguration({ bundlePolicy: "max-bundle", ...configuration });
    // Without a first offer there is nothing to begin again.
    if (!this.pc.remoteDescription) return;
    if (this.pc.signalingState === "have-local-offer") {
      // The other side has yet to answer. A second restart would begin as soon as it has, and undo what the first found.
      if (candidatesIn(this.pc.localDescription.sdp).length) return this.resend();
      // It was made without a way out, and leads nowhere.
      await this.pc.setLocalDescription({ type: "rollback" });
    }
    this.pc.restartIce();
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

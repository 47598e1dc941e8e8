// The camera, the microphone and the speaker of this device: asked for, remembered, changed, and what is wrong with them.
//
// Events: `change` (tracks, devices or troubles are others now).

const KEPT = "call-devices";
const PICTURE = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 } };
const SOUND = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
const TROUBLES = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  DevicesNotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

const kept = () => {
  try {
    return JSON.parse(localStorage.getItem(KEPT)) ?? {};
  } catch {
    return {};
  }
};

export class Devices extends EventTarget {
  constructor() {
    super();
    this.choice = kept();
    this.tracks = { audio: null, video: null };
    this.trouble = { audio: null, video: null };
    this.wanted = { audio: true, video: true };
    this.screen = null;
    this.list = [];
    navigator.mediaDevices?.addEventListener("devicechange", () => this.devicesChanged());
  }

  get isSupported() {
    return Boolean(navigator.mediaDevices?.getUserMedia);
  }

  keep(changes) {
    Object.assign(this.choice, changes);
    try {
      localStorage.setItem(KEPT, JSON.stringify(this.choice));
    } catch {
      // A browser that keeps nothing: the choice lasts as long as the page.
    }
  }

  constraints(kind) {
    const chosen = this.choice[kind] && { deviceId: { exact: this.choice[kind] } };
    if (kind === "audio") return { ...SOUND, ...chosen };
    return { ...PICTURE, ...(chosen ?? { facingMode: this.choice.facing ?? "user" }) };
  }

  // Both with one question; where that fails, what there is.
  async open() {
    if (!this.isSupported) {
      this.trouble = { audio: "unsupported", video: "unsupported" };
      return this.tell();
    }
    try {
      const both = { audio: this.constraints("audio"), video: this.constraints("video") };
      const stream = await navigator.mediaDevices.getUserMedia(both);
      for (const track of stream.getTracks()) this.take(track.kind, track);
    } catch {
      await this.get("audio");
      await this.get("video");
    }
    await this.refreshList();
    this.tell();
  }

  async get(kind) {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ [kind]: this.constraints(kind) });
      this.take(kind, stream.getTracks()[0]);
    } catch (error) {
      if (error.name === "OverconstrainedError" && this.choice[kind]) {
        // The one that was chosen before is not there today.
        this.keep({ [kind]: null });
        return this.get(kind);
      }
      this.take(kind, null);
      this.trouble[kind] = TROUBLES[error.name] ?? "failed";
    }
  }

  take(kind, track) {
    const old = this.tracks[kind];
    if (old && old !== track) old.stop();
    this.tracks[kind] = track;
    this.trouble[kind] = null;
    if (!track) return;
    if (kind === "audio") track.enabled = this.wanted.audio;
    if (kind === "video" && "contentHint" in track) track.contentHint = "motion";
    // Pulled out, or taken away by the system.
    track.addEventListener("ended", () => {
      if (this.tracks[kind] !== track) return;
      this.tracks[kind] = null;
      this.again(kind);
    });
  }

  async again(kind) {
    await this.get(kind);
    await this.refreshList();
    this.tell();
  }

  // Off for the person: the microphone stays open in silence, the camera's light goes out.
  async want(kind, on) {
    this.wanted[kind] = on;
    if (kind === "audio") {
      if (this.tracks.audio) this.tracks.audio.enabled = on;
      else if (on) await this.get("audio");
    } else if (on) {
      await this.get("video");
    } else {
      this.take("video", null);
    }
    this.tell();
  }

  choose(kind, deviceId) {
    return this.change(kind, { [kind]: deviceId });
  }

  // Phones have a camera on each side; elsewhere it is the next one of the list.
  flip() {
    const cameras = this.of("videoinput");
    const { facingMode: facing, deviceId } = this.tracks.video?.getSettings() ?? {};
    if (facing) return this.change("video", { facing: facing === "environment" ? "user" : "environment", video: null });
    const now = cameras.findIndex((camera) => camera.deviceId === deviceId);
    return this.change("video", { video: cameras[(now + 1) % cameras.length]?.deviceId ?? null });
  }

  // Another device in place of the one that runs. Where it does not start, the one before goes on: the answer is what was
  // wrong, or null.
  async change(kind, choice) {
    const { audio, video, facing } = this.choice;
    const had = Boolean(this.tracks[kind]);
    this.keep(choice);
    if (kind === "speaker" || (kind === "video" && !this.wanted.video)) {
      this.tell();
      return null;
    }
    // Many phones open one camera at a time.
    if (kind === "video") this.tracks.video?.stop();
    await this.get(kind);
    const trouble = this.trouble[kind];
    if (trouble && had) {
      this.keep({ audio, video, facing });
      await this.get(kind);
    }
    this.tell();
    return trouble;
  }

  get isMirrored() {
    return this.tracks.video?.getSettings().facingMode !== "environment";
  }

  async share() {
    let stream;
    try {
      stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 15 } }, audio: false });
    } catch {
      // The person closed the browser's question.
      return false;
    }
    [this.screen] = stream.getVideoTracks();
    if ("contentHint" in this.screen) this.screen.contentHint = "detail";
    this.screen.addEventListener("ended", () => this.unshare());
    this.tell();
    return true;
  }

  unshare() {
    this.screen?.stop();
    this.screen = null;
    this.tell();
  }

  of(kind) {
    return this.list.filter((device) => device.kind === kind && device.deviceId);
  }

  async refreshList() {
    this.list = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  }

  async devicesChanged() {
    await this.refreshList();
    // What was missing may have been plugged in.
    for (const kind of ["audio", "video"]) {
      if (this.wanted[kind] && ["missing", "busy"].includes(this.trouble[kind])) await this.get(kind);
    }
    this.tell();
  }

  async sound(element) {
    if (!element.setSinkId) return;
    const there = this.of("audiooutput").some(({ deviceId }) => deviceId === this.choice.speaker);
    const wanted = there ? this.choice.speaker : "";
    if (element.sinkId !== wanted) await element.setSinkId(wanted).catch(() => this.keep({ speaker: null }));
  }

  // The device goes on elsewhere, or the visit is over: every light out.
  release() {
    this.stop();
    this.tracks = { audio: null, video: null };
    this.screen = null;
    this.tell();
  }

  stop() {
    for (const track of [this.tracks.audio, this.tracks.video, this.screen]) track?.stop();
  }

  tell() {
    this.dispatchEvent(new Event("change"));
  }
}

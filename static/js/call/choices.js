// The lists of cameras, microphones and speakers, the meter and the test sound: on the device page and in the call.

import { Meter } from "./meter.js";
import { sayWith } from "./words.js";

const KINDS = { video: "videoinput", audio: "audioinput", speaker: "audiooutput" };

export class Choices {
  // `failed`: told what was wrong with a device that was chosen and does not start.
  constructor(root, devices, { failed }) {
    this.root = root;
    this.devices = devices;
    this.meter = new Meter(root.querySelector("[data-meter]"));
    for (const kind of Object.keys(KINDS)) {
      this.select(kind).addEventListener("change", async ({ target }) => {
        const trouble = await devices.choose(kind, target.value);
        if (trouble) failed(kind, trouble);
      });
    }
    root.querySelector("[data-chime]").addEventListener("click", ({ currentTarget }) => this.chime(currentTarget));
    devices.addEventListener("change", () => this.draw());
  }

  select(kind) {
    return this.root.querySelector(`[data-choice="${kind}"] select`);
  }

  draw() {
    for (const [kind, theirs] of Object.entries(KINDS)) {
      const found = this.devices.of(theirs);
      const track = this.devices.tracks[kind];
      const chosen = track?.getSettings().deviceId ?? this.devices.choice[kind] ?? "";
      const select = this.select(kind);
      select.replaceChildren(
        ...found.map(({ deviceId, label }, at) => new Option(label || sayWith("device", { n: at + 1 }), deviceId)),
      );
      select.value = chosen;
      if (select.selectedIndex < 0 && found.length) select.selectedIndex = 0;
      this.root.querySelector(`[data-choice="${kind}"]`).hidden = found.length === 0;
    }
    this.meter.follow(this.devices.tracks.audio);
  }

  // Three rising notes on the chosen speaker.
  async chime(button) {
    button.disabled = true;
    const context = new AudioContext();
    const end = context.createMediaStreamDestination();
    const player = new Audio();
    player.srcObject = end.stream;
    await this.devices.sound(player);
    await Promise.all([context.resume(), player.play()]);
    [523.25, 659.25, 783.99].forEach((frequency, at) => {
      const begin = context.currentTime + 0.1 + 0.3 * at;
      const note = context.createOscillator();
      const gain = context.createGain();
      note.frequency.value = frequency;
      gain.gain.setValueAtTime(0, begin);
      gain.gain.linearRampToValueAtTime(0.3, begin + 0.02);
      gain.gain.exponentialRampToValueAtTime(0.001, begin + 0.6);
      note.connect(gain).connect(end);
      note.start(begin);
      note.stop(begin + 0.6);
    });
    setTimeout(() => {
      context.close();
      button.disabled = false;
    }, 1600);
  }
}

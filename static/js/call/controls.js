// The bar under the picture: microphone, camera, screen, chat, and what is behind "More".

const canShare = Boolean(navigator.mediaDevices?.getDisplayMedia);

export class Controls {
  constructor(main, { devices, remote, leave }) {
    this.main = main;
    this.devices = devices;
    this.remote = remote;
    this.stage = main.querySelector("[data-stage]");
    const acts = {
      mic: () => devices.want("audio", !this.has("audio")),
      camera: () => devices.want("video", !this.has("video")),
      flip: () => devices.flip(),
      screen: () => (devices.screen ? devices.unshare() : devices.share()),
      full: () => this.full(),
      pip: () => this.pip(),
      side: () => this.open("side"),
      chat: () => this.open("chat"),
      close: () => this.open(null),
      leave,
    };
    for (const button of document.querySelectorAll("[data-act]")) {
      button.addEventListener("click", () => {
        button.closest("details")?.removeAttribute("open");
        acts[button.dataset.act]();
      });
    }
    for (const name of ["enterpictureinpicture", "leavepictureinpicture"]) remote.addEventListener(name, () => this.draw());
    document.addEventListener("fullscreenchange", () => this.draw());
    document.addEventListener("keydown", (event) => event.key === "Escape" && this.open(null));
    devices.addEventListener("change", () => this.draw());
    this.show("screen", canShare);
    this.show("full", Boolean(document.fullscreenEnabled));
    this.show("pip", Boolean(document.pictureInPictureEnabled));
    main.querySelector("[data-controls]").hidden = false;
    this.draw();
  }

  has(kind) {
    return Boolean(this.devices.tracks[kind] && this.devices.wanted[kind]);
  }

  buttons(act) {
    return document.querySelectorAll(`[data-act="${act}"]`);
  }

  show(act, holds) {
    for (const button of this.buttons(act)) button.hidden = !holds;
  }

  press(act, holds) {
    for (const button of this.buttons(act)) button.setAttribute("aria-pressed", String(holds));
  }

  draw() {
    this.press("mic", this.has("audio"));
    this.press("camera", this.has("video"));
    this.press("screen", Boolean(this.devices.screen));
    this.press("full", document.fullscreenElement === this.stage);
    this.press("pip", document.pictureInPictureElement === this.remote);
    this.show("flip", this.devices.of("videoinput").length > 1 && Boolean(this.devices.tracks.video));
  }

  full() {
    return document.fullscreenElement ? document.exitFullscreen() : this.stage.requestFullscreen();
  }

  async pip() {
    if (document.pictureInPictureElement) await document.exitPictureInPicture();
    else if (this.remote.readyState > 0) await this.remote.requestPictureInPicture();
  }

  // On a phone the side lies over the call as a sheet; elsewhere it is always there, and the chat takes the focus.
  open(what) {
    const wasOpen = "open" in this.main.dataset;
    if (what) this.main.dataset.open = what;
    else delete this.main.dataset.open;
    if (what === "chat") {
      const field = this.main.querySelector("[data-chat-form] [name=text]");
      field.scrollIntoView({ block: "nearest" });
      field.focus();
    } else if (what) {
      const side = this.main.querySelector("[data-side]");
      side.scrollTop = 0;
      side.focus({ preventScroll: true });
    } else if (wasOpen) {
      this.main.querySelector('[data-controls] [data-act="chat"]').focus();
    }
    this.main.dispatchEvent(new Event("side:moved"));
  }
}

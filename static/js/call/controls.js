// The bar under the picture: microphone, camera, screen, chat, and what is behind "More".

const canShare = Boolean(navigator.mediaDevices?.getDisplayMedia);

export class Controls {
  // `failed`: told which kind of device did not start, and why; `notNow`: that the browser would not.
  constructor(main, { devices, remote, leave, failed, notNow }) {
    Object.assign(this, { main, devices, remote, failed, notNow });
    this.stage = main.querySelector("[data-stage]");
    const acts = {
      mic: () => devices.want("audio", !this.has("audio")),
      camera: () => devices.want("video", !this.has("video")),
      flip: () => this.flip(),
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

  async flip() {
    const trouble = await this.devices.flip();
    if (trouble) this.failed("video", trouble);
  }

  async full() {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await this.stage.requestFullscreen();
    } catch (error) {
      this.refused(error);
    }
  }

  // A picture that is there; sound alone has none to show.
  async pip() {
    try {
      if (document.pictureInPictureElement) await document.exitPictureInPicture();
      else await this.remote.requestPictureInPicture();
    } catch (error) {
      this.refused(error);
    }
  }

  refused(error) {
    console.debug("The browser would not.", error.name);
    this.notNow();
  }

  // On a phone the side lies over the call as a sheet; elsewhere it is always there, and the chat takes the focus.
  async open(what) {
    // What fills the screen would cover it, and takes the focus along when it goes.
    if (what && document.fullscreenElement) await this.full();
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

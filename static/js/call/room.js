// The page of a room: waiting room and call. It brings the parts together; the truth is what the socket says.

import { Call } from "./call.js";
import { Chat } from "./chat.js";
import { Choices } from "./choices.js";
import { Controls } from "./controls.js";
import { Devices } from "./media.js";
import { testNetwork } from "./network.js";
import { Notices } from "./notices.js";
import { LiveSocket } from "./socket.js";
import { Standing } from "./standing.js";
import { showFailed, showTroubles } from "./trouble.js";
import { duration, number, say } from "./words.js";

const main = document.querySelector("[data-call]");
if (main) begin();

// One a tab, so that a page that is loaded again is the same device.
function deviceId() {
  const kept = sessionStorage.getItem("call-device") ?? crypto.randomUUID();
  sessionStorage.setItem("call-device", kept);
  return kept;
}

function begin() {
  const { side, ice, summary } = main.dataset;
  const at = (hook) => main.querySelector(`[data-${hook}]`);
  const [remote, self, rest, words] = ["remote", "self", "rest", "stage-words"].map(at);
  const badge = document.querySelector("[data-call-state]");
  const line = document.querySelector("[data-line]");
  const first = words.textContent;
  const notices = new Notices(at("notices"));
  const devices = new Devices();
  const device = deviceId();
  let session = crypto.randomUUID();
  let state = null;
  let ahead = 0;
  let takesOver = false;
  let tested = false;
  let entered = false;
  let told = "";

  const socket = new LiveSocket(main.dataset.socket, { beat: () => ({ type: "beat", seen: state?.version ?? 0 }) });
  const post = (message) => socket.send(message);
  const call = new Call({ devices, post, ice });
  const standing = new Standing(main, { post, said: at("said") });
  const isLive = () => document.body.classList.contains("call-live");
  const chat = new Chat(at("chat"), {
    side,
    send: post,
    now: () => Date.now() + ahead,
    seen: () =>
      document.visibilityState === "visible" &&
      (!isLive() || "open" in main.dataset || matchMedia("(width >= 64rem)").matches),
  });
  const failed = (kind, trouble) => showFailed(devices, notices, kind, trouble);
  const choices = new Choices(document.querySelector("[data-choices]"), devices, { failed });
  const notNow = () => notices.pass("not-now", { tone: "warning" });
  const controls = new Controls(main, { devices, remote, leave, failed, notNow });

  // The socket -----------------------------------------------------------------------------------------------------

  function enter() {
    entered = post({ type: "enter", device, session });
  }

  const answers = {
    state(message) {
      state = message;
      ahead = Date.parse(message.now) - Date.now();
      notices.hide("reconnecting");
      if (message.you.seat === "taken") return seatTaken();
      takesOver = false;
      notices.hide("taken", "taken-over");
      const wasLive = isLive();
      document.body.classList.toggle("call-live", message.room.status === "in_call");
      if (!wasLive && isLive()) window.scrollTo(0, 0);
      call.sync(message);
      // To who has just come in, the server gives back what it knew of a page before.
      if (entered) told = "";
      entered = false;
      tellMedia();
      chat.sync(message.chat);
      standing.sync(message);
      tryNetwork();
      draw();
    },
    signal: (message) => call.receive(message),
    media(message) {
      if (message.side === side || !state?.peer) return;
      const { mic, camera, screen, audio_only } = message;
      state.peer.media = { mic, camera, screen, audio_only };
      call.hear(state.peer.media);
    },
    chat: (message) => chat.take(message),
    receipt: (message) => chat.receipt(message),
    beat(message) {
      ahead = Date.parse(message.now) - Date.now();
    },
    closed: () => {},
    taken_over: () => {},
    error(message) {
      const { code, about, retry_after: wait } = message;
      if (code === "no_consent") return location.reload();
      if (about === "chat") return chat.refused(message);
      if (about === "enter" || about === "take_over") return setTimeout(enter, 1000 * (wait ?? 1));
      if (["admit", "late", "close"].includes(about)) {
        notNow();
        standing.refresh();
      }
      if (about === "media") told = "";
    },
  };

  socket.addEventListener("open", enter);
  socket.addEventListener("message", ({ detail }) => answers[detail.type]?.(detail));
  socket.addEventListener("lost", async ({ detail }) => {
    if (state) notices.show("reconnecting", { tone: "warning", words: say(isPictureThere() ? "socket-lost" : "reconnecting") });
    // Refused again and again: perhaps one is signed out, or the visit is another's now. The server's page knows.
    if (detail.opened || detail.failures < 2) return;
    const answer = await fetch(ice, { redirect: "manual" }).catch(() => null);
    if (answer && (answer.type === "opaqueredirect" || [403, 404, 409].includes(answer.status))) location.reload();
  });
  socket.addEventListener("ended", ({ detail: code }) => {
    if (code === 4010) return go(summary);
    if (code === 4009) return takenOver();
    if (code === 1000) return go(main.dataset.left);
    stopAll();
    location.reload();
  });

  function stopAll() {
    call.hangUp();
    devices.stop();
  }

  function go(address) {
    stopAll();
    location.assign(address);
  }

  function leave() {
    socket.hasLeft = true;
    if (post({ type: "leave" })) setTimeout(() => go(main.dataset.left), 1500);
    else go(main.dataset.left);
  }

  // The seat ---------------------------------------------------------------------------------------------------------

  function seatTaken() {
    call.hangUp();
    if (takesOver) {
      takesOver = false;
      post({ type: "take_over" });
      return;
    }
    notices.show("taken", { tone: "warning", action: { words: say("use-this"), run: () => post({ type: "take_over" }) } });
    draw();
  }

  function takenOver() {
    stopAll();
    devices.release();
    document.body.classList.remove("call-live");
    state = null;
    const run = async () => {
      notices.hide("taken-over");
      takesOver = true;
      await devices.open();
      socket.open();
    };
    notices.show("taken-over", { tone: "warning", action: { words: say("use-this"), run } });
    draw();
  }

  // What is sent and told -----------------------------------------------------------------------------------------------

  function tellMedia() {
    if (state?.you.seat !== "held") return;
    const { media } = call;
    const now = JSON.stringify(media);
    if (now !== told && post({ type: "media", ...media })) told = now;
  }

  async function tryNetwork() {
    if (tested || state.room.status !== "waiting") return;
    tested = true;
    const { grade } = await testNetwork(await call.servers(), { quick: true });
    if (grade) post({ type: "grade", grade });
  }

  // The picture ----------------------------------------------------------------------------------------------------------

  const stream = new MediaStream();
  call.addEventListener("track", ({ detail: track }) => {
    for (const old of stream.getTracks()) if (old.kind === track.kind) stream.removeTrack(old);
    stream.addTrack(track);
    remote.srcObject = stream;
    play();
  });
  call.addEventListener("change", () => {
    tellMedia();
    draw();
  });
  call.addEventListener("dead", () => {
    session = crypto.randomUUID();
    call.hangUp();
    socket.again();
  });
  devices.addEventListener("change", () => {
    tellMedia();
    drawSelf();
    devices.sound(remote);
    showTroubles(devices, notices, { inCall: true });
  });

  async function play() {
    devices.sound(remote);
    try {
      await remote.play();
      notices.hide("sound");
    } catch (error) {
      // Some browsers want a press first.
      if (error.name === "NotAllowedError") {
        notices.show("sound", { action: { words: say("turn-on"), run: play } });
      }
    }
  }

  // A picture that stands still for a moment says more than none, unless nobody is there any more.
  const isPictureThere = () =>
    call.state === "connected" || (call.state === "interrupted" && Boolean(state?.peer?.present));

  function restWords() {
    if (!state) return notices.has("taken-over") ? say("taken-over") : first;
    if (state.you.seat === "taken") return say("taken");
    if (state.room.status !== "in_call") return first;
    if (!state.peer?.present && call.state !== "connected") return say(`${side}-waits-for-return`);
    if (call.state === "connecting" || call.state === "idle") return say("connecting");
    if (call.isSoundAlone) return say("sound-alone");
    return say("their-camera-off");
  }

  function draw() {
    const live = Boolean(state) && state.room.status === "in_call";
    const { theirs } = call;
    const hasPicture = live && isPictureThere() && (theirs.camera || theirs.screen) && !call.isSoundAlone;
    remote.hidden = !hasPicture;
    rest.hidden = hasPicture;
    remote.classList.toggle("stage-screen", theirs.screen);
    const spoken = restWords();
    if (words.textContent !== spoken) words.textContent = spoken;
    main.dataset.link = call.state;
    notices.set("interrupted", live && call.state === "interrupted" && isPictureThere(), { tone: "warning" });
    notices.set("audio-only", live && call.isSoundAlone, {
      tone: "warning",
      words: say(call.judge.audioOnly ? "audio-only-own" : "audio-only-theirs"),
    });
    notices.set("their-mic", live && isPictureThere() && !theirs.mic, { words: say("their-mic-off") });
    notices.set("sharing", Boolean(devices.screen), { action: { words: say("stop-sharing"), run: () => devices.unshare() } });
    const grade = live && isPictureThere() ? (call.grade ?? "") : "";
    line.dataset.grade = grade;
    line.querySelector("[data-line-words]").textContent = grade ? say(`grade-${grade}`) : "";
    drawClock();
    lock(live);
  }

  function drawSelf() {
    const track = devices.screen ? null : devices.tracks.video;
    self.hidden = !track;
    at("self-rest").hidden = Boolean(track);
    self.classList.toggle("stage-mirrored", devices.isMirrored);
    const shown = self.srcObject?.getVideoTracks()[0];
    if (track && shown !== track) self.srcObject = new MediaStream([track]);
    if (!track) self.srcObject = null;
  }

  // How long the visit has run, counted from the server's clock.
  function drawClock() {
    if (!state?.room.admitted_at) return;
    const seconds = Math.max(0, (Date.now() + ahead - Date.parse(state.room.admitted_at)) / 1000);
    badge.querySelector("[data-call-name]").textContent = say("in-call");
    badge.querySelector("[data-call-clock]").textContent = duration(seconds);
    badge.dataset.live = "";
  }
  setInterval(drawClock, 1000);

  // A phone that goes dark would lose the camera.
  let wake = null;
  async function lock(wanted) {
    if (!wanted || wake || document.visibilityState !== "visible") return;
    wake = (await navigator.wakeLock?.request("screen").catch(() => null)) ?? null;
    wake?.addEventListener("release", () => (wake = null));
  }

  // The chat's button says how much of it is new.
  main.addEventListener("chat:unread", ({ detail: count }) => {
    for (const mark of document.querySelectorAll("[data-unread]")) {
      mark.hidden = count === 0;
      mark.querySelector("[data-unread-count]").textContent = number(count);
    }
  });
  main.addEventListener("side:moved", () => chat.looked());
  document.addEventListener("visibilitychange", () => {
    chat.looked();
    draw();
  });
  // Out of the browser's memory, by the back button, with a line that has long ended.
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

  socket.open();
  devices.open().then(() => {
    choices.draw();
    controls.draw();
  });
}

// The page on which one tries camera, microphone, speaker and line before a visit.

import { Choices } from "./choices.js";
import { Devices } from "./media.js";
import { testNetwork } from "./network.js";
import { Notices } from "./notices.js";
import { showFailed, showTroubles } from "./trouble.js";
import { number, say, sayWith } from "./words.js";

const root = document.querySelector("[data-device-check]");
const at = (hook) => root.querySelector(`[data-${hook}]`);
const devices = new Devices();
const notices = new Notices(at("notices"));
const failed = (kind, trouble) => showFailed(devices, notices, kind, trouble);
const choices = new Choices(at("choices"), devices, { failed });

devices.addEventListener("change", () => {
  const track = devices.tracks.video;
  const self = at("self");
  self.hidden = !track;
  at("rest").hidden = Boolean(track);
  self.classList.toggle("stage-mirrored", devices.isMirrored);
  if (self.srcObject?.getVideoTracks()[0] !== track) self.srcObject = track ? new MediaStream([track]) : null;
  at("flip").hidden = devices.of("videoinput").length < 2 || !track;
  for (const [kind, name] of [["video", "camera"], ["audio", "mic"]]) {
    if (devices.tracks[kind]) mark(name, "good", say(`${name}-works`));
    else if (devices.trouble[kind]) mark(name, "poor", say(`${kind}-${devices.trouble[kind]}`));
  }
  showTroubles(devices, notices);
});

function mark(name, grade, words) {
  const line = root.querySelector(`[data-check="${name}"]`);
  line.dataset.grade = grade;
  line.querySelector("[data-check-words]").textContent = words;
}

at("check-start").hidden = false;
at("begin").addEventListener("click", async ({ currentTarget: button }) => {
  button.setAttribute("aria-busy", "true");
  await devices.open();
  at("check-start").hidden = true;
  at("choices").hidden = false;
  root.querySelector("[data-heard]").hidden = false;
  choices.draw();
});
at("flip").addEventListener("click", async () => {
  const trouble = await devices.flip();
  if (trouble) failed("video", trouble);
});
root.querySelector("[data-heard]").addEventListener("click", () => mark("speaker", "good", say("speaker-works")));

at("network").hidden = false;
at("network").addEventListener("click", async ({ currentTarget: button }) => {
  button.setAttribute("aria-busy", "true");
  mark("network", "", say("network-runs"));
  const answer = await fetch(root.dataset.ice, { headers: { Accept: "application/json" } }).catch(() => null);
  if (!answer?.ok) {
    mark("network", "", say({ 403: "network-later", 429: "network-often" }[answer?.status] ?? "network-gone"));
  } else {
    const { ice_servers } = await answer.json();
    const { grade, rtt, kbps } = await testNetwork({ iceServers: ice_servers });
    if (!grade) mark("network", "", say("network-none"));
    else if (rtt === undefined) mark("network", grade, say("network-unreached"));
    else mark("network", grade, `${say(`network-${grade}`)} ${sayWith("network-figures", { kbps: number(Math.round(kbps)), ms: number(Math.round(rtt)) })}`);
  }
  button.removeAttribute("aria-busy");
});

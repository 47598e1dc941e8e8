// How good the line to the relay is: two connections in this page, both over the relay, and a channel between them.
// What is measured goes the whole way that a call would go, up and down.

import { gradeOf } from "./quality.js";

const PINGS = 20;
const EVERY = 50;
const CHUNK = new Uint8Array(1200);
const LOAD_FOR = 2_000;
const FULL = 256 * 1024;
const CONNECT_WITHIN = 10_000;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

function open(channel) {
  return new Promise((done, failed) => {
    channel.addEventListener("open", done, { once: true });
    channel.addEventListener("error", failed, { once: true });
    setTimeout(() => failed(new Error("The relay was not reached in time.")), CONNECT_WITHIN);
  });
}

async function join(one, other) {
  for (const [from, to] of [[one, other], [other, one]]) {
    from.addEventListener("icecandidate", ({ candidate }) => candidate && to.addIceCandidate(candidate).catch(() => {}));
  }
  await one.setLocalDescription();
  await other.setRemoteDescription(one.localDescription);
  await other.setLocalDescription();
  await one.setRemoteDescription(other.localDescription);
}

async function ping(channel) {
  const sent = [];
  const waits = [];
  const hear = ({ data }) => {
    if (typeof data === "string") waits.push(performance.now() - sent[Number(data)]);
  };
  channel.addEventListener("message", hear);
  for (let at = 0; at < PINGS; at += 1) {
    sent.push(performance.now());
    channel.send(String(at));
    await pause(EVERY);
  }
  for (let left = 20; left > 0 && waits.length < PINGS; left -= 1) await pause(EVERY);
  channel.removeEventListener("message", hear);
  waits.sort((a, b) => a - b);
  return { rtt: waits[Math.floor(waits.length / 2)] ?? 10_000, loss: (100 * (PINGS - waits.length)) / PINGS };
}

async function load(channel, received) {
  const begun = performance.now();
  const before = received();
  while (performance.now() - begun < LOAD_FOR) {
    while (channel.bufferedAmount < FULL) channel.send(CHUNK);
    await pause(20);
  }
  return ((received() - before) * 8) / (performance.now() - begun);
}

// `{ grade, rtt, loss, kbps }`; `{ grade: null }` where there is no relay to measure, `{ grade: "poor" }` alone where it
// cannot be reached. `quick` leaves the load out: for somebody who is about to be called.
export async function testNetwork({ iceServers }, { quick = false } = {}) {
  if (!iceServers.length) return { grade: null };
  const configuration = { iceServers, iceTransportPolicy: "relay" };
  const [near, far] = [new RTCPeerConnection(configuration), new RTCPeerConnection(configuration)];
  let bytes = 0;
  far.addEventListener("datachannel", ({ channel }) => {
    channel.binaryType = "arraybuffer";
    channel.addEventListener("message", ({ data }) => {
      if (typeof data === "string") channel.send(data);
      else bytes += data.byteLength;
    });
  });
  try {
    const echo = near.createDataChannel("echo", { ordered: false, maxRetransmits: 0 });
    const bulk = near.createDataChannel("bulk");
    await Promise.all([open(echo), open(bulk), join(near, far)]);
    const { rtt, loss } = await ping(echo);
    const kbps = quick ? Infinity : await load(bulk, () => bytes);
    return { rtt, loss, kbps, grade: gradeOf({ rtt, loss, kbps }) };
  } catch (error) {
    console.debug("The relay was not measured.", error.message);
    return { grade: "poor" };
  } finally {
    near.close();
    far.close();
  }
}

// The two wishes for Opus that browsers have no other word for: mend lost packets out of the next ones, and send
// next to nothing while nobody speaks. They go into the text that the peer gets, and are its encoder's to follow.

const WISHES = { useinbandfec: "1", usedtx: "1" };

export function wishForOpus(sdp) {
  const [, payload] = /^a=rtpmap:(\d+) opus\/48000/im.exec(sdp) ?? [];
  if (!payload) return sdp;
  const line = new RegExp(`^a=fmtp:${payload} (.*?)(?=\\r?$)`, "m");
  const given = line.exec(sdp);
  if (!given) {
    const mapped = new RegExp(`^(a=rtpmap:${payload} .*?)(\\r?\\n)`, "m");
    const words = Object.entries(WISHES).map(([name, value]) => `${name}=${value}`);
    return sdp.replace(mapped, `$1$2a=fmtp:${payload} ${words.join(";")}$2`);
  }
  const words = new Map(given[1].split(";").map((pair) => pair.trim().split("=")));
  for (const [name, value] of Object.entries(WISHES)) words.set(name, value);
  return sdp.replace(line, `a=fmtp:${payload} ${[...words].map(([name, value]) => `${name}=${value}`).join(";")}`);
}

// Which round of looking for a way a description belongs to: each restart has another.
export const roundOf = (sdp) => /^a=ice-ufrag:(\S+)/m.exec(sdp)?.[1] ?? "";

// An answer says which offer it is to, in a line of its own that browsers pass over: with a socket that comes and goes
// one may arrive late, and would be taken for the answer to a later offer.
const ANSWERS = /^a=x-answers:(\S+)\r?\n?/m;
export const answering = (sdp, offer) => `${sdp}a=x-answers:${roundOf(offer)}\r\n`;
export const answeredRound = (sdp) => ANSWERS.exec(sdp)?.[1] ?? null;
export const withoutRound = (sdp) => sdp.replace(ANSWERS, "");

// A bundle has one way, and so the candidates of its first line.
export const candidatesIn = (sdp) =>
  [...sdp.matchAll(/^a=(candidate:.*?)\r?$/gm)].map(([, candidate]) => ({ candidate, sdpMLineIndex: 0 }));

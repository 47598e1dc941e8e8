// What is wrong with camera or microphone, in words, and the way out in this browser.

import { say } from "./words.js";

// Where a permission is given back, by browser; the order counts, for most name several.
function browser() {
  const agent = navigator.userAgent;
  if (/iPhone|iPad|iPod/.test(agent)) return "ios";
  if (/Android/.test(agent)) return "android";
  if (/Firefox\//.test(agent)) return "firefox";
  if (/Safari\//.test(agent) && !/Chrome|Chromium|Edg/.test(agent)) return "safari";
  return "chrome";
}

export function showTroubles(devices, notices, { inCall = false } = {}) {
  for (const kind of ["audio", "video"]) {
    const trouble = devices.wanted[kind] ? devices.trouble[kind] : null;
    const parts = trouble ? [say(`${kind}-${trouble}`)] : [];
    if (trouble === "denied") parts.push(say(`allow-${browser()}`));
    if (trouble && inCall && kind === "video") parts.push(say("goes-on-with-sound"));
    notices.set(`trouble-${kind}`, trouble !== null, {
      tone: "warning",
      words: parts.join(" "),
      action: trouble === "unsupported" ? null : { words: say("try-again"), run: () => devices.again(kind) },
    });
  }
}

// Of a device that was chosen and does not start, while the one before goes on.
export function showFailed(devices, notices, kind, trouble) {
  if (devices.tracks[kind]) notices.pass(`failed-${kind}`, { tone: "warning", words: say(`${kind}-${trouble}`) });
}

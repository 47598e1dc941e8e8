// The doctor's queue: fetched again whenever the socket says that it is another; an open page says that the doctor is here.

import { LiveSocket } from "./socket.js";
import { number, say, sayWith } from "./words.js";

const said = document.querySelector("[data-queue-said]");
const title = document.title;
let seen;
let before = 0;

const socket = new LiveSocket(document.querySelector("[data-queue]").dataset.socket, { beat: () => ({ type: "beat" }) });

socket.addEventListener("message", ({ detail: { type, rows, late_minutes: late } }) => {
  if (type !== "queue") return;
  const now = JSON.stringify([rows, late]);
  const waiting = rows.filter((row) => row.status === "waiting" && row.present).length;
  document.title = waiting ? `(${number(waiting)}) ${title}` : title;
  if (seen !== undefined && seen !== now) window.htmx.trigger(document.getElementById("queue"), "queue:changed");
  if (seen !== undefined && waiting > before) said.textContent = waiting === 1 ? say("one-waits") : sayWith("waits", { n: number(waiting) });
  [seen, before] = [now, waiting];
});
socket.addEventListener("ended", () => location.reload());
socket.open();

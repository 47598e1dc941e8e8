// data-offline-copy: on pages that show one's next visit, so that the offline page (static/js/worker/service-worker.js)
// can say when it is and whom to call. Nothing else is kept, and nothing of whoever is not signed in any more.
// data-offline: that page itself.

import { enhance } from "./enhance.js";
import { register } from "./worker/register.js";

const OWN = "offline-own";
const NEXT = "/offline/next.json";

enhance("[data-offline-copy]", async () => {
  if (!("serviceWorker" in navigator && "caches" in window)) return;
  try {
    await register();
    const answer = await fetch(NEXT, { headers: { "X-Unattended": "1" }, redirect: "manual" });
    if (answer.ok) await (await caches.open(OWN)).put(NEXT, answer);
  } catch {
    // Without a network the last copy stays; where a browser keeps nothing there is none.
  }
});

// A page that nobody is signed in to.
if ("caches" in window && !document.querySelector("[data-live], [data-offline]")) caches.delete(OWN).catch(() => {});

enhance("[data-offline]", async (root) => {
  const kept = await caches.match(NEXT, { ignoreVary: true }).catch(() => undefined);
  const next = await kept?.json().catch(() => undefined);
  if (!next?.ends_at || Date.parse(next.ends_at) < Date.now()) return;
  const visit = root.querySelector("[data-offline-visit]");
  const time = visit.querySelector("time");
  time.dateTime = next.starts_at;
  time.textContent = next.words;
  visit.hidden = false;
  if (!next.phone) return;
  const phone = root.querySelector("[data-offline-phone]");
  const call = phone.querySelector("a");
  call.href = `tel:${next.phone}`;
  call.textContent = next.phone;
  phone.hidden = false;
});

// Back when the network is.
enhance("[data-offline]", () => addEventListener("online", () => location.reload()));

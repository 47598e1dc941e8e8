// data-push: the browser's leave to show messages is asked for when somebody presses the button for it, and at no other
// time. A browser that shows messages says at the first page of a session whose they are.

import { enhance, token, word } from "./enhance.js";
import { toast } from "./toast.js";
import { register } from "./worker/register.js";

const DEVICES = "/account/messages/devices/";
const SAID = "push-said";

const isAble = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

function tell(facts) {
  const headers = { "Content-Type": "application/json", "X-CSRFToken": token() };
  return fetch(DEVICES, { method: "POST", headers, body: JSON.stringify(facts) });
}

function bytes(text) {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (sign) => sign.charCodeAt(0));
}

async function turnOn(root) {
  const { key, denied } = root.dataset;
  if ((await Notification.requestPermission()) !== "granted") {
    toast(denied);
    return;
  }
  await register();
  const worker = await navigator.serviceWorker.ready;
  const found = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
  const answer = await tell(found.toJSON());
  if (answer.ok) {
    location.reload();
    return;
  }
  await found.unsubscribe();
  const { message } = await answer.json().catch(() => ({}));
  toast(message || word("failed"));
}

// Nothing, too, where the browser will not say.
async function subscription() {
  try {
    const worker = await navigator.serviceWorker.getRegistration("/");
    return await worker?.pushManager.getSubscription();
  } catch {
    return null;
  }
}

enhance("[data-push]", async (root) => {
  if (!isAble || Notification.permission === "denied") return;
  if (Notification.permission === "granted" && (await subscription())) return;
  root.hidden = false;
  const button = root.querySelector("[data-push-on]");
  button.addEventListener("click", async () => {
    button.setAttribute("aria-busy", "true");
    try {
      await turnOn(root);
    } catch {
      toast(word("failed"));
    } finally {
      button.removeAttribute("aria-busy");
    }
  });
});

// Once in a session of a tab: whoever has signed in since may be somebody else.
enhance("[data-live]", async (root) => {
  const said = `${SAID}:${root.dataset.who}`;
  if (!isAble || Notification.permission !== "granted" || sessionStorage.getItem(said)) return;
  const found = await subscription();
  if (!found) return;
  const answer = await tell({ ...found.toJSON(), again: true }).catch(() => null);
  if (!answer?.ok) return;
  if (!(await answer.json()).known) await found.unsubscribe();
  sessionStorage.setItem(said, "1");
});

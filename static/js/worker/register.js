// The one service worker of the portal (static/js/worker/service-worker.js).

export function register() {
  return navigator.serviceWorker.register("/service-worker.js", { updateViaCache: "none" });
}

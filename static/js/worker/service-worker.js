// Shows push messages when no page of the portal is open, and a page of its own where there is no network. Of the pages
// that it lets through it keeps nothing: no answer of the portal's but the offline page and its files is ever stored.

// What the offline page is made of, and what it says of the person's next visit (static/js/offline.js).
const SHELL = "offline-shell";
const OWN = "offline-own";
const OFFLINE = "/offline/";
const SIGN_OUT = "/accounts/logout/";

async function keepShell() {
  const page = await fetch(OFFLINE, { cache: "reload" });
  if (!page.ok) throw new Error(`The offline page answered ${page.status}.`);
  const files = [...(await page.clone().text()).matchAll(/(?:href|src)="([^"]*\/static\/[^"]+\.(?:css|js|svg|woff2))"/g)];
  const shell = await caches.open(SHELL);
  await shell.addAll(new Set(files.map(([, address]) => address)));
  await shell.put(OFFLINE, page);
}

self.addEventListener("install", (event) => {
  self.skipWaiting();
  event.waitUntil(keepShell());
});
self.addEventListener("activate", (event) => {
  event.waitUntil(Promise.all([self.clients.claim(), self.registration.navigationPreload?.enable()]));
});

async function page(event) {
  try {
    return (await event.preloadResponse) ?? (await fetch(event.request));
  } catch (error) {
    const offline = await caches.match(OFFLINE, { ignoreVary: true });
    if (offline) return offline;
    throw error;
  }
}

async function file(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match(request, { ignoreVary: true });
    if (kept) return kept;
    throw error;
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  if (request.method === "GET" && request.mode === "navigate") event.respondWith(page(event));
  else if (request.method === "GET" && pathname.startsWith("/static/")) event.respondWith(file(request));
  else if (request.method === "POST" && pathname === SIGN_OUT) event.waitUntil(caches.delete(OWN));
});

// A message that comes twice has the same tag, and takes the place of itself.
self.addEventListener("push", (event) => {
  const { title, body, tag, url, lang } = event.data.json();
  event.waitUntil(self.registration.showNotification(title, { body, tag, lang, data: { url } }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data.url, self.location.origin);
  if (url.origin !== self.location.origin) return;
  event.waitUntil(
    self.clients.matchAll({ type: "window" }).then((pages) => {
      const page = pages.find((each) => new URL(each.url).origin === url.origin && "navigate" in each);
      return page ? page.focus().then(() => page.navigate(url.href)) : self.clients.openWindow(url.href);
    }),
  );
});

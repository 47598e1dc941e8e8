// Shows push messages when no page of the portal is open. It keeps nothing, and answers no request.

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

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

// A form that posts is sent once, and its button shows that it works. The server takes a second sending as the first;
// this spares the person the doubt. Forms that htmx sends show it by themselves.

addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "true";
  const button = event.submitter;
  if (button?.classList.contains("button")) button.setAttribute("aria-busy", "true");
});

// A page that comes out of the browser's memory, by the back button, can be sent again.
addEventListener("pageshow", ({ persisted }) => {
  if (!persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll(".button[aria-busy]")) button.removeAttribute("aria-busy");
});

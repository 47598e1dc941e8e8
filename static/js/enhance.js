// Runs `improve(element)` once for each element with the hook: those on the page now, and those that htmx brings later.

const improvements = [];
const improved = new WeakMap();

function apply(root, { selector, improve }) {
  const found = [...root.querySelectorAll(selector)];
  if (root instanceof Element && root.matches(selector)) found.unshift(root);
  for (const element of found) {
    const seen = improved.get(element) ?? new Set();
    if (seen.has(improve)) continue;
    improved.set(element, seen.add(improve));
    improve(element);
  }
}

export function enhance(selector, improve) {
  const improvement = { selector, improve };
  improvements.push(improvement);
  apply(document, improvement);
}

// A translated sentence of the page: scripts hold no words of their own.
export function word(name) {
  const words = document.querySelector("template[data-words]");
  return words?.content.querySelector(`[data-word="${name}"]`)?.textContent ?? "";
}

// What the page's forms and requests prove themselves by; another one after somebody has signed in elsewhere.
export function token() {
  return JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];
}

document.addEventListener("htmx:load", ({ detail }) => {
  for (const improvement of improvements) apply(detail.elt, improvement);
});

// What htmx could not do is said in words: the server's own where it refused (data-refusal), else the page's.

import { word } from "./enhance.js";
import { toast } from "./toast.js";

document.addEventListener("htmx:responseError", ({ detail }) => {
  const page = new DOMParser().parseFromString(detail.xhr.responseText, "text/html");
  toast(page.querySelector("[data-refusal]")?.textContent.trim() || word("failed"));
});

for (const name of ["htmx:sendError", "htmx:timeout"]) {
  document.addEventListener(name, () => toast(word("unreachable")));
}

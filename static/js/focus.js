// data-focus: what comes with it takes the focus, so that a screen reader goes on from there: an error summary, the
// first result after a search.

import { enhance } from "./enhance.js";

enhance("[data-focus]", (element) => {
  if (!element.hasAttribute("tabindex")) element.tabIndex = -1;
  element.focus({ preventScroll: true });
  element.scrollIntoView({ block: "nearest" });
});

// data-near: a button fills in where the browser is, rounded to about a kilometre before it goes anywhere. Without it,
// or where nobody allows it, a place is chosen from the list.

import { enhance } from "./enhance.js";

const DECIMALS = 2;
const PATIENCE = 10_000;

enhance("[data-near]", (box) => {
  const places = box.querySelector("[data-near-place]");
  const ask = box.querySelector("[data-near-ask]");
  const state = box.querySelector("[data-near-state]");
  if (!navigator.geolocation) return;
  ask.hidden = false;
  box.querySelector("[data-near-hint]").hidden = false;

  function found({ coords }) {
    const point = [coords.latitude, coords.longitude].map((degrees) => degrees.toFixed(DECIMALS)).join(",");
    const here = places.querySelector("[data-near-here]") ?? document.createElement("option");
    here.dataset.nearHere = "";
    here.value = point;
    here.textContent = places.dataset.nearWords;
    places.options[0].after(here);
    places.value = point;
    ask.disabled = false;
    places.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function failed() {
    ask.disabled = false;
    state.textContent = state.dataset.nearFailed;
  }

  places.addEventListener("change", () => {
    state.textContent = "";
  });
  ask.addEventListener("click", () => {
    ask.disabled = true;
    state.textContent = "";
    navigator.geolocation.getCurrentPosition(found, failed, { maximumAge: 60_000, timeout: PATIENCE });
  });
});

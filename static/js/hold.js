// data-hold: the clock of a hold counts down to the deadline, by the server's clock and not by the phone's.

import { enhance } from "./enhance.js";

const TWO_MINUTES = 120;

const digits = (seconds) => {
  const number = new Intl.NumberFormat(document.documentElement.lang, { minimumIntegerDigits: 2, useGrouping: false });
  const minutes = new Intl.NumberFormat(document.documentElement.lang, { useGrouping: false });
  return `${minutes.format(Math.floor(seconds / 60))}:${number.format(seconds % 60)}`;
};

enhance("[data-hold]", (hold) => {
  const ahead = Date.parse(hold.dataset.now) - Date.now();
  const deadline = Date.parse(hold.dataset.hold);
  const left = hold.querySelector("[data-hold-left]");
  const said = hold.querySelector("[data-hold-said]");
  let timer;

  function show() {
    if (!hold.isConnected) return clearInterval(timer);
    const seconds = Math.max(0, Math.ceil((deadline - Date.now() - ahead) / 1000));
    left.textContent = digits(seconds);
    left.hidden = seconds === 0;
    if (seconds <= TWO_MINUTES && seconds > 0 && !hold.classList.contains("hold-short")) {
      hold.classList.add("hold-short");
      said.textContent = said.dataset.twoMinutes;
    }
    if (seconds > 0) return;
    clearInterval(timer);
    hold.classList.remove("hold-short");
    hold.classList.add("hold-over");
    hold.querySelector("[data-hold-words]").hidden = true;
    hold.querySelector("[data-hold-over]").hidden = false;
    said.textContent = said.dataset.over;
    hold.dispatchEvent(new CustomEvent("hold:over", { bubbles: true }));
  }

  timer = setInterval(show, 1000);
  show();
});

// The sentences of the call, out of the page: scripts hold no words of their own.

const template = document.querySelector("template[data-call-words]");

export function say(name) {
  return template?.content.querySelector(`[data-word="${name}"]`)?.textContent.trim() ?? "";
}

// The same with gaps filled in: {name} in the sentence is one.
export function sayWith(name, gaps) {
  return Object.entries(gaps).reduce((words, [gap, value]) => words.replaceAll(`{${gap}}`, value), say(name));
}

const lang = document.documentElement.lang;

export const number = (value, options = {}) => new Intl.NumberFormat(lang, options).format(value);

// As the server writes times of the day.
export function clock(instant) {
  const zone = document.querySelector("[data-zone]")?.dataset.zone;
  const style = { hour: "numeric", minute: "2-digit", hour12: true, ...(zone && { timeZone: zone }) };
  if (lang !== "en") style.dayPeriod = "short";
  return new Intl.DateTimeFormat(lang, style).format(instant).toLowerCase();
}

export function duration(seconds) {
  const two = { minimumIntegerDigits: 2, useGrouping: false };
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const parts = [number(minutes, hours ? two : {}), number(Math.floor(seconds) % 60, two)];
  return (hours ? [number(hours), ...parts] : parts).join(":");
}

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
  const timeZone = document.querySelector("[data-zone]")?.dataset.zone;
  const style = { hour: "numeric", minute: "numeric", hourCycle: "h23", timeZone };
  const parts = new Intl.DateTimeFormat("en", style).formatToParts(instant);
  const [hour, minute] = ["hour", "minute"].map((type) => Number(parts.find((part) => part.type === type).value));
  const wall = `${number(hour % 12 || 12)}:${number(minute, { minimumIntegerDigits: 2 })}`;
  return say("clocks").split("|")[hour].replace("{}", wall);
}

export function duration(seconds) {
  const two = { minimumIntegerDigits: 2, useGrouping: false };
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const parts = [number(minutes, hours ? two : {}), number(Math.floor(seconds) % 60, two)];
  return (hours ? [number(hours), ...parts] : parts).join(":");
}

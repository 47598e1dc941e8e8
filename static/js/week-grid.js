// data-week-grid: the picture of a week's hours becomes a grid to paint in: arrow keys, Shift to choose more, Enter to
// open what is chosen and Delete to close it; or a click (a tap) where hours begin, another where they end, and a button.
// It keeps nothing of its own: the rows of the formset beside it (data-rows) are the hours. What is painted is written
// into them, and what is typed into them is drawn.

import { enhance } from "./enhance.js";
import { newRow } from "./rows.js";

const QUARTER = 15;
const DAY = 24 * 60;

const minutesOf = (clock) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));
const clockOf = (minute) =>
  [Math.floor(minute / 60) % 24, minute % 60].map((part) => String(part).padStart(2, "0")).join(":");
const dayBefore = (date) => shifted(date, -1);
const dayAfter = (date) => shifted(date, 1);

function shifted(date, days) {
  const day = new Date(`${date}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + days);
  return day.toISOString().slice(0, 10);
}

// Days as text compare as days do; an empty one stands for as long as ever.
const later = (one, other) => (!one ? other : !other ? one : one > other ? one : other);
const sooner = (one, other) => (!one ? other : !other ? one : one < other ? one : other);
const meets = (one, other) => {
  const [first, last] = [later(one.first, other.first), sooner(one.last, other.last)];
  return !first || !last || first <= last;
};

// Hours without what a stroke of the brush takes of them: a stretch of one day, in the weeks that the brush is for.
function without(hours, stroke) {
  const begin = hours.weekday * DAY + hours.start;
  const end = begin + hours.minutes;
  // A stroke is within one day; hours that run past the week's end meet it in the next week as well.
  for (const turn of [0, 7 * DAY]) {
    const from = Math.max(begin, stroke.begin + turn);
    const until = Math.min(end, stroke.end + turn);
    if (from >= until || !meets(hours, stroke)) continue;
    const piece = (start, stop, first = hours.first, last = hours.last) => ({
      ...hours,
      weekday: Math.floor(start / DAY) % 7,
      start: start % DAY,
      minutes: stop - start,
      first,
      last,
    });
    const left = [];
    if (begin < from) left.push(piece(begin, from));
    if (until < end) left.push(piece(until, end));
    if (stroke.first && (!hours.first || hours.first < stroke.first)) {
      left.push(piece(from, until, hours.first, dayBefore(stroke.first)));
    }
    if (stroke.last && (!hours.last || hours.last > stroke.last)) {
      left.push(piece(from, until, dayAfter(stroke.last), hours.last));
    }
    return left;
  }
  return [hours];
}

const sameBrush = (one, other) =>
  one.modes.join() === other.modes.join() &&
  one.place === other.place &&
  one.first === other.first &&
  one.last === other.last;

// New hours grow together with their like that they touch, as long as a stretch stays within a day's length.
function joined(all, added) {
  let grown = added;
  for (let again = true; again; ) {
    again = false;
    for (const hours of all) {
      const before = (hours.weekday * DAY + hours.start + hours.minutes) % (7 * DAY);
      const after = (grown.weekday * DAY + grown.start + grown.minutes) % (7 * DAY);
      const isBefore = before === grown.weekday * DAY + grown.start;
      const isAfter = after === hours.weekday * DAY + hours.start;
      if (!sameBrush(hours, grown) || !(isBefore || isAfter) || hours.minutes + grown.minutes > DAY) continue;
      const first = isBefore ? hours : grown;
      grown = { ...grown, weekday: first.weekday, start: first.start, minutes: hours.minutes + grown.minutes };
      all = all.filter((each) => each !== hours);
      again = true;
      break;
    }
  }
  return [...all, grown];
}

enhance("[data-week-grid]", (box) => {
  const form = box.closest("form");
  const formset = form.querySelector("[data-rows]");
  const list = formset.querySelector("[data-rows-list]");
  const table = box.querySelector("table");
  const tools = box.querySelector("[data-week-grid-tools]");
  const bar = form.querySelector("[data-week-bar]");
  const said = bar.querySelector("[data-week-grid-said]");
  const night = box.querySelector("[data-week-grid-night]");
  const headers = [...table.tHead.rows[0].cells].slice(1);
  const lines = [...table.tBodies[0].rows];
  const most = Number(formset.querySelector(`[name="${formset.dataset.rows}-MAX_NUM_FORMS"]`).value);
  let anchor = null; // [line, column] where the choice began
  let head = null; // and where it is now
  let pending = false; // a first click waits for the one that ends the choice

  const words = (name, facts = {}) => {
    const text = box.querySelector("template[data-words]").content.querySelector(`[data-word="${name}"]`).textContent;
    return text.replace(/%\((\w+)\)s/g, (_all, key) => facts[key] ?? "");
  };
  const cellAt = (line, column) => lines[line].cells[column + 1];
  const placeOf = (cell) => [lines.indexOf(cell.parentElement), cell.cellIndex - 1];
  const isShown = (cell) => cell.offsetParent !== null;
  const lineClock = (line) => lines[line % lines.length].cells[0].textContent.trim();
  const dates = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeZone: "UTC" });
  const dateWords = (date) => dates.format(new Date(`${date}T00:00:00Z`));
  const minuteWords = (minute) => (minute % QUARTER ? clockOf(minute) : lineClock(Math.floor((minute % DAY) / QUARTER)));

  // The rows -------------------------------------------------------------------------------------------------------

  const field = (row, name) => row.querySelector(`[name$="-${name}"]`);

  function read(row) {
    const [weekday, start, until] = ["weekday", "start", "until"].map((name) => field(row, name).value);
    if (weekday === "" || !start || !until || field(row, "DELETE")?.checked) return null;
    const begin = minutesOf(start);
    return {
      weekday: Number(weekday),
      start: begin,
      minutes: (minutesOf(until) - begin + DAY) % DAY || DAY,
      modes: [...row.querySelectorAll('[name$="-modes"]:checked')].map((input) => input.value),
      place: field(row, "place").value,
      first: field(row, "first").value,
      last: field(row, "last").value,
    };
  }

  const rows = () => [...list.querySelectorAll(".stretch")];
  // What somebody is in the middle of typing is not the brush's.
  const isHalf = (row) => !read(row) && ["weekday", "start", "until"].some((name) => field(row, name).value !== "");
  const week = () => rows().map(read).filter(Boolean);

  function write(row, hours) {
    field(row, "weekday").value = hours ? hours.weekday : "";
    field(row, "start").value = hours ? clockOf(hours.start) : "";
    field(row, "until").value = hours ? clockOf(hours.start + hours.minutes) : "";
    for (const input of row.querySelectorAll('[name$="-modes"]')) {
      input.checked = hours ? hours.modes.includes(input.value) : input.defaultChecked;
    }
    field(row, "place").value = hours?.place ?? "";
    field(row, "first").value = hours?.first ?? "";
    field(row, "last").value = hours?.last ?? "";
    const remove = field(row, "DELETE");
    if (remove) remove.checked = !hours;
    row.hidden = !hours;
    row.open = false;
    if (hours) summarise(row, hours);
  }

  function summarise(row, hours) {
    const until = hours.start + hours.minutes;
    const parts = [
      ["stretch-day", field(row, "weekday").selectedOptions[0].textContent],
      ["stretch-time", `${minuteWords(hours.start)} – ${minuteWords(until)}${until >= DAY ? ` ${words("next-day")}` : ""}`],
      ["stretch-about small muted", about(hours)],
    ];
    const summary = row.querySelector("summary");
    for (const old of summary.querySelectorAll("span")) old.remove();
    summary.prepend(
      ...parts.map(([name, text]) => Object.assign(document.createElement("span"), { className: name, textContent: text })),
    );
  }

  function about(hours) {
    const row = list.querySelector(".stretch");
    const modes = hours.modes.map((mode) =>
      row.querySelector(`[name$="-modes"][value="${mode}"]`).closest("label").textContent.trim(),
    );
    const place = [...field(row, "place").options].find((option) => option.value && option.value === hours.place);
    return [
      modes.join(", "),
      place?.textContent,
      hours.first && words("from-day", { day: dateWords(hours.first) }),
      hours.last && words("until-day", { day: dateWords(hours.last) }),
    ]
      .filter(Boolean)
      .join(" · ");
  }

  // The new week in the rows there are, in order, and in new ones where they do not suffice.
  function keep(hours) {
    hours.sort((one, other) => one.weekday - other.weekday || one.start - other.start);
    const there = rows().filter((row) => !isHalf(row) || field(row, "DELETE")?.checked);
    hours.forEach((each, number) => write(there[number] ?? newRow(formset), each));
    for (const row of there.slice(hours.length)) write(row, null);
    form.dispatchEvent(new Event("input", { bubbles: true }));
    draw();
  }

  // The picture ----------------------------------------------------------------------------------------------------

  function draw() {
    const { today } = table.dataset;
    const holds = (hours) => (!hours.first || hours.first <= today) && (!hours.last || today <= hours.last);
    const drawn = week().filter((hours) => !hours.last || hours.last >= today);
    drawn.sort((one, other) => holds(one) - holds(other));
    for (const line of lines) {
      for (const cell of [...line.cells].slice(1)) {
        cell.className = "";
        cell.replaceChildren();
      }
    }
    const columns = new Map(headers.map((header, column) => [Number(header.dataset.d), column]));
    for (const hours of drawn) {
      let place = 0;
      const end = hours.start + hours.minutes;
      for (let minute = hours.start - (hours.start % QUARTER); minute < end; minute += QUARTER) {
        const weekday = (hours.weekday + Math.floor(minute / DAY)) % 7;
        const local = minute % DAY;
        place = local === 0 || place === 0 ? 1 : place + 1;
        const cell = cellAt(local / QUARTER, columns.get(weekday));
        const kind = hours.modes.length > 1 ? "both" : hours.modes[0];
        cell.className = ["on", kind, hours.first || hours.last ? "some" : "", place < 3 ? `p${place}` : ""]
          .filter(Boolean)
          .join(" ");
        const text = document.createElement("span");
        text.textContent = place === 2 ? words("until", { time: minuteWords(end) }) : about(hours);
        cell.replaceChildren(text);
        if (lines[local / QUARTER].classList.contains("night")) night.checked = true;
      }
    }
    mark();
  }

  const chosen = () => {
    if (!anchor) return null;
    const [top, bottom] = [anchor[0], head[0]].sort((one, other) => one - other);
    const [left, right] = [anchor[1], head[1]].sort((one, other) => one - other);
    return { top, bottom, left, right };
  };

  function mark() {
    const area = chosen();
    lines.forEach((line, number) => {
      [...line.cells].slice(1).forEach((cell, column) => {
        const isIn =
          area !== null &&
          number >= area.top &&
          number <= area.bottom &&
          column >= area.left &&
          column <= area.right;
        if (isIn !== (cell.getAttribute("aria-selected") === "true")) cell.setAttribute("aria-selected", String(isIn));
      });
    });
  }

  // Something is chosen to be opened or closed: more than where the keys stand.
  const choosing = (is) => bar.toggleAttribute("data-choosing", is);

  function inWords() {
    const { top, bottom, left, right } = chosen();
    const facts = {
      day: headers[left].textContent,
      last: headers[right].textContent,
      from: lineClock(top),
      until: lineClock(bottom + 1),
    };
    return words(left === right ? "chosen" : "days", facts);
  }

  // Choosing -------------------------------------------------------------------------------------------------------

  function goTo(line, column, { extend = false } = {}) {
    const next = cellAt(line, column);
    if (!isShown(next)) {
      box.querySelector(`[data-week-grid-day="${next.dataset.d}"]`).checked = true;
      if (lines[line].classList.contains("night")) night.checked = true;
    }
    table.querySelector('td[tabindex="0"]')?.setAttribute("tabindex", "-1");
    next.tabIndex = 0;
    head = [line, column];
    if (!extend || !anchor) anchor = head;
    mark();
    next.focus();
    choosing(extend);
    said.textContent = extend ? inWords() : "";
  }

  const steps = {
    ArrowUp: (line, column) => [line - 1, column],
    ArrowDown: (line, column) => [line + 1, column],
    ArrowLeft: (line, column) => [line, column - 1],
    ArrowRight: (line, column) => [line, column + 1],
    PageUp: (line, column) => [line - 4, column],
    PageDown: (line, column) => [line + 4, column],
    Home: (line, _column) => [line, 0],
    End: (line, _column) => [line, headers.length - 1],
  };

  // Where the night is folded away the keys go by what is shown.
  function within(line, column) {
    const [from, until] = night.checked
      ? [0, lines.length - 1]
      : [
          lines.findIndex((each) => !each.classList.contains("night")),
          lines.findLastIndex((each) => !each.classList.contains("night")),
        ];
    return [Math.min(Math.max(line, from), until), Math.min(Math.max(column, 0), headers.length - 1)];
  }

  table.addEventListener("keydown", (event) => {
    const cell = event.target.closest("td");
    if (!cell || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Enter" || event.key === " ") open();
    else if (event.key === "Delete" || event.key === "Backspace") close();
    else if (event.key === "Escape") goTo(...placeOf(cell));
    else if (steps[event.key]) {
      pending = false;
      goTo(...within(...steps[event.key](...placeOf(cell))), { extend: event.shiftKey });
    } else return;
    event.preventDefault();
  });

  let press = null; // where a mouse went down
  let isDrawing = false; // and went on to another cell since

  table.addEventListener("click", (event) => {
    const cell = event.target.closest("td[data-d]");
    if (!cell || isDrawing) return;
    const [line, column] = placeOf(cell);
    const ends = (pending && anchor[1] === column) || event.shiftKey;
    goTo(line, column, { extend: ends });
    pending = !ends;
    if (pending) {
      choosing(true);
      said.textContent = words("begins", { day: headers[column].textContent, from: lineClock(line) });
    }
  });

  // With a mouse one may draw over the hours, too; clicks are enough everywhere.
  table.addEventListener("pointerdown", (event) => {
    const cell = event.target.closest("td[data-d]");
    press = event.pointerType === "mouse" && event.button === 0 && cell ? placeOf(cell) : null;
    isDrawing = false;
  });
  table.addEventListener("pointerover", (event) => {
    const cell = event.target.closest("td[data-d]");
    if (!press || event.buttons !== 1 || !cell) return;
    const [line, column] = placeOf(cell);
    if (!isDrawing && line === press[0] && column === press[1]) return;
    if (!isDrawing) anchor = press;
    isDrawing = true;
    pending = false;
    goTo(line, column, { extend: true });
  });

  // Painting -------------------------------------------------------------------------------------------------------

  function brush() {
    const value = (name) => tools.querySelector(`[data-brush="${name}"]`)?.value ?? "";
    const modes = [...tools.querySelectorAll('[data-brush="mode"]')]
      .filter((input) => input.checked || "only" in input.dataset)
      .map((input) => input.value);
    const place = modes.includes("in_person") ? value("place") : "";
    return { modes, place, first: value("first"), last: value("last") };
  }

  function paint(add) {
    if (!anchor) return;
    const { top, bottom, left, right } = chosen();
    const how = brush();
    const wrong =
      how.first && how.last && how.last < how.first
        ? "dates"
        : add && !how.modes.length
          ? "how"
          : add && how.modes.includes("in_person") && !how.place
            ? "place"
            : "";
    if (wrong) {
      said.textContent = words(wrong);
      const asks = { how: '[data-brush="mode"]', place: '[data-brush="place"]', dates: '[data-brush="last"]' }[wrong];
      return tools.querySelector(asks).focus();
    }
    let all = week();
    for (let column = left; column <= right; column += 1) {
      const weekday = Number(headers[column].dataset.d);
      const stroke = {
        ...how,
        begin: weekday * DAY + top * QUARTER,
        end: weekday * DAY + (bottom + 1) * QUARTER,
      };
      all = all.flatMap((hours) => without(hours, stroke));
      if (add) {
        const { begin, end, ...rest } = stroke;
        all = joined(all, { ...rest, weekday, start: begin % DAY, minutes: end - begin });
      }
    }
    if (all.length > most) {
      said.textContent = words("many");
      return;
    }
    const what = inWords();
    pending = false;
    keep(all);
    choosing(false);
    said.textContent = words(add ? "opened" : "closed", { what });
  }

  const open = () => paint(true);
  const close = () => paint(false);

  bar.querySelector("[data-week-grid-open]").addEventListener("click", open);
  bar.querySelector("[data-week-grid-close]").addEventListener("click", close);
  list.addEventListener("change", draw);

  // Where a place is chosen it is for visits in person, and where there is but one it is that.
  const place = tools.querySelector('[data-brush="place"]');
  const inPerson = tools.querySelector('[data-brush="mode"][value="in_person"]:not([data-only])');
  if (place && place.options.length === 2) {
    const choose = () => (place.value = !inPerson || inPerson.checked ? place.options[1].value : "");
    inPerson?.addEventListener("change", choose);
    choose();
  }

  table.setAttribute("role", "grid");
  table.setAttribute("aria-multiselectable", "true");
  for (const cell of table.querySelectorAll("tbody td")) {
    cell.setAttribute("role", "gridcell");
    cell.setAttribute("aria-selected", "false");
    cell.tabIndex = -1;
  }
  tools.hidden = false;
  const start = lines.findIndex((line) => line.dataset.m === "540");
  cellAt(start, 0).tabIndex = 0;
  if (night.checked) box.querySelector(".week-grid-scroll").scrollTop = lines[28].offsetTop - 48;
});

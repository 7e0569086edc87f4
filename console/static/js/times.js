// Times become local: relative in the text, exact on hover; clocks count down and say when they are over.
const DAY = { year: "numeric", month: "short", day: "numeric" };
const WRITTEN = "en-GB"; // as the server writes days: 20 Nov 2026, in the reader's own zone
const exact = new Intl.DateTimeFormat(WRITTEN, { ...DAY, hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" });
const far = new Intl.DateTimeFormat(WRITTEN, { ...DAY, hour: "2-digit", minute: "2-digit" });
const short = new Intl.DateTimeFormat(WRITTEN, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
const clock = new Intl.DateTimeFormat(WRITTEN, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const UNITS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

export function duration(seconds) {
  const left = Math.abs(Math.round(seconds));
  const at = UNITS.findIndex(([, size]) => left >= size);
  if (at < 0) return "0 s";
  const [unit, size] = UNITS[at];
  const rest = UNITS[at + 1];
  const more = rest && unit !== "min" ? Math.floor((left % size) / rest[1]) : 0;
  return `${Math.floor(left / size)} ${unit}` + (more ? ` ${more} ${rest[0]}` : "");
}

function ago(seconds) {
  if (Math.abs(seconds) < 5) return "just now";
  return seconds > 0 ? `${duration(seconds)} ago` : `in ${duration(seconds)}`;
}

function due(seconds) {
  return seconds > 0 ? `overdue by ${duration(seconds)}` : `due in ${duration(seconds)}`;
}

function draw(element) {
  const moment = new Date(element.dateTime);
  const seconds = (Date.now() - moment.getTime()) / 1000;
  const style = element.dataset.time;
  const text = { ago: () => ago(seconds), due: () => due(seconds), clock: () => clock.format(moment),
    moment: () => (moment.getFullYear() === new Date().getFullYear() ? short : far).format(moment), lasting: () => duration(seconds) }[style]();
  const said = text.replace("Sept", "Sep");
  if (element.textContent !== said) element.textContent = said;
  if (!element.title) element.title = exact.format(moment);
  if (style === "due") {
    element.classList.toggle("late", seconds > 0);
    element.classList.toggle("soon", seconds <= 0 && seconds > -1800);
  }
}

export function startTimes() {
  document.querySelectorAll("[data-zone]").forEach((element) => { element.textContent = `Times: ${exact.resolvedOptions().timeZone}`; });
  document.querySelectorAll("[data-own-zone] input[name=time_zone]").forEach((field) => { if (field.value === "UTC") field.value = exact.resolvedOptions().timeZone; });
  document.querySelectorAll("[data-zone-name]").forEach((field) => { field.value = exact.resolvedOptions().timeZone; });
  document.querySelectorAll("input[data-utc]").forEach((field) => {
    const moment = new Date(field.dataset.utc);
    field.value = new Date(moment.getTime() - moment.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
  });
  const all = () => document.querySelectorAll("time[data-time]").forEach(draw);
  all();
  setInterval(all, 5000);
  document.addEventListener("htmx:after:swap", all);
}

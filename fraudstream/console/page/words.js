// How values read.

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });
const whole = new Intl.NumberFormat();
const some = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 3 });

/** A minor unit's digits are the currency's own: yen have none, dinars three. */
export function money(minor, currency) {
  try {
    const format = new Intl.NumberFormat(undefined, { style: "currency", currency });
    return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
  } catch {
    return `${whole.format(minor)} ${currency} (minor units)`;
  }
}

/** A moment: of today by the clock. */
export function when(time) {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return "";
  return date.toDateString() === new Date().toDateString() ? clock.format(date) : day.format(date);
}

export const count = (value) => whole.format(value);
export const figure = (value) => (value === null || value === undefined ? "–" : some.format(value));
export const percent = (share) => `${(share * 100).toFixed(share < 0.1 ? 2 : 1)} %`;
export const score = (value) => value.toFixed(3);

export function bytes(size) {
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) [size, unit] = [size / 1000, unit + 1];
  return `${some.format(size)} ${units[unit]}`;
}

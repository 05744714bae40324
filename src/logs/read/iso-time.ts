// Times as log lines begin with them, `2026-11-26T03:59:00.123Z`, read from bytes without making a text of them. Pure.

/** What such a time takes. */
export const isoTimeBytes = 24;

/** @returns milliseconds since the epoch; NaN if there is no such time at that place */
export function isoTimeAt(bytes: Uint8Array, at: number, end: number): number {
  if (end - at < isoTimeBytes || bytes[at + 23] !== 0x5a || !hasSeparators(bytes, at)) return Number.NaN;
  const year = digits(bytes, at, 4);
  const month = digits(bytes, at + 5, 2);
  const day = digits(bytes, at + 8, 2);
  const hour = digits(bytes, at + 11, 2);
  const minute = digits(bytes, at + 14, 2);
  const second = digits(bytes, at + 17, 2);
  const milli = digits(bytes, at + 20, 3);
  // Not ">": what is no number fails, too.
  if (!(month >= 1 && month <= 12 && day >= 1 && day <= 31)) return Number.NaN;
  if (!(hour <= 23 && minute <= 59 && second <= 60)) return Number.NaN;
  return midnight(year, month, day) + ((hour * 60 + minute) * 60 + second) * 1000 + milli;
}

/** `2026-11-26T03-59-00.123Z`, the moment of a rotation in a file's name. @returns NaN if it is none */
export function stampTime(text: string): number {
  const match = /^(\d{4}-\d\d-\d\dT\d\d)-(\d\d)-(\d\d\.\d{3}Z)$/.exec(text);
  return match === null ? Number.NaN : Date.parse(`${match[1]}:${match[2]}:${match[3]}`);
}

/** Where they are: 0000-00-00T00:00:00.000Z */
function hasSeparators(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at + 4] === 0x2d &&
    bytes[at + 7] === 0x2d &&
    bytes[at + 10] === 0x54 &&
    bytes[at + 13] === 0x3a &&
    bytes[at + 16] === 0x3a &&
    bytes[at + 19] === 0x2e
  );
}

function digits(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let index = at; index < at + count; index += 1) {
    const digit = (bytes[index] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = value * 10 + digit;
  }
  return value;
}

let lastDay = Number.NaN;
let lastMidnightMs = Number.NaN;

/** Lines that follow each other are mostly of one day. */
function midnight(year: number, month: number, day: number): number {
  const key = (year * 100 + month) * 100 + day;
  if (key !== lastDay) {
    lastDay = key;
    lastMidnightMs = new Date(0).setUTCFullYear(year, month - 1, day);
  }
  return lastMidnightMs;
}

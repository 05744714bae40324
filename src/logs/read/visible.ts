// What a terminal would obey, shown as escapes: whoever can write to a log must not move the cursor, set the title or type into the
// terminal of whoever reads it. Pure.

/**
 * Where the first byte is that must not reach a terminal: C0 but for tab and the end of line, DEL, C1 (also as two bytes of UTF-8),
 * and bytes that are no UTF-8, which some terminals take for C1. `end` if there is none.
 */
export function firstHazard(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; ) {
    const width = safeBytes(bytes, at, end);
    if (width === 0) return at;
    at += width;
  }
  return end;
}

/** The same text with each of those bytes as `\x1b` is. */
export function visibleText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; ) {
    const next = firstHazard(bytes, at, end);
    text += Buffer.from(bytes.buffer, bytes.byteOffset + at, next - at).toString();
    if (next < end) text += `\\x${(bytes[next] ?? 0).toString(16).padStart(2, "0")}`;
    at = next + 1;
  }
  return text;
}

/** How many bytes the character takes that begins there; 0: its first byte is a hazard. */
function safeBytes(bytes: Uint8Array, at: number, end: number): number {
  const first = bytes[at] ?? 0;
  if (first < 0x80)
    return first >= 0x20 ? (first === 0x7f ? 0 : 1) : first === 0x09 || first === 0x0a ? 1 : 0;
  const width = first >= 0xf5 ? 0 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 0;
  if (width === 0 || at + width > end) return 0;
  for (let index = 1; index < width; index += 1) if (((bytes[at + index] ?? 0) & 0xc0) !== 0x80) return 0;
  const second = bytes[at + 1] ?? 0;
  if (first === 0xc2 && second < 0xa0) return 0;
  // Longer than it need be, a surrogate, or beyond what there is.
  if ((first === 0xe0 && second < 0xa0) || (first === 0xed && second >= 0xa0)) return 0;
  if ((first === 0xf0 && second < 0x90) || (first === 0xf4 && second >= 0x90)) return 0;
  return first === 0xe2 && turnsDirection(second, bytes[at + 2] ?? 0) ? 0 : width;
}

/** U+202A to U+202E, U+2066 to U+2069: a line that is read otherwise than it is written. */
function turnsDirection(second: number, third: number): boolean {
  return (
    (second === 0x80 && third >= 0xaa && third <= 0xae) || (second === 0x81 && third >= 0xa6 && third <= 0xa9)
  );
}

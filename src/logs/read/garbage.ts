// Texts that are made of a log's bytes are garbage at once, and the runtime lets tens of megabytes of it come together before it looks.
// A reader of logs is to be small, so it asks for that look itself.

const mostBytes = 768 * 1024;
/** A text has a head of its own besides its characters. */
const headBytes = 64;

let madeBytes = 0;

/** A text of so many characters has been made. */
export function madeText(length: number): void {
  madeBytes += length + headBytes;
  if (madeBytes < mostBytes) return;
  madeBytes = 0;
  Bun.gc(true);
}

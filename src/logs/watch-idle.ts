// Looks at logs that the process itself does not write to: its children may, a file may become too old, and one that was removed is to
// be made again. Rarely, where nothing happens: an idle daemon is woken up twice a minute.
import type { LogFile } from "./file.ts";

const shortestMs = 1_000;
const longestMs = 30_000;

export function watchIdleLogs(files: () => readonly LogFile[], now: () => number): void {
  let delayMs = shortestMs;
  let before = -1;
  const look = () => {
    const nowMs = now();
    for (const file of files()) if (nowMs >= file.dueMs) file.look(nowMs);
    const bytes = files().reduce((sum, file) => sum + file.bytes, 0);
    delayMs = bytes === before ? Math.min(longestMs, delayMs * 2) : shortestMs;
    before = bytes;
    const oldMs = files().map(({ tooOldMs }) => (tooOldMs === null ? longestMs : tooOldMs - nowMs));
    setTimeout(look, Math.max(1, Math.min(delayMs, ...oldMs))).unref();
  };
  setTimeout(look, delayMs).unref();
}

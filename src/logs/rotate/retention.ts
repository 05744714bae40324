// Which rotated files have to go. Pure.
import type { RotationRules } from "../rules.ts";
import { byTime, type RotatedName } from "./names.ts";

export interface RotatedFile extends RotatedName {
  /** The log that it was. */
  readonly path: string;
  readonly bytes: number;
}

/**
 * @param rotated of all logs of the daemon
 * @param room how many bytes the logs that are written may take
 * @returns those that are too many of one log, and the oldest that are too much for all of them together
 */
export function chooseRemovals(
  rotated: readonly RotatedFile[],
  { keep, totalBytes }: Pick<RotationRules, "keep" | "totalBytes">,
  room: number,
): readonly RotatedFile[] {
  const finished = rotated.filter(({ isTemporary }) => !isTemporary).sort(byTime);
  const removed = new Set<RotatedFile>();
  for (const path of new Set(finished.map((file) => file.path))) {
    const own = finished.filter((file) => file.path === path);
    for (const file of own.slice(0, Math.max(0, own.length - keep))) removed.add(file);
  }
  if (totalBytes !== null) {
    const left = finished.filter((file) => !removed.has(file));
    let bytes = left.reduce((sum, file) => sum + file.bytes, room);
    for (const file of left) {
      if (bytes <= totalBytes) break;
      removed.add(file);
      bytes -= file.bytes;
    }
  }
  return [...removed];
}

/** How large a log may become, so that all of them, and a rotated one of each, fit into the total. */
export function largestLog(maximumBytes: number | null, totalBytes: number | null, logs: number): number {
  const share =
    totalBytes === null ? Number.POSITIVE_INFINITY : Math.floor(totalBytes / (2 * Math.max(1, logs)));
  return Math.min(maximumBytes ?? Number.POSITIVE_INFINITY, share);
}

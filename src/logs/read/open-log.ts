// One log as a reader finds it: its current file, held open before the others are looked for, so that none is missed that is
// rotated meanwhile, and the stretches of all of them that hold what is wanted.
import { basename, dirname } from "node:path";
import { beforeFile, chooseSegments, rotatedOf } from "./choose.ts";
import { filterOf, type Wanted } from "./filter.ts";
import { FollowedLog } from "./followed-log.ts";
import { type LogFile, openIfThere } from "./log-file.ts";
import { type OnDamage, SegmentRecords } from "./records.ts";

/** A log, and what is wanted of it. */
export interface LogRequest {
  readonly path: string;
  readonly wanted: Wanted;
  /** The last so many records; null: all. */
  readonly count: number | null;
  readonly onDamage: OnDamage;
}

export interface OpenedLog {
  readonly records: SegmentRecords;
  /** How many wanted records it holds, where that was asked for. */
  readonly count: number;
}

/** @returns null: there is no such log, nor a rotated one of it. @throws {NoFileError} and what open(2) refuses */
export function openLog(request: LogRequest): OpenedLog | null {
  const { wants, segments, count, isThere } = choose(request, false);
  if (!isThere) return null;
  return { records: new SegmentRecords(segments, wants, request.onDamage), count: count ?? 0 };
}

/** The same, and what is appended; a log that is not there is waited for. */
export function openFollowedLog(
  request: LogRequest,
  onWake: () => void,
  heldMs?: number,
): { readonly records: FollowedLog; readonly count: number; readonly isThere: boolean } {
  const { path, onDamage } = request;
  const { wants, current, segments, count, isThere } = choose(request, true);
  const last = segments.find(({ file }) => file === current);
  const before = segments.filter((segment) => segment !== last);
  const records = new FollowedLog({
    path,
    wants,
    before: before.length === 0 ? null : new SegmentRecords(before, wants, onDamage),
    current:
      last === undefined ? null : { file: last.file, start: last.start, timeBeforeMs: last.timeBeforeMs },
    onDamage,
    onWake,
    ...(heldMs === undefined ? {} : { heldMs }),
  });
  return { records, count: count ?? 0, isThere };
}

function choose({ path, wanted, count, onDamage }: LogRequest, follows: boolean) {
  const current: LogFile | null = openIfThere(path);
  const wants = filterOf(wanted);
  const [directory, base] = [dirname(path), basename(path)];
  const all = rotatedOf(directory, base);
  const rotated = current === null ? all : beforeFile(all, directory, current);
  const choice = { window: wanted, wants, count, follows, onDamage };
  const chosen = chooseSegments(directory, rotated, current, choice);
  return { ...chosen, wants, current, isThere: current !== null || all.length > 0 };
}

// Which files of a directory belong to a log, and in what order: those that djob has rotated (PATH.2026-11-26T03-59-00.123Z), those of
// logrotate (PATH.1, PATH-20261126), both also compressed, and the current one. Pure.
import { stampTime } from "./iso-time.ts";

export type Compression = "none" | "gzip" | "zstd";

/** A rotated file of a log. */
export interface RotatedName {
  readonly name: string;
  readonly compression: Compression;
  /** No line in it is later, as far as its name or its last change tell. Milliseconds since the epoch. */
  readonly endMs: number;
  /** The moment of its rotation stands in its name. */
  readonly isStamped: boolean;
}

export interface DirectoryEntry {
  readonly name: string;
  /** Its last change. */
  readonly changedMs: number;
}

interface Ranked extends RotatedName {
  readonly kind: Kind;
  /** Sorts those of one kind, the oldest first. */
  readonly rank: readonly [number, number];
}

type Kind = "stamped" | "numbered" | "dated";

/**
 * The rotated files of a log, the oldest first. Where a compressed one and its original are both there, it is being made, and the
 * original counts.
 * @param base the name of the current file
 */
export function rotatedFiles(base: string, entries: readonly DirectoryEntry[]): RotatedName[] {
  const names = new Set(entries.map(({ name }) => name));
  const ranked = entries.flatMap((entry) => {
    const found = rankOf(base, entry);
    if (found === null) return [];
    const isDouble = found.compression !== "none" && names.has(original(entry.name));
    const isSecond = found.compression === "gzip" && names.has(`${original(entry.name)}.zst`);
    return isDouble || isSecond ? [] : [found];
  });
  const kinds = (["stamped", "numbered", "dated"] as const).map((kind) =>
    ranked.filter((file) => file.kind === kind).sort((one, other) => compare(one.rank, other.rank)),
  );
  return inOrder(kinds);
}

/** Whether a name could be one of a log's files. */
export function belongsTo(base: string, name: string): boolean {
  return name === base || rankOf(base, { name, changedMs: 0 }) !== null;
}

/** A compressed file's name without what the compression appends. */
export function original(name: string): string {
  return name.replace(/\.(gz|zst)$/, "");
}

function rankOf(base: string, { name, changedMs }: DirectoryEntry): Ranked | null {
  if (!name.startsWith(base)) return null;
  const [, suffix = "", ending = ""] = /^(.*?)(\.gz|\.zst)?$/s.exec(name.slice(base.length)) ?? [];
  const compression = ending === ".gz" ? "gzip" : ending === ".zst" ? "zstd" : "none";
  const common = { name, compression } as const;
  const stamped = /^\.(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z)(?:-(\d{1,9}))?$/.exec(suffix);
  if (stamped !== null) {
    const endMs = stampTime(stamped[1] ?? "");
    if (Number.isNaN(endMs)) return null;
    return { ...common, kind: "stamped", isStamped: true, endMs, rank: [endMs, Number(stamped[2] ?? 0)] };
  }
  const numbered = /^\.(\d{1,6})$/.exec(suffix);
  if (numbered !== null) {
    const rank = [-Number(numbered[1]), 0] as const;
    return { ...common, kind: "numbered", isStamped: false, endMs: changedMs, rank };
  }
  // logrotate's dateext, with hours or seconds where its dateformat has them; another rotation on a day has a number.
  const dated = /^-(\d{8})(?:-?(\d{2,10}))?(?:\.(\d{1,6}))?$/.exec(suffix);
  if (dated === null) return null;
  const moment = Number(`${dated[1]}${(dated[2] ?? "").padEnd(10, "0")}`);
  return {
    ...common,
    kind: "dated",
    isStamped: false,
    endMs: changedMs,
    rank: [moment, -Number(dated[3] ?? 0)],
  };
}

function compare(one: readonly [number, number], other: readonly [number, number]): number {
  return one[0] - other[0] || one[1] - other[1];
}

/** Lists that are each in order as one: whichever file ended first. Those of one kind keep the order of their names. */
function inOrder(kinds: ReadonlyArray<readonly Ranked[]>): RotatedName[] {
  const queues = kinds.map((files) => [...files]);
  const merged: RotatedName[] = [];
  for (;;) {
    const heads = queues.filter((queue) => queue.length > 0);
    const [first] = heads.sort((one, other) => (one[0]?.endMs ?? 0) - (other[0]?.endMs ?? 0));
    const file = first?.shift();
    if (file === undefined) return merged;
    merged.push(file);
  }
}

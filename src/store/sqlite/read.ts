// The run history of a daemon that does not run. Nothing is written beside it: SQLite would make files even to read, so what a
// process that was killed left in its -wal is read from a copy.
import { copyFileSync, existsSync, lstatSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunRecord } from "../records.ts";
import type { RunQuery } from "../store.ts";
import { loadSqliteReader } from "./connection.ts";
import { checkFiles, PlaceError } from "./place.ts";
import { readRuns } from "./rows.ts";
import { fitnessOf } from "./schema.ts";

/**
 * @param file its path, with no links on the way
 * @returns the newest first; null: there is no such file
 * @throws {PlaceError} or an error of SQLite or the system, for a file that can't be read or trusted
 */
export async function readStored(file: string, query: RunQuery): Promise<RunRecord[] | null> {
  if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return null;
  checkFiles(file);
  const connect = await loadSqliteReader();
  const copy = existsSync(`${file}-wal`) ? copyOf(file) : null;
  try {
    const connection = connect(copy === null ? file : join(copy, "copy.db"), copy === null);
    try {
      const fitness = fitnessOf(connection);
      if (fitness !== "ours") {
        const why = fitness === "newer" ? "a newer djob made it" : "it is no run history of djob's";
        throw new PlaceError(`cannot read ${file}: ${why}`);
      }
      return readRuns(connection, query);
    } finally {
      connection.close();
    }
  } finally {
    if (copy !== null) rmSync(copy, { recursive: true });
  }
}

function copyOf(file: string): string {
  const directory = mkdtempSync(join(tmpdir(), "djob-runs-"));
  for (const ending of ["-wal", ""]) copyFileSync(file + ending, join(directory, `copy.db${ending}`));
  return directory;
}

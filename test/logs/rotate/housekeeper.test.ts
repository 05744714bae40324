// Looking after rotated logs is never a reason for a daemon not to start, nor for a rotation to have failed.
import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Housekeeper, type HousekeeperOptions } from "../../../src/logs/rotate/housekeeper.ts";

function inDirectory(use: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), "djob-housekeeper-"));
  try {
    use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const log = "worker.log";
const rotated = [1, 2, 3].map((second) => `${log}.2026-01-01T00-00-0${second}.000Z`);

function housekeeper(directory: string, changes: Partial<HousekeeperOptions>): Housekeeper {
  for (const name of [log, ...rotated]) writeFileSync(join(directory, name), "a line\n");
  return new Housekeeper({
    rules: { maximumBytes: null, maximumAgeMs: null, keep: 1, compression: "none", totalBytes: null },
    paths: () => [join(directory, log)],
    room: () => 0,
    now: Date.now,
    failed() {},
    ...changes,
  });
}

test("those that are too many are removed at once", () => {
  inDirectory((directory) => {
    housekeeper(directory, {}).wake();
    expect(readdirSync(directory).sort()).toEqual([log, rotated[2] ?? ""]);
  });
});

test("what can't be removed is told, and no error of whoever has just rotated or begun", () => {
  inDirectory((directory) => {
    const told: string[] = [];
    const keeper = housekeeper(directory, {
      room() {
        throw new Error("the file system is read-only");
      },
      failed: (what) => void told.push(what),
    });
    expect(() => keeper.wake()).not.toThrow();
    expect(told).toEqual(["cannot look after rotated logs: the file system is read-only"]);
    expect(readdirSync(directory)).toHaveLength(4);
  });
});

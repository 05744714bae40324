// What rotated logs and jobs' files are called, and which of them have to go.
import { expect, test } from "bun:test";
import { jobFileName, jobLogOf, jobsDirectory } from "../../../src/logs/job-file-names.ts";
import { nextName, parseRotated } from "../../../src/logs/rotate/names.ts";
import { chooseRemovals, largestLog, type RotatedFile } from "../../../src/logs/rotate/retention.ts";

const nowMs = Date.parse("2026-11-26T03:59:00.123Z");

test("a rotated file is named after the moment, and the name tells it", () => {
  const name = nextName("w.log", nowMs, []);
  expect(name).toBe("w.log.2026-11-26T03-59-00.123Z");
  expect(parseRotated("w.log", name)).toEqual({
    ...{ name, timeMs: nowMs, index: 0, compression: "none", isTemporary: false },
  });
  expect(parseRotated("w.log", `${name}-2.zst`)).toMatchObject({ index: 2, compression: "zstd" });
  expect(parseRotated("w.log", `${name}.gz.tmp`)).toMatchObject({ compression: "gzip", isTemporary: true });
});

test.each([
  "w.log",
  "w.log.1",
  "w.log.1.gz",
  "w.log-20261126",
  "w.log.2026-11-26T03-59-00.123Z.bak",
  "w.log.2026-11-26T03-59-00.123Z.gz.gz",
  "w.log.2026-11-26T03-59-00.123Z-0",
  "w.log.2026-19-26T03-59-00.123Z",
  "ww.log.2026-11-26T03-59-00.123Z",
  "w.err.log.2026-11-26T03-59-00.123Z",
])("%s is none of its rotated files", (name) => {
  expect(parseRotated("w.log", name)).toBeNull();
});

test("names sort by time even if the clock was set back, or two come within a millisecond", () => {
  const present = ["w.log.2026-11-26T04-00-00.000Z.zst", "other"];
  expect(nextName("w.log", nowMs, present)).toBe("w.log.2026-11-26T04-00-00.001Z");
  expect(nextName("w.log", nowMs, [nextName("w.log", nowMs, [])])).toBe("w.log.2026-11-26T03-59-00.124Z");
});

function files(count: number, path = "/l/w.log", bytes = 10): RotatedFile[] {
  return Array.from({ length: count }, (_, index) => ({
    ...{
      name: `${path} ${index}`,
      timeMs: index,
      index: 0,
      compression: "none",
      isTemporary: false,
      path,
      bytes,
    },
  }));
}

const removed = (all: readonly RotatedFile[], keep: number, totalBytes: number | null, room = 0) =>
  chooseRemovals(all, { keep, totalBytes }, room).map(({ name }) => name);

test("the oldest of each log go when there are too many", () => {
  const all = [...files(4), ...files(2, "/l/w.err.log")].reverse();
  expect(removed(all, 2, null)).toEqual(["/l/w.log 0", "/l/w.log 1"]);
  expect(removed(all, 0, null)).toHaveLength(6);
  expect(removed(all, 9, null)).toEqual([]);
});

test("the oldest of all go until the rest fits with what is being written", () => {
  const all = [...files(3), ...files(3, "/l/w.err.log")];
  expect(removed(all, 9, 45, 20)).toEqual(["/l/w.log 0", "/l/w.err.log 0", "/l/w.log 1", "/l/w.err.log 1"]);
  expect(removed(all, 9, 80, 20)).toEqual([]);
});

test("what is not finished is nobody's to remove", () => {
  expect(
    removed(
      files(3).map((file) => ({ ...file, isTemporary: true })),
      0,
      0,
    ),
  ).toEqual([]);
});

test("logs share the total: each may have so much that as much again of rotated ones fits", () => {
  expect(largestLog(64, null, 3)).toBe(64);
  expect(largestLog(64, 120, 3)).toBe(20);
  expect(largestLog(null, null, 1)).toBe(Number.POSITIVE_INFINITY);
});

test("a job's file has its name, with what could be misread percent-encoded", () => {
  expect(jobsDirectory("/l/w.log")).toBe("/l/w.jobs");
  expect(jobsDirectory("/l/w.txt")).toBe("/l/w.txt.jobs");
  expect(jobFileName("mail-2.daily_x")).toBe("mail-2.daily_x.log");
  expect(jobFileName("../a b/ü")).toBe("..%2Fa%20b%2F%C3%BC.log");
  const long = jobFileName("ü".repeat(100));
  expect(long.length).toBeLessThan(200);
  expect(long).toMatch(/^(%[0-9A-F]{2})+-[0-9a-f]+\.log$/);
  expect(jobFileName(`${"ü".repeat(99)}u`)).not.toBe(long);
});

test.each([
  "tick",
  "my.log",
  "my.logs",
  "a.log.1",
  "a.log-20261126",
  ".log",
  "ä b/ü.log.gz",
  "x".repeat(300),
])("the files of a job that is called %s are known as its own", (job) => {
  const file = jobFileName(job);
  const endings = [
    "",
    ".2026-11-26T03-59-00.123Z",
    ".2026-11-26T03-59-00.123Z-2.zst",
    ".1",
    ".2.gz",
    "-20261126",
  ];
  for (const ending of endings) expect(jobLogOf(`${file}${ending}`)).toBe(file);
});

test.each(["tick", "tick.log.bak", "tick.log.2026-11-26T03-59-00.123Z.zst.tmp", "tick.logs", ".log"])(
  "%s is no job's file",
  (name) => {
    expect(jobLogOf(name)).toBeNull();
  },
);

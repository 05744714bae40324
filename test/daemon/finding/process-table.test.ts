import { describe, expect, test } from "bun:test";
import {
  isEnding,
  judge,
  judgeWorker,
  type ProcessRow,
  parseStat,
  readProcess,
} from "../../../src/daemon/finding/process-table.ts";
import { refusalOf } from "../files.ts";

const daemon: ProcessRow = { ppid: 1, pid: 300, pgid: 299, sid: 299, tty: "?", tpgid: -1 };

function stat(name: string, fields: string): string {
  return `300 (${name}) S ${fields} 4194304 2037 0 0 0\n`;
}

test.each(["djob", "a b", "a) S 1 2 3 4 5", "((", ") ", "\n", ""])(
  "a command named %j does not confuse it",
  (name) => {
    expect(parseStat(stat(name, "1 299 299 0 -1"))).toEqual(daemon);
  },
);

test.each([
  [0, "?"],
  [(136 << 8) | 0, "pts/0"],
  [(136 << 8) | 7, "pts/7"],
  [(137 << 8) | 1, "pts/257"],
  // Minor numbers above 255 are split: their higher bits come after the major number.
  [(136 << 8) | 0x2c | (1 << 20), "pts/300"],
  [(4 << 8) | 1, "4:1"],
])("the terminal %d is shown as %s", (device, tty) => {
  expect(parseStat(stat("djob", `1 299 299 ${device} -1`)).tty).toBe(tty);
});

test("a process is read as ps reads it", () => {
  const child = Bun.spawnSync(["ps", "-o", "ppid=,pid=,pgid=,sid=,tpgid=", "-p", String(process.pid)]);
  const [ppid = -2, pid = -2, pgid = -2, sid = -2, tpgid = -2] = child.stdout
    .toString()
    .trim()
    .split(/\s+/)
    .map(Number);
  expect(readProcess(process.pid)).toMatchObject({ ppid, pid, pgid, sid, tpgid });
});

test.each([
  ["S", 0x400000, false],
  ["R", 0x400040, false],
  // Past its last instruction: it may have let go of its files already.
  ["R", 0x40000c, true],
  ["Z", 0x40004c, true],
  ["X", 0, true],
])("state %s with flags %d: it has ended is %j", (state, flags, ended) => {
  expect(isEnding(`300 (djob) ${state} 1 299 299 0 -1 ${flags} 2037 0\n`)).toBe(ended);
});

test("a process that is gone is an error that names it", () => {
  const child = Bun.spawnSync(["true"]);
  expect(refusalOf(() => readProcess(child.pid)).message).toContain(`pid ${child.pid}`);
});

describe("judged against the sequence", () => {
  const bad = (row: ProcessRow) =>
    judge(row)
      .filter(({ good }) => !good)
      .map(({ column }) => column);

  test("a daemon is good in every column, each of which is explained", () => {
    expect(bad(daemon)).toEqual([]);
    expect(judge(daemon).map(({ column }) => column)).toEqual(["PPID", "PID", "PGID", "SID", "TTY", "TPGID"]);
    for (const { meaning } of judge(daemon)) expect(meaning).not.toBe("");
  });

  test("a subreaper is as good a parent as init, and is named", () => {
    const [parent] = judge({ ...daemon, ppid: 77 });
    expect(parent).toEqual({
      column: "PPID",
      good: true,
      meaning: "process 77, the nearest subreaper, has adopted it",
    });
  });

  test.each<[string, Partial<ProcessRow>, readonly string[]]>([
    ["one whose leader still lives", { ppid: 299 }, ["PPID"]],
    ["a session's leader", { pid: 299 }, ["PID", "SID"]],
    ["one in a group of its own", { pgid: 300 }, ["PGID", "SID"]],
    ["one with a terminal", { tty: "pts/3" }, ["TTY"]],
    ["one that a terminal can signal", { tpgid: 310 }, ["TPGID"]],
    [
      "a shell's command",
      { ppid: 299, pgid: 300, tty: "pts/3", tpgid: 300 },
      ["PPID", "PGID", "SID", "TTY", "TPGID"],
    ],
  ])("%s is none", (_what, change, columns) => {
    expect(bad({ ...daemon, ...change })).toEqual([...columns]);
  });
});

describe("a worker, judged against its supervisor", () => {
  const worker: ProcessRow = { ...daemon, ppid: 300, pid: 305, pgid: 305 };
  const bad = (row: ProcessRow) =>
    judgeWorker(row, daemon)
      .filter(({ good }) => !good)
      .map(({ column }) => column);

  test("is good in every column, each of which is explained", () => {
    expect(bad(worker)).toEqual([]);
    const judgements = judgeWorker(worker, daemon);
    expect(judgements.map(({ column }) => column)).toEqual(["PPID", "PID", "PGID", "SID", "TTY", "TPGID"]);
    for (const { meaning } of judgements) expect(meaning).not.toBe("");
  });

  test.each<[string, Partial<ProcessRow>, readonly string[]]>([
    ["an orphan", { ppid: 1 }, ["PPID"]],
    ["a session's leader", { sid: 305 }, ["PID", "SID"]],
    ["one in its supervisor's group", { pgid: 299 }, ["PGID"]],
    ["one with a terminal", { tty: "pts/3", tpgid: 310 }, ["TTY", "TPGID"]],
  ])("%s is none", (_what, change, columns) => {
    expect(bad({ ...worker, ...change })).toEqual([...columns]);
  });
});

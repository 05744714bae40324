// A log file that rotates, where the system refuses: nothing is lost, and a rotation that fails is as if it had not been tried.
import { expect, onTestFinished, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { LogFile, type LogFileOptions, type LogFileSystem } from "../../src/logs/file.ts";
import { logFileSystem } from "../../src/logs/file-system.ts";
import { type LogState, Trouble } from "../../src/logs/trouble.ts";

const startMs = Date.parse("2026-11-26T00:00:00Z");

function bench(failing: Partial<LogFileSystem> = {}, options: Partial<LogFileOptions> = {}) {
  const directory = mkdtempSync(join(tmpdir(), "djob-file-"));
  const path = join(directory, "w.log");
  const descriptor = openSync(path, "a", 0o640);
  onTestFinished(() => {
    closeSync(descriptor);
    rmSync(directory, { recursive: true, force: true });
  });
  const system = { ...logFileSystem((file) => openSync(file, "a", 0o600)), ...failing };
  const states: LogState[] = [];
  const rotated: string[] = [];
  let wanted = 0;
  const trouble = new Trouble((state) => void states.push(state));
  const file = new LogFile({
    ...{
      path,
      descriptors: [descriptor],
      maximumAgeMs: null,
      largest: () => 100,
      rotates: "self",
      isEager: false,
    },
    ...{ trouble, system, rotated: (name) => void rotated.push(name), taken: () => {} },
    wanted() {
      wanted += 1;
    },
    ...options,
  });
  const write = (text: string, nowMs: number) => {
    if (nowMs >= file.dueMs) file.look(nowMs);
    file.grown(writeSync(descriptor, text), nowMs);
  };
  const names = () => readdirSync(directory).sort();
  const read = (name: string) => readFileSync(join(directory, name), "utf8");
  return { directory, path, file, write, names, read, states, rotated, wanted: () => wanted, trouble };
}

const failing = (code: string) => () => {
  throw Object.assign(new Error(code), { code });
};
const long = `${"x".repeat(120)}\n`;

test("a line that fills it is the last one in it", () => {
  const { write, names, read } = bench();
  write(long, startMs);
  write("next\n", startMs + 1);
  expect(names()).toEqual(["w.log", "w.log.2026-11-26T00-00-00.000Z"]);
  expect(read("w.log")).toBe("next\n");
  expect(read("w.log.2026-11-26T00-00-00.000Z")).toBe(long);
});

const everyCall = ["open", "resemble", "exchange", "duplicate", "nextPath", "locked"] as const;
/** Where a file system can't have two files change places. */
const withoutExchange = { exchange: () => false };

for (const [how, more, calls] of [
  ["", {}, everyCall],
  [" where names can't be exchanged", withoutExchange, [...everyCall, "rename"]],
] as const)
  test.each(calls.filter((call) => !(call in more)))(
    `%s fails: all goes on, and is tried again${how}`,
    (call) => {
      let isBroken = true;
      const real = { ...logFileSystem((file) => openSync(file, "a", 0o600)), ...more };
      const broken = (...given: never[]) =>
        isBroken ? failing("EMFILE")() : Reflect.apply(real[call] as () => unknown, real, given);
      const { write, names, read, states, directory } = bench({ ...more, [call]: broken });
      write(long, startMs);
      write("next\n", startMs + 1);
      const all = () =>
        names()
          .map((name) => readFileSync(join(directory, name), "utf8"))
          .join("");
      expect(all().split("\n").sort()).toEqual(`${long}next\n`.split("\n").sort());
      expect(states.at(-1)).toEqual({
        state: "degraded",
        reason: "cannot rotate the log: EMFILE",
        lostLines: 0,
      });
      // Nothing was renamed, and nothing is left of what was begun.
      if (call !== "duplicate") expect(names()).toEqual(["w.log"]);
      isBroken = false;
      write("later\n", startMs + 2_000);
      write("last\n", startMs + 2_001);
      expect(read("w.log")).toContain("last\n");
      expect(
        all()
          .match(/next|later|last/g)
          ?.sort(),
      ).toEqual(["last", "later", "next"]);
      expect(states.at(-1)?.state).toBe("ok");
    },
  );

test("where names can't be exchanged, a second rename that fails takes the first one back", () => {
  const { rename } = logFileSystem(() => -1);
  let renames = 0;
  const second = (from: string, to: string) => {
    renames += 1;
    if (renames === 2) failing("EIO")();
    rename(from, to);
  };
  const { write, names, read, states } = bench({ ...withoutExchange, rename: second });
  write(long, startMs);
  write("next\n", startMs + 1);
  expect(names()).toEqual(["w.log"]);
  expect(read("w.log")).toBe(`${long}next\n`);
  expect(states.at(-1)?.reason).toBe("cannot rotate the log: EIO");
});

test.each([
  ["", {}],
  [" where names can't be exchanged", withoutExchange],
])("the names of rotated files sort by time%s, and the new one is as the old one was", (_how, more) => {
  const { path, write, names, read, rotated } = bench(more);
  chmodSync(path, 0o604);
  for (let n = 0; n < 5; n += 1) write(`${n} ${long}`, startMs);
  expect(
    names()
      .slice(1)
      .map((name) => read(name)[0]),
  ).toEqual(["0", "1", "2", "3", "4"]);
  expect(rotated.map((name) => basename(name))).toEqual(names().slice(1));
  expect(statSync(path).mode & 0o777).toBe(0o604);
});

test("after each call of a rotation there is a log at the path, with the old one's owner and mode", () => {
  const seen: string[] = [];
  const watched = Object.fromEntries(
    Object.entries(logFileSystem((file) => openSync(file, "a", 0o600))).map(([name, call]) => [
      name,
      (...given: unknown[]) => {
        const result: unknown = Reflect.apply(call, null, given);
        seen.push(`${name}: ${(statSync(path, { throwIfNoEntry: false })?.mode ?? 0).toString(8)}`);
        return result;
      },
    ]),
  );
  const { path, write, names } = bench(watched);
  write(long, startMs);
  write(long, startMs + 1);
  expect(names()).toHaveLength(3);
  expect(seen).toContain("exchange: 100640");
  expect(seen.filter((at) => !at.endsWith(": 100640"))).toEqual([]);
});

test("another process has rotated it: its new file is taken, and nothing is rotated twice", () => {
  const { path, write, names, read } = bench();
  write("a\n", startMs);
  renameSync(path, `${path}.2026-11-26T00-00-00.500Z`);
  writeFileSync(path, "theirs\n");
  write(long, startMs + 600);
  write("b\n", startMs + 601);
  expect(read("w.log")).toBe("theirs\nb\n");
  expect(names()).toHaveLength(2);
});

test("renamed by a djob that was killed before it made a new one: that is made at once", () => {
  const { path, write, names, read } = bench();
  write("a\n", startMs);
  renameSync(path, `${path}.2026-11-26T00-00-00.500Z`);
  write("b\n", startMs + 1_000);
  write("c\n", startMs + 1_001);
  expect(names()).toEqual(["w.log", "w.log.2026-11-26T00-00-00.500Z"]);
  expect([read("w.log.2026-11-26T00-00-00.500Z"), read("w.log")]).toEqual(["a\n", "b\nc\n"]);
});

test("renamed by somebody who is about to make a new one: that is waited for", () => {
  const { path, write, names } = bench();
  write("a\n", startMs);
  renameSync(path, `${path}.1`);
  write("b\n", startMs + 1_000);
  expect(names()).toEqual(["w.log.1"]);
  write("c\n", startMs + 4_000);
  expect(names()).toEqual(["w.log", "w.log.1"]);
});

test("removed: it is made again at once, and while that can't be done nothing is written to nowhere", () => {
  const { directory, path, file, write, read, states } = bench();
  write("a\n", startMs);
  rmSync(path);
  write("b\n", startMs + 1_000);
  // What came after it was last seen is taken out of the file that nobody can find.
  expect(read("w.log")).toBe("a\nb\n");
  rmSync(directory, { recursive: true });
  file.look(startMs + 2_000);
  expect(file.blocked).toStartWith("the log was removed, and can't be made again: ENOENT");
  expect(states.at(-1)?.state).toBe("degraded");
  mkdirSync(directory);
  file.look(startMs + 3_000);
  expect(file.blocked).toBeNull();
  expect(states.at(-1)?.state).toBe("ok");
});

test("who may not rotate asks for it, and goes on meanwhile", () => {
  const { write, names, wanted } = bench({}, { rotates: "other" });
  write(long, startMs);
  write("b\n", startMs);
  expect(names()).toEqual(["w.log"]);
  expect(wanted()).toBe(1);
  write("c\n", startMs + 100);
  expect(wanted()).toBe(2);
});

test("a file that was cut off by copytruncate has room again", () => {
  const { path, write, names } = bench();
  write(`${"x".repeat(90)}\n`, startMs);
  writeFileSync(path, "");
  write(`${"y".repeat(50)}\n`, startMs + 1_500);
  expect(names()).toEqual(["w.log"]);
});

// A log that is followed, whatever becomes of its files meanwhile: each line once, in the order of its writing.
import { afterEach, expect, test } from "bun:test";
import {
  appendFileSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { everything } from "../../../src/logs/read/filter.ts";
import { openFollowedLog } from "../../../src/logs/read/open-log.ts";
import { Out } from "../../../src/logs/read/out.ts";
import { Alarm, readOn } from "../../../src/logs/read/read-logs.ts";
import { showText } from "../../../src/logs/read/show-text.ts";
import { until } from "../../e2e/harness.ts";
import { iso, startMs } from "./sample.ts";

const directories: string[] = [];

function makeDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "djob-follow-"));
  directories.push(directory);
  return directory;
}

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

/** Follows a log into a file. */
function following(path: string, count: number | null = null, heldMs?: number) {
  const shown = join(makeDirectory(), "shown");
  const descriptor = openSync(shown, "a");
  const end = new AbortController();
  const alarm = new Alarm();
  const out = new Out(descriptor);
  const troubles: string[] = [];
  const onDamage = (at: string, error: unknown) => void troubles.push(`${at}: ${error}`);
  const { records, count: held } = openFollowedLog(
    { path, wanted: everything, count, onDamage },
    () => alarm.ring(),
    heldMs,
  );
  const show = showText(out, { names: null, isTerminal: false, hasColour: false });
  const skip = count === null ? 0 : Math.max(0, held - count);
  const growth = { directories: [], heard: () => false, take: () => [] };
  const ended = readOn([{ records, source: 0 }], growth, { out, show, skip }, alarm, end.signal);
  return {
    text: () => readFileSync(shown, "utf8"),
    shows: (expected: string) =>
      until(`it shows ${expected}`, () => readFileSync(shown, "utf8") === expected),
    async [Symbol.asyncDispose]() {
      end.abort();
      await ended;
      closeSync(descriptor);
      expect(troubles).toEqual([]);
    },
  };
}

const stamped = (path: string, index: number) =>
  `${path}.2026-11-26T03-59-${String(index).padStart(2, "0")}.000Z`;

test("the last records come first, then what is appended, by whole lines", async () => {
  const path = join(makeDirectory(), "w.log");
  writeFileSync(path, "a\nb\n");
  await using tail = following(path, 1);
  await tail.shows("b\n");
  appendFileSync(path, "half");
  appendFileSync(path, " whole\n");
  await tail.shows("b\nhalf whole\n");
});

test("a line that has not ended is shown at the end", async () => {
  const path = join(makeDirectory(), "w.log");
  writeFileSync(path, "a\nhalf");
  const tail = following(path);
  await tail.shows("a\n");
  await tail[Symbol.asyncDispose]();
  expect(tail.text()).toBe("a\nhalf\n");
});

test("after a rename the old file is read on beside the new one, and the rest of it comes first", async () => {
  const path = join(makeDirectory(), "w.log");
  writeFileSync(path, "");
  await using tail = following(path);
  appendFileSync(path, "1\n");
  renameSync(path, stamped(path, 1));
  appendFileSync(stamped(path, 1), "2\n");
  await tail.shows("1\n2\n");
  appendFileSync(stamped(path, 1), "3\n");
  appendFileSync(path, "4\n");
  await tail.shows("1\n2\n3\n4\n");
  appendFileSync(stamped(path, 1), "5\n");
  await tail.shows("1\n2\n3\n4\n5\n");
});

test("a renamed file is let go of after a while, and read on when it changes", async () => {
  const path = join(makeDirectory(), "w.log");
  writeFileSync(path, "1\nhalf");
  await using tail = following(path, null, 20);
  await tail.shows("1\n");
  renameSync(path, stamped(path, 1));
  writeFileSync(path, "2\n");
  await tail.shows("1\n2\nhalf\n");
  await until("it is not held any more", () => !openFiles().includes(stamped(path, 1)));
  appendFileSync(stamped(path, 1), " whole\n3\n");
  await tail.shows("1\n2\nhalf\n whole\n3\n");
  renameSync(stamped(path, 1), stamped(path, 2));
  await until("it is not held any more", () => !openFiles().includes(stamped(path, 2)));
  appendFileSync(stamped(path, 2), "4\n");
  await tail.shows("1\n2\nhalf\n whole\n3\n4\n");
});

function openFiles(): string[] {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return [];
    }
  });
}

test.each(["none", "gz", "zst"] as const)(
  "of files that came and were rotated between two looks (%s) none is missed",
  async (kind) => {
    const path = join(makeDirectory(), "w.log");
    writeFileSync(path, "0\n");
    await using tail = following(path);
    await tail.shows("0\n");
    // All in one go: the event loop does not turn in between.
    for (let index = 1; index <= 3; index += 1) {
      appendFileSync(path, `${index}\n`);
      const rotated = stamped(path, index);
      renameSync(path, rotated);
      if (kind !== "none") {
        const compress = kind === "gz" ? gzipSync : zstdCompressSync;
        writeFileSync(`${rotated}.${kind}`, compress(readFileSync(rotated)));
        unlinkSync(rotated);
      }
    }
    writeFileSync(path, "4\n");
    await tail.shows("0\n1\n2\n3\n4\n");
  },
);

test("logrotate's numbers, twice between two looks", async () => {
  const path = join(makeDirectory(), "w.log");
  writeFileSync(path, "0\n");
  writeFileSync(`${path}.1`, "old\n");
  await using tail = following(path, 1);
  await tail.shows("0\n");
  for (let index = 1; index <= 2; index += 1) {
    for (let number = index; number >= 1; number -= 1)
      renameSync(`${path}.${number}`, `${path}.${number + 1}`);
    renameSync(path, `${path}.1`);
    writeFileSync(path, `${index}\n`);
  }
  await tail.shows("0\n1\n2\n");
});

test("copied and truncated: what came between the last look and the truncation is taken from the copy", async () => {
  const path = join(makeDirectory(), "w.log");
  writeFileSync(path, "0\n");
  await using tail = following(path);
  await tail.shows("0\n");
  for (let index = 1; index <= 3; index += 1) {
    appendFileSync(path, `${index}\nhalf`);
    copyFileSync(path, stamped(path, index));
    truncateSync(path, 0);
    // It is as long again at once: its size does not tell.
    appendFileSync(path, ` ${index}\nand then as much as before ${"x".repeat(index * 40)}\n`);
    const expected = Array.from(
      { length: index },
      (_, at) => `${at + 1}\nhalf\n ${at + 1}\nand then as much as before ${"x".repeat((at + 1) * 40)}\n`,
    );
    await tail.shows(`0\n${expected.join("")}`);
  }
});

test("truncated with no copy, removed, or in a directory that is moved away and made anew: it goes on with what there is", async () => {
  const directory = join(makeDirectory(), "logs");
  const path = join(directory, "w.log");
  await using tail = following(path);
  mkdirSync(directory);
  writeFileSync(path, "a\n");
  await tail.shows("a\n");
  truncateSync(path, 0);
  appendFileSync(path, "b and more\n");
  await tail.shows("a\nb and more\n");
  unlinkSync(path);
  writeFileSync(path, "c\n");
  await tail.shows("a\nb and more\nc\n");
  renameSync(directory, `${directory}.old`);
  mkdirSync(directory);
  writeFileSync(path, "d\n");
  await tail.shows("a\nb and more\nc\nd\n");
  appendFileSync(path, "e\n");
  await tail.shows("a\nb and more\nc\nd\ne\n");
});

test("random rotations between random writes, with a second writer that keeps the old file for a while", async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ type: fc.constant("write"), size: fc.nat(300) }) },
    { weight: 2, arbitrary: fc.record({ type: fc.constant("late"), size: fc.nat(30) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constantFrom("rename", "rename", "copy", "look"),
        size: fc.constant(0),
      }),
    },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.boolean(), async (steps, isLogrotate) => {
      const path = join(makeDirectory(), "w.log");
      const written: string[] = [];
      let current = openSync(path, "a");
      let old = openSync(path, "a");
      const line = (descriptor: number, size: number) => {
        const text = `${iso(startMs + written.length)} INFO  ${written.length} ${"x".repeat(size)}\n`;
        written.push(text);
        writeSync(descriptor, text);
      };
      const tail = following(path);
      let rotations = 0;
      for (const { type, size } of steps) {
        if (type === "write") line(current, size);
        else if (type === "late") line(old, size);
        else if (type === "look") await Bun.sleep(1);
        else if (type === "copy") {
          // Of a file of which nothing had been seen, a copy named 1 can't be told from the one before it.
          if (isLogrotate) await until("all is shown", () => tail.text().split("\n").length > written.length);
          copyFileSync(path, free(path, isLogrotate, ++rotations));
          truncateSync(path, 0);
          // Who has not seen the copy yet when it is made over has no way to know.
          await until("it has been seen", () => tail.text().split("\n").length > written.length);
        } else {
          renameSync(path, free(path, isLogrotate, ++rotations));
          closeSync(old);
          old = current;
          current = openSync(path, "a");
        }
      }
      line(current, 0);
      await until("all is shown", () => tail.text().split("\n").length > written.length).catch(() => {});
      await tail[Symbol.asyncDispose]();
      closeSync(old);
      closeSync(current);
      expect(tail.text().split("\n").sort()).toEqual(written.join("").split("\n").sort());
    }),
    { numRuns: 40 },
  );
});

/** The name for the next rotated file: the moment's, or 1, for which the others make room. */
function free(path: string, isLogrotate: boolean, index: number): string {
  if (!isLogrotate) return `${path}.${iso(Date.now()).replaceAll(":", "-")}-${index}`;
  for (let number = index - 1; number >= 1; number -= 1)
    renameSync(`${path}.${number}`, `${path}.${number + 1}`);
  return `${path}.1`;
}

test.each(["no", "yes"])(
  "while a log is rotated as fast as can be, each line is shown once and in order (compressed at once: %s)",
  async (compresses) => {
    const lines = 4_000;
    const path = join(makeDirectory(), "w.log");
    writeFileSync(path, "");
    await using tail = following(path, null, 20);
    const child = Bun.spawn(
      [process.execPath, join(import.meta.dir, "rotating-child.ts"), path, String(lines), compresses],
      { stdout: "inherit", stderr: "inherit" },
    );
    expect(await child.exited).toBe(0);
    await until("all is shown", () => tail.text().includes(`number ${lines - 1} `), 20_000);
    const numbers = [...tail.text().matchAll(/^number (\d+) x{20}$/gm)].map(([, n]) => Number(n));
    expect(numbers).toEqual(Array.from({ length: lines }, (_, n) => n));
  },
  30_000,
);

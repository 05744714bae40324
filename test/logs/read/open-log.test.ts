// A log of many files, some compressed, is read as if it were one: compared with reading all of it, for random wishes.
import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import fc from "fast-check";
import { everything, type Wanted } from "../../../src/logs/read/filter.ts";
import { openLog } from "../../../src/logs/read/open-log.ts";
import type { Records } from "../../../src/logs/read/records.ts";
import { iso, naive, type Sample, samples, startMs } from "./sample.ts";

const compressors = { none: (text: string) => text, gz: gzipSync, zst: zstdCompressSync } as const;

/** Cuts records into files. @returns what the whole of it is */
function layOut(
  directory: string,
  records: readonly Sample[],
  cuts: readonly number[],
  kinds: ReadonlyArray<keyof typeof compressors>,
  isLogrotate: boolean,
): string {
  const places = [0, ...cuts.map((cut) => cut % (records.length + 1)), records.length].sort((a, b) => a - b);
  for (let index = 1; index < places.length; index += 1) {
    const part = records.slice(places[index - 1], places[index]);
    const text = part.map((record) => record.text).join("");
    if (index === places.length - 1) writeFileSync(join(directory, "w.log"), text);
    else {
      const kind = kinds[index % kinds.length] ?? "none";
      const endMs = (records[(places[index] ?? 0) - 1]?.timeMs ?? startMs) + 1;
      const stamp = `${iso(endMs).replaceAll(":", "-")}-${index}`;
      const number = places.length - 1 - index;
      const path = join(
        directory,
        `w.log.${isLogrotate ? number : stamp}${kind === "none" ? "" : `.${kind}`}`,
      );
      writeFileSync(path, compressors[kind](text));
      utimesSync(path, endMs / 1000, endMs / 1000);
    }
  }
  return records.map(({ text }) => text).join("");
}

function read(records: Records): string[] {
  const found: string[] = [];
  while (records.next()) {
    const { bytes, start, end } = records.reader;
    found.push(bytes.toString("latin1", start, end));
  }
  return found;
}

function inDirectory<T>(use: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), "djob-open-log-"));
  try {
    return use(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const kinds = fc.array(fc.constantFrom("none", "gz", "zst"), { minLength: 1, maxLength: 4 });
const wishes = fc.record({
  since: fc.option(fc.integer({ min: -1, max: 150 })),
  until: fc.option(fc.integer({ min: -1, max: 150 })),
  level: fc.integer({ min: 0, max: 4 }),
  job: fc.constantFrom(null, null, "poll", "a b"),
  grep: fc.constantFrom(null, null, /boom/m, /a/m, /x y/m, /"/m, /ünï/m, /^a/m, /x{40}/m),
  count: fc.option(fc.nat(50)),
});

test("what is wanted of it is what is wanted of all of it", () => {
  fc.assert(
    fc.property(
      samples(50),
      fc.array(fc.nat(100), { maxLength: 5 }),
      kinds,
      fc.boolean(),
      wishes,
      (records, cuts, forms, isLogrotate, wish) =>
        inDirectory((directory) => {
          const whole = layOut(directory, records, cuts, forms as (keyof typeof compressors)[], isLogrotate);
          const wanted: Wanted = {
            ...everything,
            sinceMs: wish.since === null ? everything.sinceMs : startMs + wish.since,
            untilMs: wish.until === null ? everything.untilMs : startMs + wish.until,
            level: wish.level,
            job: wish.job,
            grep: wish.grep,
          };
          const opened = openLog({
            path: join(directory, "w.log"),
            wanted,
            count: wish.count,
            onDamage: unexpected,
          });
          // In brackets it is no mere text: what searches for those is not what it is compared with.
          const grep = wanted.grep && new RegExp(`(?:${wanted.grep.source})`, "m");
          const all = naive(whole, { ...wanted, grep });
          const expected = wish.count === null ? all : wish.count === 0 ? [] : all.slice(-wish.count);
          expect(opened === null ? [] : read(opened.records)).toEqual(expected);
          if (wish.count !== null) expect(opened?.count).toBe(expected.length);
        }),
    ),
    { numRuns: 300 },
  );
});

function unexpected(path: string, error: unknown): void {
  throw new Error(`${path}: ${error}`);
}

test("all of it is given as it is, with an end for a file's last line, and only where all of it is wanted", () => {
  const all = (wish: Partial<Wanted>, count: number | null, directory: string) => {
    const opened = openLog({
      path: join(directory, "w.log"),
      wanted: { ...everything, ...wish },
      count,
      onDamage: unexpected,
    });
    const records = opened?.records;
    if (records?.isPourable !== true) return null;
    let poured = "";
    records.pour((bytes, length) => {
      poured += Buffer.from(bytes.subarray(0, length)).toString("latin1");
    });
    return poured;
  };
  fc.assert(
    fc.property(samples(50), fc.array(fc.nat(100), { maxLength: 5 }), (records, cuts) =>
      inDirectory((directory) => {
        const whole = layOut(directory, records, cuts, ["none", "gz"], false);
        expect(all({}, null, directory)).toBe(Buffer.from(whole).toString("latin1"));
        for (const wish of [{ level: 2 }, { sinceMs: 0 }, { untilMs: 1e15 }, { job: "poll" }, { grep: /a/m }])
          expect(all(wish, null, directory)).toBeNull();
      }),
    ),
    { numRuns: 50 },
  );
  inDirectory((directory) => {
    writeFileSync(join(directory, "w.log.2"), gzipSync("a\nb"));
    writeFileSync(join(directory, "w.log.1"), "c");
    writeFileSync(join(directory, "w.log"), "d\ne");
    expect(all({}, null, directory)).toBe("a\nb\nc\nd\ne\n");
    expect(all({}, 2, directory)).toBe("d\ne\n");
    // Of a compressed file only its last records.
    expect(all({}, 4, directory)).toBeNull();
  });
});

test("a raw line at a file's begin has the time of the last record of the file before", () => {
  inDirectory((directory) => {
    writeFileSync(join(directory, "w.log.1"), `${iso(startMs)} INFO  one\n`);
    writeFileSync(join(directory, "w.log"), `raw\n${iso(startMs + 50)} INFO  two\n`);
    const wanted = { ...everything, sinceMs: startMs, untilMs: startMs + 10 };
    const opened = openLog({ path: join(directory, "w.log"), wanted, count: null, onDamage: unexpected });
    expect(read(opened?.records as Records)).toEqual([`${iso(startMs)} INFO  one\n`, "raw\n"]);
  });
});

test("raw lines before the first header are not later than it", () => {
  inDirectory((directory) => {
    writeFileSync(join(directory, "w.log.1"), "rotated raw\n");
    writeFileSync(
      join(directory, "w.log"),
      `raw\n${iso(startMs)} INFO  one\n${iso(startMs + 50)} INFO  two\n`,
    );
    const since = (sinceMs: number, count: number | null) => {
      const wanted = { ...everything, sinceMs };
      const opened = openLog({ path: join(directory, "w.log"), wanted, count, onDamage: unexpected });
      return read(opened?.records as Records).map((text) => text.split(" ").at(-1));
    };
    expect(since(startMs + 10, null)).toEqual(["two\n"]);
    expect(since(startMs + 10, 9)).toEqual(["two\n"]);
    expect(since(startMs + 90, null)).toEqual([]);
    // It may have been written a moment before that.
    expect(since(startMs, null)).toEqual(["raw\n", "raw\n", "one\n", "two\n"]);
  });
});

test("what is damaged or no file is told, and hides nothing else", () => {
  inDirectory((directory) => {
    const line = (index: number) => `${iso(startMs + index)} INFO  ${index}\n`;
    writeFileSync(join(directory, "w.log.4.gz"), gzipSync(line(1)).subarray(0, 30));
    writeFileSync(join(directory, "w.log.3.zst"), "no zstd at all");
    symlinkSync("/etc/passwd", join(directory, "w.log.2"));
    writeFileSync(join(directory, "w.log.1"), line(3));
    writeFileSync(join(directory, "w.log"), line(4));
    const told: string[] = [];
    const onDamage = (path: string, error: unknown) =>
      told.push(`${path.slice(directory.length + 1)}: ${error instanceof Error ? error.message : error}`);
    const opened = openLog({ path: join(directory, "w.log"), wanted: everything, count: null, onDamage });
    const found = read(opened?.records as Records);
    expect(found.slice(-2)).toEqual([line(3), line(4)]);
    expect(found.join("")).not.toContain("root:");
    expect(told.sort()).toEqual([
      "w.log.2: it is a symbolic link, which can be pointed elsewhere",
      "w.log.3.zst: it is not compressed",
      "w.log.4.gz: unexpected end of file",
    ]);
  });
});

// Processes that are killed while they write, or write at the same time.
import { expect, test } from "bun:test";
import { join } from "node:path";
import type { RunRecord } from "../../src/store/records.ts";
import { declared, directory, openIn } from "./stores.ts";

function start(path: string, number: number, count: number) {
  const command = [process.execPath, join(import.meta.dir, "writer.ts"), path, String(number), String(count)];
  return Bun.spawn(command, { stdout: "pipe", stderr: "inherit" });
}

/** Reads until there are so many lines, or no more. */
async function linesOf(
  stream: ReadableStream<Uint8Array>,
  enough: number,
  then: () => void,
): Promise<string[]> {
  let text = "";
  for await (const bytes of stream) {
    text += Buffer.from(bytes).toString();
    if (text.split("\n").length > enough) then();
  }
  return text.split("\n").filter((line) => line !== "");
}

function recordsAt(path: string, owner: number): RunRecord[] {
  const { store, settle } = openIn(path, { owner, keepRuns: 1_000_000 });
  expect(store.trouble).toBeNull();
  store.enter(declared(5), Number.MAX_SAFE_INTEGER / 2);
  store.recover([], 9e12);
  settle();
  const records = store.runs({ limit: 1_000_000 });
  store.close();
  return records;
}

test("a process that is killed at any moment loses nothing that was said to be written, and nothing is there twice", async () => {
  const path = join(directory(), "w.db");
  const decided = new Set<number>();
  const finished = new Set<number>();
  for (let round = 1; round <= 100; round += 1) {
    const writer = start(path, round, 100_000);
    const lines = await linesOf(writer.stdout, (round * 37) % 400, () => writer.kill("SIGKILL"));
    await writer.exited;
    for (const line of lines) {
      const [what, time] = line.split(" ");
      expect(what).toMatch(/^(decided|ended)$/);
      (what === "decided" ? decided : finished).add(Number(time));
    }
    if (round % 10 !== 0) continue;
    const records = recordsAt(path, 1);
    const ids = new Set(records.map(({ job, scheduledAtMs }) => `${job}@${scheduledAtMs}`));
    expect(ids.size).toBe(records.length);
    const outcomes = Map.groupBy(records, ({ scheduledAtMs }) => scheduledAtMs);
    for (const timeMs of decided) {
      const told = (outcomes.get(timeMs) ?? []).map(({ job, outcome }) => `${job} ${outcome}`).sort();
      expect({ timeMs, count: told.length, first: told[0] }).toEqual({
        timeMs,
        count: 5,
        first: "job-0 skipped",
      });
      if (finished.has(timeMs)) expect(told.filter((one) => one.endsWith(" succeeded")).length).toBe(4);
    }
    // What was decided in the instant of the kill may be there as well, but whole.
    expect([...outcomes.values()].every(({ length }) => length === 5)).toBe(true);
  }
}, 180_000);

test("two processes write at the same time", async () => {
  const path = join(directory(), "w.db");
  openIn(path).store.close();
  const writers = [start(path, 1, 1_500), start(path, 2, 1_500)];
  const lines = await Promise.all(
    writers.map(({ stdout }) => linesOf(stdout, Number.POSITIVE_INFINITY, () => {})),
  );
  expect(await Promise.all(writers.map(({ exited }) => exited))).toEqual([0, 0]);
  expect(lines.flat().filter((line) => line.startsWith("trouble"))).toEqual([]);
  const records = recordsAt(path, 1);
  expect(records.length).toBe(2 * 1_500 * 5);
  expect(records.filter(({ outcome }) => outcome === "succeeded").length).toBe(2 * 1_500 * 4);
});

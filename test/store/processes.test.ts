// Processes that are killed while they write, or write at the same time.
import { expect, test } from "bun:test";
import { join } from "node:path";
import type { RunRecord } from "../../src/store/records.ts";
import { declared, directory, openIn, startMs } from "./stores.ts";

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

test("what another process has decided and still runs is known to be, by its time and in a row of times", () => {
  const path = join(directory(), "w.db");
  const [old, next] = [openIn(path, { owner: 1 }), openIn(path, { owner: 2 })];
  const [key = 0, other = 0] = old.store.enter(declared(2), startMs).map((job) => job.key);
  const decision = { decidedAtMs: startMs, attempt: 1, trigger: "schedule", skipped: null } as const;
  old.store.decide([{ ...decision, scheduledAtMs: startMs + 5, jobs: [key] }]);
  next.store.enter(declared(2), startMs);
  expect(next.store.has(key, startMs + 5)).toBe(true);
  expect(next.store.has(other, startMs + 5)).toBe(false);
  expect(next.store.recordedBetween(key, startMs, startMs + 10)).toEqual([[startMs + 5, startMs + 5]]);
  expect(next.store.recordedBetween(other, startMs, startMs + 10)).toEqual([]);
  expect(old.store.recordedBetween(key, startMs + 6, startMs + 10)).toEqual([]);
  // What is written since then, there or here, is seen at once.
  old.store.decide([{ ...decision, scheduledAtMs: startMs + 7, jobs: [other] }]);
  next.store.decide([{ ...decision, scheduledAtMs: startMs + 8, jobs: [key] }]);
  expect(next.store.recordedBetween(other, startMs, startMs + 10)).toEqual([[startMs + 7, startMs + 7]]);
  const times = new Set(next.store.recordedBetween(key, startMs, startMs + 10).map(([first]) => first));
  expect([...times]).toEqual([startMs + 5, startMs + 8]);
  for (const { store } of [old, next]) store.close();
});

test("a worker that starts on a clock that was set back by hours knows how far another one has decided", () => {
  const path = join(directory(), "w.db");
  const [old, next] = [openIn(path, { owner: 1 }), openIn(path, { owner: 2 })];
  const [key = 0] = old.store.enter(declared(1), startMs).map((job) => job.key);
  const farMs = startMs + 5 * 3_600_000;
  old.store.decide([
    { scheduledAtMs: farMs, decidedAtMs: farMs, attempt: 1, trigger: "catch-up", skipped: null, jobs: [key] },
  ]);
  const [memory] = next.store.enter(declared(1), startMs);
  expect(memory).toMatchObject({ accountedMs: startMs, knownMs: farMs });
  for (const { store } of [old, next]) store.close();
});

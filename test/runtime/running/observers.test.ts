// Whoever is told of runs: hooks with the last lines, of which none takes much memory.
import { expect, test } from "bun:test";
import type { RunEvent } from "djob";
import { Journal, plainPen } from "../../../src/runtime/journal.ts";
import { Registry } from "../../../src/runtime/registry.ts";
import { newEntry } from "../../../src/runtime/running/job-entry.ts";
import { Observers } from "../../../src/runtime/running/observers.ts";
import { Ping } from "../../../src/runtime/running/ping.ts";
import { Run } from "../../../src/runtime/running/run.ts";
import type { RunRecord } from "../../../src/store/records.ts";
import { FakeClock, settled } from "./fake-clock.ts";

const record: RunRecord = {
  ...{ job: "a", scheduledAtMs: 0, throughMs: 0, times: 1, startedAtMs: 0, endedAtMs: 1, attempt: 1 },
  ...{ trigger: "schedule", outcome: "succeeded", reason: null, error: null, exitCode: null, signal: null },
  result: null,
};

test("a hook has the last twenty lines of its run, each cut where it is very long", async () => {
  const clock = new FakeClock("2026-06-01T12:00:00Z");
  const journal = new Journal(
    () => clock.now(),
    plainPen(() => {}),
  );
  const ping = new Ping(clock, journal);
  const observers = new Observers(
    clock,
    journal,
    () => [],
    ping,
    () => {},
  );
  const events: RunEvent[] = [];
  const registry = new Registry("here");
  registry.add("a", { every: "1h", onSuccess: (event: RunEvent) => void events.push(event) }, () => {});
  const [definition] = registry.jobs;
  if (definition === undefined) throw new Error("it was not declared");
  const run = new Run(newEntry(definition, "here"), 0, "schedule");
  observers.began(run);
  journal.within(run, () => {
    for (let line = 0; line < 25; line += 1) journal.write("info", `${line} ${"x".repeat(100_000)}`);
  });
  journal.write("info", "of no run");
  observers.ended(run, record, null);
  await settled();
  const [event] = events;
  expect(event?.lastLines).toHaveLength(20);
  expect(event?.lastLines[0]).toContain("[a] 5 xxx");
  for (const line of event?.lastLines ?? []) expect(line).toHaveLength(4_097);
});

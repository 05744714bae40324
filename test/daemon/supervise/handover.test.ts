// Handing the schedule over: each time has one worker, and what old code still runs is not started again.
import { expect, test } from "bun:test";
import { Handover } from "../../../src/daemon/supervise/handover.ts";

function team(...generations: number[]) {
  const told: string[] = [];
  const workers = new Map(
    generations.map((generation) => [
      generation,
      {
        generation,
        pid: 100 + generation,
        tell: ({ workers, ...message }: { type: string; workers?: readonly number[] }) => {
          told.push(`${generation} ${JSON.stringify(message)}`);
          if (workers !== undefined) expect(workers).not.toContain(100 + generation);
        },
        signal: (name: string) => void told.push(`${generation} ${name}`),
        after: () => {},
      },
    ]),
  );
  return { handover: new Handover(workers), take: () => told.splice(0), workers };
}

const takeOver = (fromMs: number | null, ...running: string[]) =>
  JSON.stringify({ type: "takeOver", fromMs, running });

test("the first worker schedules from now on; the next from where the one before has left off", () => {
  const { handover, take } = team(1, 2);
  handover.begin(null, 1, 100);
  expect(take()).toEqual([`1 ${takeOver(null)}`]);
  handover.begin(1, 2, 100);
  expect(take()).toEqual(['1 {"type":"yield"}']);
  handover.yielded(1, 42, ["a"]);
  expect(take()).toEqual([`2 ${takeOver(42, "a")}`]);
  handover.runEnded(1, "a", 2);
  expect(take()).toEqual(['2 {"type":"released","job":"a"}']);
});

test("a job that the first of three workers still runs is held back from the third", () => {
  const { handover, take } = team(1, 2, 3);
  handover.begin(1, 2, 100);
  handover.yielded(1, 10, ["long", "short"]);
  handover.begin(2, 3, 100);
  handover.yielded(2, 20, ["short"]);
  expect(take().at(-1)).toBe(`3 ${takeOver(20, "long", "short")}`);
  handover.runEnded(1, "short", 3);
  expect(take()).toEqual([]);
  handover.gone(2, 3);
  expect(take()).toEqual(['3 {"type":"released","job":"short"}']);
  handover.gone(1, 3);
  expect(take()).toEqual(['3 {"type":"released","job":"long"}']);
});

test("a worker that is replaced before it has begun hands on what it was to get", () => {
  const { handover, take } = team(1, 2, 3);
  handover.begin(1, 2, 100);
  handover.begin(2, 3, 100);
  handover.yielded(2, 7, []);
  expect(take()).toEqual(['1 {"type":"yield"}', '2 {"type":"yield"}']);
  handover.yielded(1, 10, ["long"]);
  expect(take()).toEqual([`3 ${takeOver(10, "long")}`]);
});

test("a worker that dies before it yields leaves the schedule from now on, and nothing that it ran", () => {
  const { handover, take } = team(1, 2);
  handover.begin(1, 2, 100);
  take();
  handover.gone(1, 2);
  expect(take()).toEqual([`2 ${takeOver(null)}`]);
});

test("one that was to take over and died leaves that to the next, who does not begin before the old one has yielded", () => {
  const { handover, take, workers } = team(1, 2, 3);
  handover.begin(1, 2, 100);
  workers.delete(2);
  handover.gone(2, null);
  take();
  handover.begin(null, 3, 100);
  expect(take()).toEqual([]);
  handover.yielded(1, 10, ["long"]);
  expect(take()).toEqual([`3 ${takeOver(10, "long")}`]);
});

test("the end of a candidate that failed releases nothing", () => {
  const { handover, take } = team(1, 2, 3);
  handover.begin(1, 2, 100);
  handover.yielded(1, 10, ["long"]);
  take();
  handover.gone(3, 2);
  expect(take()).toEqual([]);
});

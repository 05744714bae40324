// The memory of process groups: all of them are looked at together, so that a machine with many processes is no burden.
import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { GroupMemory, type Processes } from "../../../src/runtime/command/memory.ts";

interface Process {
  readonly group: number;
  readonly parent: number;
  bytes: number;
}

class Machine implements Processes {
  readonly processes = new Map<number, Process>();
  looks = 0;

  all(): number[] {
    return [...this.processes.keys()];
  }

  groupOf(pid: number): number | null {
    this.looks += 1;
    return this.processes.get(pid)?.group ?? null;
  }

  residentBytes(pid: number): number {
    return this.processes.get(pid)?.bytes ?? 0;
  }

  childrenOf(pid: number): number[] {
    return [...this.processes].filter(([, { parent }]) => parent === pid).map(([child]) => child);
  }

  add(pid: number, group: number, parent: number, bytes = 1_024): Process {
    const process = { group, parent, bytes };
    this.processes.set(pid, process);
    return process;
  }
}

const lookMs = 250;

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

function watching(machine: Machine, groups: readonly number[], limitBytes = 10_240) {
  const memory = new GroupMemory(machine);
  const told: string[] = [];
  const stops = groups.map((group) =>
    memory.watch(group, limitBytes, (what) => void told.push(`${group}: ${what}`)),
  );
  return { told, stops };
}

test("a group's processes count together, those of their children too, and others do not", () => {
  const machine = new Machine();
  machine.add(100, 100, 1, 4_096);
  machine.add(101, 100, 100, 4_096);
  const last = machine.add(102, 100, 101, 2_048);
  machine.add(200, 200, 100, 1 << 30);
  const { told } = watching(machine, [100]);
  jest.advanceTimersByTime(lookMs);
  expect(told).toEqual([]);
  last.bytes = 3_072;
  jest.advanceTimersByTime(4 * lookMs);
  expect(told).toEqual(["100: it had 11K of memory, and may have 10K"]);
  expect(jest.getTimerCount()).toBe(0);
});

test("one whose parent has ended is found, however many there are on the machine", () => {
  const machine = new Machine();
  machine.add(100, 100, 1);
  for (let pid = 1_000; pid < 1_900; pid += 1) machine.add(pid, pid, 1);
  machine.add(5_000, 100, 1, 1 << 20);
  const { told } = watching(machine, [100]);
  jest.advanceTimersByTime(10 * lookMs);
  expect(told).toHaveLength(1);
});

test("many runs cost hardly more looks than one, and none when they are over", () => {
  const looksOf = (groups: number) => {
    const machine = new Machine();
    for (let pid = 1; pid <= 600; pid += 1) machine.add(pid, pid, 0);
    const { stops } = watching(
      machine,
      Array.from({ length: groups }, (_, at) => at + 1),
    );
    jest.advanceTimersByTime(40 * lookMs);
    const { looks } = machine;
    for (const stop of stops) stop();
    jest.advanceTimersByTime(40 * lookMs);
    expect(machine.looks).toBe(looks);
    return looks / 40;
  };
  expect(looksOf(1)).toBeLessThanOrEqual(101);
  expect(looksOf(20)).toBeLessThanOrEqual(120);
  expect(jest.getTimerCount()).toBe(0);
});

test("a number that another process has by now does not count", () => {
  const machine = new Machine();
  machine.add(100, 100, 1);
  machine.add(101, 100, 100);
  const { told, stops } = watching(machine, [100]);
  jest.advanceTimersByTime(lookMs);
  machine.add(101, 101, 1, 1 << 30);
  jest.advanceTimersByTime(10 * lookMs);
  expect(told).toEqual([]);
  for (const stop of stops) stop();
});

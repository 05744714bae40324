// The run history of a worker while it can't be written: told, and tried again.
import { afterEach, beforeEach, expect, jest, test } from "bun:test";
import { formatLine } from "../../src/logs/form/text.ts";
import { History } from "../../src/runtime/history.ts";
import { Journal, plainPen } from "../../src/runtime/journal.ts";
import type { Store, Trouble } from "../../src/store/store.ts";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

test("it is tried again every five seconds, however often it has failed meanwhile, until it can be written", async () => {
  const lines: string[] = [];
  const journal = new Journal(
    () => 0,
    plainPen((record) => void lines.push(formatLine(record).trimEnd())),
  );
  let tell: (trouble: Trouble | null) => void = () => {};
  const store = {
    trouble: null as Trouble | null,
    flushes: 0,
    flush() {
      this.flushes += 1;
    },
  };
  const become = (trouble: Trouble | null) => {
    store.trouble = trouble;
    tell(trouble);
  };
  const openStore = async (onTrouble: typeof tell) => {
    tell = onTrouble;
    return store as unknown as Store;
  };
  const history = new History({ openStore }, journal, () => {});
  await history.open();
  let recovered = 0;
  history.onRecovered = () => {
    recovered += 1;
  };
  for (let count = 0; count < 3; count += 1) {
    become({ kind: "degraded", reason: "the disk is full" });
    become(null);
  }
  become({ kind: "degraded", reason: "the disk is full" });
  jest.advanceTimersByTime(5_000);
  expect({ flushes: store.flushes, recovered }).toEqual({ flushes: 1, recovered: 3 });
  jest.advanceTimersByTime(10_000);
  expect(store.flushes).toBe(3);
  become(null);
  jest.advanceTimersByTime(60_000);
  expect(store.flushes).toBe(4);
  expect(jest.getTimerCount()).toBe(0);
  expect(lines.at(-1)).toEndWith("INFO  run history: it is written again");
});

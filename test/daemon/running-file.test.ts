// What a worker that does not answer was doing: read by another process's eyes, through /proc.
import { expect, test } from "bun:test";
import { makeRunningFile, readRunning } from "../../src/daemon/running-file.ts";

const run = (job: string) => ({ job, id: `${job}@1` });

test("the runs that are going on can be read from outside", () => {
  expect(readRunning(process.pid)).toBeNull();
  const file = makeRunningFile();
  if (file === null) throw new Error("there is no such memory");
  expect(readRunning(process.pid)).toEqual([]);
  const [first, second] = [run("first"), run("größer")];
  file.began(first);
  file.returned(first);
  file.began(second);
  expect(readRunning(process.pid)).toEqual(["größer"]);
  file.returned(second);
  expect(readRunning(process.pid)).toEqual(["größer", "first"]);
  file.ended(second);
  expect(readRunning(process.pid)).toEqual(["first"]);
  file.ended(first);
  expect(readRunning(process.pid)).toEqual([]);
  // More than fits is cut off.
  for (let count = 0; count < 100; count += 1) file.began(run(`${count}-${"x".repeat(90)}`));
  file.returned(first);
  expect(readRunning(process.pid)?.length).toBeWithin(40, 50);
});

test("of a process that is not there nothing is known", () => {
  expect(readRunning(2 ** 30)).toBeNull();
});

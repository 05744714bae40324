// Which files are a log's, and in what order.
import { expect, test } from "bun:test";
import { belongsTo, rotatedFiles } from "../../../src/logs/read/log-names.ts";

function order(names: ReadonlyArray<string | readonly [string, number]>): string[] {
  const entries = names.map((name) =>
    typeof name === "string" ? { name, changedMs: 0 } : { name: name[0], changedMs: name[1] },
  );
  return rotatedFiles("w.log", entries).map(({ name }) => name);
}

const stamp = (seconds: string) => `w.log.2026-11-26T03-59-${seconds}.000Z`;

test("those that djob has rotated are in the order of their times, then of their numbers", () => {
  expect(
    order([`${stamp("10")}-10`, stamp("11"), stamp("10"), `${stamp("10")}-2.gz`, `${stamp("09")}.zst`]),
  ).toEqual([`${stamp("09")}.zst`, stamp("10"), `${stamp("10")}-2.gz`, `${stamp("10")}-10`, stamp("11")]);
});

test("of one that is being compressed the original counts", () => {
  expect(order([stamp("10"), `${stamp("10")}.gz`, `${stamp("10")}.zst.tmp`])).toEqual([stamp("10")]);
  expect(order(["w.log.1", "w.log.1.gz"])).toEqual(["w.log.1"]);
});

test("logrotate's: a higher number is older, a later date newer", () => {
  expect(order(["w.log.1", "w.log.10.gz", "w.log.2.gz"])).toEqual(["w.log.10.gz", "w.log.2.gz", "w.log.1"]);
  expect(order(["w.log-20261126", "w.log-20261125.gz", "w.log-2026112509", "w.log-20261126.1"])).toEqual([
    "w.log-20261125.gz",
    "w.log-2026112509",
    "w.log-20261126.1",
    "w.log-20261126",
  ]);
});

test("both kinds together go by when each ended", () => {
  const at = (time: string) => Date.parse(`2026-11-26T${time}Z`);
  expect(
    order([["w.log.1", at("04:30:00")], ["w.log.2.gz", at("03:59:10.500")], stamp("10"), stamp("11")]),
  ).toEqual([stamp("10"), "w.log.2.gz", stamp("11"), "w.log.1"]);
});

test("other files are none of it", () => {
  for (const name of [
    "w.log",
    "w.log.tmp",
    "w.logs",
    "w.log.bak",
    "x.log.1",
    "w.log.1.xz",
    `${stamp("10")}.gz.tmp`,
    "w.log.2026-13-26T03-59-00.000Z",
    "w.err.log.1",
  ]) {
    expect({ name, order: order([name]) }).toEqual({ name, order: [] });
    expect(belongsTo("w.log", name)).toBe(name === "w.log");
  }
});

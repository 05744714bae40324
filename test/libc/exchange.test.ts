// Two files change places: both names lead to a file all the while.
import { expect, onTestFinished, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exchangeNames } from "../../src/libc/exchange.ts";
import { thrownBy } from "./children.ts";

function files(): { directory: string; one: string; other: string } {
  const directory = mkdtempSync(join(tmpdir(), "djob-exchange-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const [one, other] = [join(directory, "one"), join(directory, "other")];
  writeFileSync(one, "1");
  return { directory, one, other };
}

test("two files change places", () => {
  const { directory, one, other } = files();
  writeFileSync(other, "2");
  expect(exchangeNames(one, other)).toBe(true);
  expect([readFileSync(one, "utf8"), readFileSync(other, "utf8")]).toEqual(["2", "1"]);
  expect(readdirSync(directory)).toHaveLength(2);
});

test("one that is missing is an error, and the other stays", () => {
  const { directory, one, other } = files();
  expect(thrownBy(() => exchangeNames(one, other))).toMatchObject({ code: "ENOENT", syscall: "renameat2" });
  expect(readdirSync(directory)).toEqual(["one"]);
});

test("what C would read otherwise is refused", () => {
  expect(thrownBy(() => exchangeNames("", "x"))).toBeInstanceOf(RangeError);
  expect(thrownBy(() => exchangeNames("x", "a\0b"))).toBeInstanceOf(RangeError);
});

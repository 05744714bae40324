import { expect, test } from "bun:test";
import { compareWithHeaders } from "../../scripts/libc-constants.ts";
import { libc } from "../../src/libc/library.ts";

const comparisons = compareWithHeaders(libc().table);

test.each(comparisons.map(({ expression, expected, actual }) => [expression, expected, actual] as const))(
  "%s is %d, as in the C headers",
  (_expression, expected, actual) => expect(actual).toBe(expected),
);

test("every kind of entry was compared", () => {
  const expressions = comparisons.map(({ expression }) => expression);
  const kinds = ["LOCK_EX", "sizeof(sigset_t)", "offsetof(struct sigaction, sa_flags)", "ENOENT", "SIGTERM"];
  for (const kind of kinds) expect(expressions).toContain(kind);
});

test("a missing C compiler is an error that says what to install", () => {
  expect(() => compareWithHeaders(libc().table, "/nowhere/cc")).toThrow("apt-get install gcc");
});

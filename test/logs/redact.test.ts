// Which variables are taken for secrets, and what becomes of their values in a text.
import { expect, test } from "bun:test";
import { looksSecret, redactorOf, redactValue } from "../../src/logs/redact.ts";

test.each([
  ...["DB_PASSWORD", "API_KEY", "apiToken", "GITHUB_TOKEN", "SECRET", "CLIENT_SECRET_V2", "DATABASE_URL"],
  ...[
    "AWS_SECRET_ACCESS_KEY",
    "session_cookie",
    "SENTRY_DSN",
    "BASIC_AUTH",
    "SMTP_PASS",
    "REDIS_URL",
    "PRIVATE_KEY",
  ],
])("%s looks like a secret", (name) => {
  expect(looksSecret(name)).toBe(true);
});

test.each([
  "PORT",
  "HOME",
  "NODE_ENV",
  "KEYBOARD",
  "AUTHOR",
  "MONKEY",
  "BASE_URL",
  "PASSENGERS",
  "TOKENIZER",
])("%s does not", (name) => {
  expect(looksSecret(name)).toBe(false);
});

test("values are masked wherever they stand, the longest first, and short ones left alone", () => {
  const rules = { patterns: ["sk-[a-z0-9]+", "x*"], variables: ["A", "B", "C", "D"] };
  const environment = { A: "hunter2", B: "hunter2-long.(", C: "no", D: "line one\nline two" };
  const redact = redactorOf(rules, environment);
  expect(redact?.("hunter2-long.( and hunter2, no sk-abc1")).toBe("[redacted] and [redacted], no [redacted]");
  expect(redact?.("a\n  line two")).toBe("a\n  [redacted]");
  expect(redact?.("")).toBe("");
});

test("nothing to mask costs nothing", () => {
  expect(redactorOf({ patterns: [], variables: ["A"] }, { A: "" })).toBeNull();
});

test("a value's texts are masked, not its names", () => {
  const redact = (text: string) => text.replaceAll("s3cret", "*");
  expect(redactValue({ s3cret: ["a s3cret", 1, null, { b: "s3cret" }] }, redact)).toEqual({
    s3cret: ["a *", 1, null, { b: "*" }],
  });
});

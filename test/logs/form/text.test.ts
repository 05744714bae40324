// The text form of a record, and that no message can pass for another record.
import { expect, test } from "bun:test";
import { formatLine } from "../../../src/logs/form/text.ts";

const timeMs = Date.parse("2026-11-21T09:30:00.000Z");

test("a line has the time, the level, the job if there is one, and the message", () => {
  expect(formatLine({ timeMs, level: "info", job: "mail", message: "sent" })).toBe(
    "2026-11-21T09:30:00.000Z INFO  [mail] sent\n",
  );
  expect(formatLine({ timeMs, level: "error", job: null, message: "" })).toBe(
    "2026-11-21T09:30:00.000Z ERROR \n",
  );
});

test("all levels take the same width", () => {
  const levels = ["debug", "info", "warn", "error"] as const;
  const lines = levels.map((level) => formatLine({ timeMs, level, job: null, message: "x" }));
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
});

test("no line of a message looks like the start of another record", () => {
  const forged = "2026-11-21T09:30:00.000Z ERROR [bank] all is lost";
  const text = formatLine({ timeMs, level: "info", job: null, message: `a\n${forged}\r\n\n${forged}\n` });
  const starts = text.split("\n").filter((line) => /^\d{4}-/.test(line));
  expect(starts).toHaveLength(1);
  expect(text.endsWith("\n")).toBe(true);
});

// What a line begins with, in each form, and lines that only seem to have a header.
import { expect, test } from "bun:test";
import { Header, type LineForm } from "../../../src/logs/read/header.ts";
import { isoTimeAt, stampTime } from "../../../src/logs/read/iso-time.ts";

const time = "2026-11-26T03:59:00.123Z";
const forms: Readonly<Record<LineForm, string>> = { 0: "raw", 1: "text", 2: "json", 3: "logfmt" };

function read(line: string) {
  const header = new Header();
  const bytes = Buffer.from(`junk${line}junk`);
  header.read(bytes, 4, bytes.length - 4);
  const part = (start: number, end: number) => bytes.toString("utf8", start, end);
  return {
    form: forms[header.form],
    time: Number.isNaN(header.timeMs) ? null : new Date(header.timeMs).toISOString(),
    level: header.level,
    job: part(header.jobStart, header.jobEnd),
    run: part(header.runStart, header.runEnd),
    body: part(header.bodyStart, bytes.length - 4),
  };
}

test.each([
  [`${time} INFO  hello`, "text", 2, "", "", "hello"],
  [`${time} WARN  [poll] late { ms: 3 }`, "text", 3, "poll", "", "late { ms: 3 }"],
  [`${time} ERROR [a b] `, "text", 4, "a b", "", ""],
  [`${time} DEBUG [unfinished`, "text", 1, "", "", "[unfinished"],
  [`{"time":"${time}","level":"info","message":"m"}`, "json", 2, "", "", '"message":"m"}'],
  [
    `{"time":"${time}","level":"warn","job":"a\\"b","run":"a\\"b@${time}","attempt":2,"message":"m"}`,
    "json",
    3,
    'a\\"b',
    `a\\"b@${time}`,
    '"message":"m"}',
  ],
  [`time=${time} level=error msg="x y" a=1`, "logfmt", 4, "", "", 'msg="x y" a=1'],
  [
    `time=${time} level=info job="a b" run="a b@${time}" attempt=1 msg="x"`,
    "logfmt",
    2,
    "a b",
    `a b@${time}`,
    'msg="x"',
  ],
  [
    `time=${time} level=info job=poll run=poll@${time} attempt=1 msg="x"`,
    "logfmt",
    2,
    "poll",
    `poll@${time}`,
    'msg="x"',
  ],
])("%s", (line, form, level, job, run, body) => {
  expect(read(line)).toEqual({ form, time, level, job, run, body });
});

test.each([
  "",
  "plain",
  time,
  `${time} INFO`,
  `${time} FATAL oh`,
  `${time}INFO  x`,
  `2026-13-26T03:59:00.123Z INFO  x`,
  `2026-11-26T24:59:00.123Z INFO  x`,
  `2026-11-26 03:59:00.123Z INFO  x`,
  ` ${time} INFO  x`,
  `{"level":"info","time":"${time}"}`,
  `{"time":"${time}","level":"loud"}`,
  `{"time":"yesterday","level":"info"}`,
  `time=${time} msg="no level"`,
])("no header: %j", (line) => {
  expect(read(line)).toEqual({ form: "raw", time: null, level: 0, job: "", run: "", body: line });
});

test("times are those that Date reads, and a time that is cut off is none", () => {
  for (const text of [
    "1970-01-01T00:00:00.000Z",
    "2024-02-29T23:59:59.999Z",
    "0099-12-31T12:00:00.001Z",
    "9999-12-31T23:59:59.999Z",
  ]) {
    expect(isoTimeAt(Buffer.from(text), 0, 24)).toBe(Date.parse(text));
    expect(isoTimeAt(Buffer.from(text), 0, 23)).toBeNaN();
  }
  expect(stampTime("2026-11-26T03-59-00.123Z")).toBe(Date.parse(time));
  expect(stampTime("2026-11-26T03:59:00.123Z")).toBeNaN();
});

import { expect, test } from "bun:test";
import { filling, LineChecker, writerNames } from "../../scripts/soak/log-lines.ts";

const head = "2026-11-26T03:59:00.123Z INFO  [main-1] ";
const lineOf = (tag: string, number: number) =>
  `${/^(main|thread1)\./.test(tag) ? head : ""}${tag} ${number} ${filling}`;
/** The last worker's writers, one line each. */
const complete = writerNames.map((name) => lineOf(`${name}.2`, 0));

interface Laid {
  readonly line: string;
  /** How many bytes before the end of a page it begins; undefined: right behind the line before. */
  readonly before?: number;
  readonly isEnded?: boolean;
}

function errorsOf(laid: readonly Laid[]): readonly string[] {
  const checker = new LineChecker();
  let page = 1;
  for (const { line, before = 4_000, isEnded = true } of laid) {
    checker.take(line, { file: "worker.log", offset: page * 4_096 - before, isEnded });
    page += 1;
  }
  for (const line of complete)
    checker.take(line, { file: "worker.log", offset: page * 4_096, isEnded: true });
  return checker.finish(1).errors;
}

const child = [lineOf("child1.1", 0), lineOf("child2.1", 0)].map((line) => ({ line }));
/** The first so many bytes of a writer's second line, then another line. */
const cut = (tag: string, bytes: number, rest = lineOf("child2.1", 1), number = 1): Laid => ({
  line: lineOf(tag, number).slice(0, bytes) + rest,
  before: bytes,
});

test("lines that are all there are good, and djob's own are no writer's", () => {
  expect(errorsOf([...child, { line: "2026-11-26T03:59:00.123Z WARN  something" }])).toEqual([]);
});

test("a killed writer's last line may end where a page does", () => {
  expect(errorsOf([...child, cut("child1.1", 20)])).toEqual([]);
  expect(errorsOf([...child, cut("child1.1", 1)])).toEqual([]);
  expect(errorsOf([...child, cut("child1.1", lineOf("child1.1", 1).length)])).toEqual([]);
  expect(errorsOf([...child, cut("thread2.1", 9, undefined, 0)])).toEqual([]);
  for (const bytes of [4, 38, 45, 60])
    expect(errorsOf([...child, { line: lineOf("main.1", 0) }, cut("main.1", bytes)])).toEqual([]);
  expect(errorsOf([...child, cut("child1.1", 20, lineOf("main.1", 0))])).toEqual([]);
  expect(errorsOf([...child, cut("child1.1", 20, "2026-11-26T03:59:00.123Z ERROR it was killed")])).toEqual(
    [],
  );
  expect(errorsOf([...child, { ...cut("child1.1", 30, ""), isEnded: false }])).toEqual([]);
  expect(errorsOf([...child, { ...cut("main.1", 60, "", 0), isEnded: false }])).toEqual([]);
});

test.each<[what: string, laid: readonly Laid[]]>([
  ["one that does not end where a page does", [{ ...cut("child1.1", 20), before: 21 }]],
  ["the line after the next", [cut("child1.1", 20, undefined, 2)]],
  ["one after which the same writer goes on", [cut("child1.1", 20), { line: lineOf("child1.1", 1) }]],
  ["one of a writer that was not killed", [cut("child1.2", 20)]],
  ["one with half a line behind it", [cut("child1.1", 20, "child2.1 1 xxx")]],
  ["one with another number's line behind it", [cut("child1.1", 20, lineOf("child2.1", 2))]],
  ["two of one writer", [cut("child1.1", 20), cut("child1.1", 22, lineOf("child2.1", 2))]],
  ["an end of the file within a page", [{ ...cut("child1.1", 20, ""), isEnded: false, before: 30 }]],
  ["a whole line that is missing", [{ line: lineOf("child1.1", 2) }]],
  ["a line twice", [{ line: lineOf("child1.1", 0) }]],
])("an error: %s", (_what, laid) => {
  expect(errorsOf([...child, ...laid])).not.toEqual([]);
});

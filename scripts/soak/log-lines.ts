// Whether the numbered lines of a log's writers are each there exactly once, in each writer's order. One thing the kernel itself may
// do: a fatal signal ends a write(2) between two pages of the file, so that the last line of a process that is killed may end there,
// with the next writer's line right behind it (generic_perform_write in mm/filemap.c). Pure.

/** Where a line was found, for messages. */
export interface LinePlace {
  readonly file: string;
  /** Of its first byte in the file's (uncompressed) text. */
  readonly offset: number;
  /** false: the file ends without an end of line. */
  readonly isEnded: boolean;
}

interface Cut {
  readonly fragment: string;
  readonly told: string;
}

export const writerNames = [
  "main",
  "thread1",
  "thread2",
  ...[1, 2, 3, 4, 5].map((slot) => `child${slot}`),
] as const;
/** What each numbered line ends with. */
export const filling = "x".repeat(30);

const pageBytes = 4_096;
const head = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z INFO {2}\[main-\d+\] /;
const wholeLine = new RegExp(
  `^(?:${head.source.slice(1)})?((?:main|thread[12]|child[1-5])\\.\\d+) (\\d+) ${filling}$`,
);
const ownRecord = /^\d{4}-\d\d-\d\dT\S+Z (INFO |WARN |ERROR|DEBUG) /;
const headShape = "0000-00-00T00:00:00.000Z INFO  [main-";

export class LineChecker {
  /** Each writer's next number; a writer's name has the id of its worker: `child1.1795665600000`. */
  readonly #next = new Map<string, number>();
  readonly #errors: string[] = [];
  readonly #cuts: Cut[] = [];
  #count = 0;

  /** @param line one character a byte (latin1), without its end of line */
  take(line: string, place: LinePlace): void {
    const { file, isEnded } = place;
    if (isEnded && this.#numbered(line, file)) return;
    const told = `${file}: torn at ${place.offset}: ${line.slice(0, 100)}`;
    for (const at of pageEndsIn(line, place)) {
      const [fragment, rest] = [line.slice(0, at), line.slice(at)];
      // Of a file that was rotated at that moment the fragment is the end.
      const isLast = !isEnded && rest === "";
      if (!isLast && (!isEnded || (!wholeLine.test(rest) && !ownRecord.test(rest)))) continue;
      if (isLast || wholeLine.test(rest) || !ownRecord.test(line)) {
        this.#cuts.push({ fragment, told });
        this.#numbered(rest, file);
        return;
      }
    }
    if (!isEnded || !ownRecord.test(line)) this.#errors.push(told);
  }

  /** @param perWriter how many lines each writer of the last worker was to write */
  finish(perWriter: number): { lines: number; writers: number; errors: readonly string[] } {
    const errors = [...this.#errors];
    const ids = new Set([...this.#next.keys()].map(idOf));
    const last = Math.max(...ids);
    const killed = [...ids]
      .filter((id) => id !== last)
      .flatMap((id) => writerNames.map((name) => `${name}.${id}`));
    for (const { fragment, told } of this.#cuts) {
      const index = killed.findIndex((tag) => beginsLine(fragment, tag, this.#next.get(tag) ?? 0));
      // One that is killed has one last line.
      if (index === -1) errors.push(told);
      else killed.splice(index, 1);
    }
    const complete = [...this.#next].filter(([tag]) => idOf(tag) === last);
    for (const [tag, lines] of complete)
      if (lines !== perWriter) errors.push(`${tag} has ${lines} lines, not ${perWriter}`);
    if (complete.length !== writerNames.length) errors.push(`${complete.length} writers wrote to the end`);
    return { lines: this.#count, writers: this.#next.size, errors };
  }

  #numbered(line: string, file: string): boolean {
    const [, tag, digits] = wholeLine.exec(line) ?? [];
    if (tag === undefined) return false;
    this.#count += 1;
    const expected = this.#next.get(tag) ?? 0;
    if (Number(digits) !== expected)
      this.#errors.push(`${file}: ${tag} has ${digits} in place of ${expected}`);
    this.#next.set(tag, Number(digits) + 1);
    return true;
  }
}

/** Where pages of the file end within a line, as places in the line. */
function pageEndsIn(line: string, { offset }: LinePlace): number[] {
  const ends: number[] = [];
  const first = pageBytes - (offset % pageBytes);
  for (let at = first; at <= line.length; at += pageBytes) ends.push(at);
  return ends;
}

/** Whether a fragment is the beginning of a writer's line of that number. The main thread's and the first Worker's have a head. */
function beginsLine(fragment: string, tag: string, number: number): boolean {
  const hasHead = /^(main|thread1)\./.test(tag);
  const [found = ""] = head.exec(fragment) ?? [];
  if (found === "") {
    if (hasHead) return isHeadCut(fragment);
    return `${tag} ${number} ${filling}`.startsWith(fragment);
  }
  return hasHead && `${tag} ${number} ${filling}`.startsWith(fragment.slice(found.length));
}

function isHeadCut(fragment: string): boolean {
  const shape = fragment.slice(0, headShape.length).replace(/\d/g, "0");
  return headShape.startsWith(shape) && /^\d*\]?$/.test(fragment.slice(headShape.length));
}

function idOf(tag: string): number {
  return Number(tag.slice(tag.indexOf(".") + 1));
}

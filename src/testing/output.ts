// What runs write in a test: kept line by line, each with its job. console.* is printed as well, as bun test does; what djob itself
// and context.log say is only kept.

import { format } from "node:util";
import type { TestLine } from "djob/testing";
import { Journal, plainPen } from "../runtime/journal.ts";

export interface KeptLine extends TestLine {
  /** Whose it is; null: no run's. */
  readonly run: string | null;
}

const methods = ["log", "info", "warn", "error", "debug"] as const;

export class TestOutput {
  readonly lines: KeptLine[] = [];
  readonly journal: Journal;
  readonly #restore: () => void;

  constructor(now: () => number) {
    const pen = plainPen(({ timeMs, level, job, run = null }, message) => {
      this.lines.push({ time: new Date(timeMs), level, job, message, run: run?.id ?? null });
    });
    this.journal = new Journal(now, pen);
    const before = methods.map((method) => [method, console[method]] as const);
    for (const [method, print] of before) {
      console[method] = (...values: unknown[]) => {
        const level = method === "log" ? "info" : method;
        if (this.journal.currentRun !== undefined) this.journal.write(level, textOf(values));
        Reflect.apply(print, console, values);
      };
    }
    this.#restore = () => {
      for (const [method, print] of before) console[method] = print;
    };
  }

  of(run: string): readonly TestLine[] {
    return this.lines.filter((line) => line.run === run).map(plain);
  }

  close(): void {
    this.#restore();
  }
}

/** As a test sees it. */
export function plain({ run: _, ...line }: KeptLine): TestLine {
  return line;
}

function textOf(values: readonly unknown[]): string {
  const [first] = values;
  return values.length === 1 && typeof first === "string" ? first : format(...values);
}

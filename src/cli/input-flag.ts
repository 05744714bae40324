// --input: what a run is given as context.input.
import { DjobError } from "../daemon/error.ts";
import { exitCode } from "../exit-code.ts";
import type { RepeatableArg } from "./command.ts";

export const inputFlag: RepeatableArg = {
  type: "string",
  valueHint: "JSON",
  description:
    "what the job is given as context.input; - reads it from standard input, which no other user can see",
};

/** @throws {DjobError} with exit code 2 */
export async function inputOf(given: string | null): Promise<unknown> {
  if (given === null) return undefined;
  // A command line can be read by every user of the machine.
  const text = given === "-" ? await Bun.stdin.text() : given;
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const shown = given === "-" ? "-" : JSON.stringify(text.slice(0, 100));
    throw new DjobError(
      exitCode.usage,
      `cannot use --input ${shown}: ${why}`,
      `write JSON, in quotes: --input '{"day":1}' or --input '"text"'`,
    );
  }
}

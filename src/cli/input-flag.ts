// --input: what a run is given as context.input.
import { DjobError } from "../daemon/error.ts";
import { exitCode } from "../exit-code.ts";
import type { RepeatableArg } from "./command.ts";

export const inputFlag: RepeatableArg = {
  type: "string",
  valueHint: "JSON",
  description: "what the job is given as context.input",
};

/** @throws {DjobError} with exit code 2 */
export function inputOf(text: string | null): unknown {
  if (text === null) return undefined;
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new DjobError(
      exitCode.usage,
      `cannot use --input ${JSON.stringify(text.slice(0, 100))}: ${why}`,
      `write JSON, in quotes: --input '{"day":1}' or --input '"text"'`,
    );
  }
}

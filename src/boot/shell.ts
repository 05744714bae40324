// What init scripts share: quoting for sh, and the environment that they start djob in. Pure.
import type { BootEntry } from "./entry.ts";

/** One word for sh, whatever is in it. */
export function shellWord(text: string): string {
  return /^[\w/.,:=@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

export function shellWords(words: readonly string[]): string {
  return words.map(shellWord).join(" ");
}

/**
 * A script that an administrator calls from a shell must find the same daemon as at boot. PATH is not for here: OpenRC has
 * its own programs in it.
 */
export function scriptPrelude({ djobPath, environment }: BootEntry): string {
  return [
    "unset DJOB_DIR RUNTIME_DIRECTORY STATE_DIRECTORY LOGS_DIRECTORY",
    ...environment.map(([key, value]) => `export ${key}=${shellWord(value)}`),
    `djob=${shellWord(djobPath)}`,
  ].join("\n");
}

/** The commands of a script: how it calls djob. */
export function scriptCalls({ name, runArguments, placeArguments }: BootEntry) {
  const named = shellWords([name, ...placeArguments]);
  return {
    run: `"$djob" run --ok ${shellWords(runArguments)}`,
    stop: `"$djob" stop --ok ${named}`,
    reload: `"$djob" reload ${named}`,
    status: `"$djob" status ${named}`,
  };
}

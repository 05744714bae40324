// What the tests of the boot files share: an entry to begin with, and words to try.
import fc from "fast-check";
import type { BootEntry } from "../../src/boot/entry.ts";

export function entryOf(given: Partial<BootEntry> = {}): BootEntry {
  return {
    name: "worker",
    djobPath: "/usr/local/bin/djob",
    runArguments: ["--name=worker", "/srv/app/worker.ts"],
    placeArguments: [],
    environment: [],
    scope: "system",
    neededDirectories: ["/srv/app"],
    writtenDirectories: [],
    dropsPrivileges: false,
    runsCrontab: false,
    isPrivate: false,
    readyTimeoutMs: 30_000,
    stopTimeoutMs: 10_000,
    ...given,
  };
}

/** Words made of what quoting goes wrong with, and of anything else that may stand in a boot entry. */
export const words: fc.Arbitrary<string> = fc
  .oneof(
    fc.string({ unit: fc.constantFrom(..."\"'\\$%{}`!;#&|<>()*?~ \tabAB09=-/.,:@x") }),
    fc.string({ unit: "grapheme" }),
  )
  .filter((word) => word !== "" && !/[\u0000-\u0008\u000a-\u001f\u007f]/.test(word) && word.isWellFormed());

/** The output of a program that these tests can't do without. */
export function callTool(tool: string, packageName: string, args: readonly string[]): string {
  if (Bun.which(tool) === null) throw new Error(`these tests need ${tool}: apt-get install ${packageName}`);
  const { exitCode, stdout, stderr } = Bun.spawnSync([tool, ...args]);
  const said = `${stdout}${stderr}`;
  return exitCode === 0 ? said : `exit code ${exitCode}\n${said}`;
}

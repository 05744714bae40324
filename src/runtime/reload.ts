// Whether the modules on disk could be loaded at all, seen without running them: a reload must not give up the old code
// for files that do not even parse.
import type { UpgradeReport } from "../control/messages.ts";
import { describeFailure, failureOf } from "./failure.ts";
import type { Journal } from "./journal.ts";
import { brokenCrontabs, scriptsOf } from "./loading/declare-modules.ts";
import type { WorkerPort } from "./port.ts";
import type { Registry } from "./registry.ts";

/** Without a supervisor there is nobody whom jobs would outlive. */
export async function refuseUpgrade(name: string): Promise<UpgradeReport> {
  const hint = `to start it with the new executable: djob restart ${name}`;
  return { outcome: "refused", failure: "it has no supervisor", hint };
}

/** @returns what is broken, or null */
export async function findBroken(
  { identity: { modules }, crontabs }: Pick<WorkerPort, "identity" | "crontabs">,
  registry: Registry,
): Promise<string | null> {
  const broken = brokenCrontabs(modules, { registry, crontabs });
  if (broken !== null) return describeFailure(broken);
  const scripts = scriptsOf(modules, crontabs);
  if (scripts.length === 0) return null;
  const [first] = await errorsOf(scripts);
  return first === undefined ? null : describeFailure(failureOf(first, null));
}

/**
 * What in modules, or in what they import, is no TypeScript at all. What can't be resolved does not count: it may be
 * meant to be missing.
 * @returns for a person; null: it parses
 */
export async function syntaxErrorOf(scripts: readonly string[]): Promise<string | null> {
  const first = (await errorsOf(scripts)).find(({ name }) => name === "BuildMessage");
  return first === undefined ? null : describeFailure(failureOf(first, null));
}

async function errorsOf(scripts: readonly string[]) {
  if (scripts.length === 0) return [];
  const { success, logs } = await Bun.build({
    entrypoints: [...scripts],
    target: "bun",
    external: ["djob"],
    packages: "external",
    throw: false,
  });
  return success ? [] : logs.filter(({ level }) => level === "error");
}

/** What USR1 asks for. */
export function reopenLogs({ log }: Pick<WorkerPort, "log">, journal: Journal): void {
  try {
    log.reopen();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    journal.write("error", `writing on to the old log: ${why}`);
  }
}

// Whether the modules on disk could be loaded at all, seen without running them: a reload must not give up the old code
// for files that do not even parse.
import { describeFailure, failureOf } from "./failure.ts";

/** @returns what is broken, or null */
export async function findBroken(modules: readonly string[]): Promise<string | null> {
  const result = await Bun.build({
    entrypoints: [...modules],
    target: "bun",
    external: ["djob"],
    packages: "external",
    throw: false,
  });
  const [first] = result.logs.filter(({ level }) => level === "error");
  if (result.success || first === undefined) return null;
  return describeFailure(failureOf(first, null));
}

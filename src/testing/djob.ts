// The module "djob" where no daemon is: in a test. A test's own room takes what is declared while it loads its modules.
import type { Api } from "../api/module.ts";

type Given = readonly unknown[];
type Provided = Record<"job" | "hooks", (...given: Given) => void>;

export const job = ((...given: Given) => provided()?.job(...given)) as Api["job"];
export const hooks = ((...given: Given) => provided()?.hooks(...given)) as Api["hooks"];
export const sockets: Api["sockets"] = [];

/** What "djob/testing" has left; null in a test that does without it. */
function provided(): Provided | null {
  const found: unknown = Reflect.get(globalThis, Symbol.for("djob"));
  if (found !== undefined) return found as Provided;
  // As bun test sets it.
  if (process.env["NODE_ENV"] === "test") return null;
  throw new Error('jobs are run by djob: djob run worker.ts, or in a test by "djob/testing"');
}

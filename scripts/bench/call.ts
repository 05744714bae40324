// Calls a djob for a benchmark, whose daemons live in a directory of its own.
import { join } from "node:path";

/** @param directory the daemons' DJOB_DIR is in it. @returns what it printed @throws {Error} if it fails */
export async function callDjob(djob: string, directory: string, ...args: string[]): Promise<string> {
  const child = Bun.spawn([djob, ...args], {
    env: { ...process.env, DJOB_DIR: join(directory, "state") },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const text = await child.stdout.text();
  if ((await child.exited) !== 0) throw new Error(`djob ${args.join(" ")} ended with ${child.exitCode}`);
  return text;
}

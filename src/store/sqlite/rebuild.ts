// Into a database that was begun anew goes what this process knows. What waits to be written follows by itself.
import type { Connection } from "./connection.ts";
import type { Declared } from "./enter.ts";
import { type OpenDecisions, openJobs } from "./open-decisions.ts";
import type { Outbox } from "./outbox.ts";
import type { RealKeys } from "./real-keys.ts";
import { insertDecision, insertRetry, insertUnwritten } from "./writes.ts";

export interface Known {
  readonly jobs: ReadonlyMap<number, Declared>;
  readonly decisions: OpenDecisions;
  readonly keys: RealKeys;
  readonly outbox: Outbox;
}

/** @param accountedMs up to when nothing is owed */
export function rebuild(
  connection: Connection,
  { jobs, decisions, keys, outbox }: Known,
  owner: number,
  accountedMs: number,
): void {
  keys.clear();
  insertUnwritten(
    connection,
    [...jobs].map(([key, { name, schedule }]) => ({ key, name, schedule, accountedMs })),
    keys,
  );
  const written = decisions.all().filter(({ row }) => row !== null);
  outbox.forgetRows();
  // This is called again if it fails.
  for (const open of written) open.row = -1;
  for (const open of written) insertDecision(connection, open, owner, keys.realOfAll([...openJobs(open)]));
  for (const retry of decisions.retries())
    insertRetry(connection, retry, owner, keys.realOf(retry.key), accountedMs);
}

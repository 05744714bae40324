// Reopens logs onto its own descriptors 1 and 2, which the test runner must not do to itself, and says how that went.
import { writeSync } from "node:fs";
import { reopenLogs } from "../../src/daemon/log-files.ts";

const { paths, privileges } = JSON.parse(process.argv[2] ?? "");
try {
  reopenLogs(paths, privileges);
  writeSync(1, "reopened\n");
} catch (error) {
  writeSync(1, `${error instanceof Error ? error.message : error}\n`);
}

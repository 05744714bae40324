// Reopens logs onto its own descriptors 1 and 2, which the test runner must not do to itself, and says how that went.
import { writeSync } from "node:fs";
import { DaemonLog } from "../../../src/daemon/log/log.ts";

const { paths, privileges } = JSON.parse(process.argv[2] ?? "");
const rules = { target: { type: "file" }, form: "text", level: "debug", perJob: false, rotation: null };
const redaction = { patterns: [], variables: [] };
const events = { now: Date.now, stateChanged() {}, fileChanged() {}, fileTaken() {} };
try {
  new DaemonLog({ paths, privileges, log: rules, redaction } as never, true, {}, events).reopen();
  writeSync(1, "reopened\n");
} catch (error) {
  writeSync(1, `${error instanceof Error ? error.message : error}\n`);
}

// The scratch process of `djob check`.
import { hostname } from "node:os";
import { setCloseOnExec } from "../../libc/files.ts";
import { examine } from "../../runtime/loading/examine.ts";
import { crontabPort } from "../crontab-file.ts";
import { readinessDescriptor } from "../descriptors.ts";
import { type Exit, settleIn, takeSpec } from "../settle.ts";
import { endDescendants } from "../starting/end-started.ts";
import { loadGraceMs, tell, tellIfPossible } from "../starting/readiness.ts";

export async function check(exit: Exit): Promise<void> {
  const spec = takeSpec();
  settleIn(spec);
  setCloseOnExec(readinessDescriptor, true);
  await examine(spec.modules, {
    readyTimeoutMs: spec.readyTimeoutMs,
    loadGraceMs,
    host: hostname(),
    crontabs: crontabPort(spec),
    found: (jobs, warnings) => void tell(readinessDescriptor, { type: "checked", jobs, warnings }),
    failed(failure) {
      tellIfPossible(readinessDescriptor, { type: "failed", failure });
      endDescendants();
    },
    exit,
  });
}

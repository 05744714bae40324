// A process with nothing of its own: what flags that are not given leave.
import type { Attributes } from "../../../src/daemon/privileges/privileges.ts";

export const noAttributes: Attributes = {
  nice: null,
  ioPriority: null,
  scheduler: null,
  limits: [],
  noNewPrivileges: false,
  processors: null,
  oomScore: null,
};

// Where the threads and processes of isolated jobs come from; what starts processes is loaded by those who have some.
import type { IsolationPort } from "../../runtime/isolate/place.ts";
import { quietCollector } from "../environment.ts";
import type { Spec } from "../spec.ts";

export interface Isolation extends IsolationPort {
  /** The processes that run isolated jobs, and all that they have started. */
  endAll(): void;
}

/** @param threadEntry the script that a thread of this executable begins with */
export function isolationFor(spec: Pick<Spec, "name">, threadEntry: string): Isolation {
  const [name, value] = quietCollector;
  let endAll = () => {};
  return {
    threadEntry,
    threadEnvironment: { [name]: value },
    async processes() {
      const { endAllProcesses, processStarter } = await import("./process.ts");
      endAll = endAllProcesses;
      return processStarter(spec);
    },
    endAll: () => endAll(),
  };
}

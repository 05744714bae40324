// A worker that a service manager started: takes what the manager gave it before a module could see it, tells the manager
// of each change of its state, and gives signs of life while its event loop turns.
import type { ListenSocket } from "djob";
import type { DaemonState } from "../../control/messages.ts";
import { listenVariable } from "../descriptors.ts";
import type { Environment } from "../environment.ts";
import { takeVariable } from "../take-variable.ts";
import { handOver, type Inherited, inheritedSockets, socketsForModules } from "./activation.ts";
import { type ServiceManager, serviceManager, watchdogIntervalMs } from "./notify.ts";

export interface Service {
  /** As they were handed over. */
  readonly listening: readonly Inherited[];
  readonly sockets: readonly ListenSocket[];
  stateChanged(state: DaemonState, jobs: number): void;
  failed(why: string): void;
  /** Prepares an execve of this process. @returns what its environment must hold besides */
  handOver(): Environment;
}

/** Meant for this process alone: a child that had them could speak in its name. */
const variables = [
  "NOTIFY_SOCKET",
  "WATCHDOG_USEC",
  "WATCHDOG_PID",
  "LISTEN_FDS",
  "LISTEN_FDNAMES",
  "LISTEN_PID",
  "LISTEN_PIDFDID",
];

const extensionUsec = 15_000_000;
const extensionIntervalMs = 5_000;

/** To be called once, before the environment is read. In the background a service's variables are somebody's own. */
export function takeService(foreground: boolean): Service {
  const listening = inheritedSockets(takeVariable(listenVariable));
  const taken: Record<string, string> = {};
  for (const name of foreground ? variables : []) {
    const value = takeVariable(name);
    if (value !== undefined) taken[name] = value;
  }
  const manager = serviceManager(taken);
  const told = manager === null ? {} : { ...observe(manager, watchdogIntervalMs(taken, process.pid)) };
  return {
    listening,
    get sockets() {
      return socketsForModules(listening);
    },
    stateChanged: () => {},
    failed: () => {},
    ...told,
    handOver: () => ({ ...taken, ...handOver(listening) }),
  };
}

function observe(
  manager: ServiceManager,
  watchdogMs: number | null,
): Pick<Service, "stateChanged" | "failed"> {
  if (watchdogMs !== null) {
    manager.watchdog();
    // A plain timer: a loop that does not turn gives no sign. Unreferenced: it must not keep the loop alive.
    setInterval(() => manager.watchdog(), watchdogMs).unref();
  }
  const extend = () => manager.extendTimeout(extensionUsec);
  extend();
  // The worker itself ends what takes longer than --ready-timeout.
  const loading = setInterval(extend, extensionIntervalMs).unref();
  return {
    stateChanged(state, jobs) {
      clearInterval(loading);
      if (state === "running")
        manager.ready(process.pid, `running, ${jobs === 1 ? "1 job" : `${jobs} jobs`}`);
      else if (state === "reloading") manager.reloading("reloading");
      else if (state === "stopping" || state === "stopped") manager.stopping(state);
      else if (state === "failed") manager.status(state);
    },
    failed: (why) => manager.status(`failed: ${why}`),
  };
}

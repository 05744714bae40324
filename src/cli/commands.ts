// The commands, in the order in which help lists them. Each is loaded only when it is called.
import type { Command } from "./command.ts";

export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import("./commands/run.ts")).run,
  stop: async () => (await import("./commands/stop.ts")).stop,
  restart: async () => (await import("./commands/restart.ts")).restart,
  reload: async () => (await import("./commands/reload.ts")).reload,
  upgrade: async () => (await import("./commands/upgrade.ts")).upgrade,
  signal: async () => (await import("./commands/signal.ts")).signal,
  status: async () => (await import("./commands/status.ts")).status,
  list: async () => (await import("./commands/list.ts")).list,
  jobs: async () => (await import("./commands/jobs.ts")).jobs,
  runs: async () => (await import("./commands/runs.ts")).runs,
  why: async () => (await import("./commands/why.ts")).why,
  trigger: async () => (await import("./commands/trigger.ts")).trigger,
  cancel: async () => (await import("./commands/cancel.ts")).cancel,
  pause: async () => (await import("./commands/pause.ts")).pause,
  resume: async () => (await import("./commands/resume.ts")).resume,
  logs: async () => (await import("./commands/logs.ts")).logs,
  check: async () => (await import("./commands/check.ts")).check,
  next: async () => (await import("./commands/next.ts")).next,
  simulate: async () => (await import("./commands/simulate.ts")).simulate,
  install: async () => (await import("./commands/install.ts")).install,
  uninstall: async () => (await import("./commands/uninstall.ts")).uninstall,
  types: async () => (await import("./commands/types.ts")).types,
  version: async () => (await import("./commands/version.ts")).version,
};

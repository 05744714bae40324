// Which process am I? Hands over to the launcher's commands, the session leader, the supervisor or the worker, each of which loads only
// what it needs. Holds the only process.exit.

import { stageVariable, titlePrefix } from "./daemon/descriptors.ts";
import { brokenSetting, brokenSettingHint } from "./daemon/environment.ts";
import { exitCode } from "./exit-code.ts";

const exit = (code: number): never => process.exit(code);

// A Web Worker of a module hands djob's variable down to its children, which may be a djob that somebody calls.
const given = process.argv0.startsWith(titlePrefix) ? process.env[stageVariable] : undefined;
// A thread of djob's own begins with this file, a Web Worker of a module loads it first.
const threadStage = Bun.main === import.meta.path ? "thread" : "module-thread";
const stage = Bun.isMainThread ? given : threadStage;

// A thread has what its process was started with, whatever a module has made of the variable since.
const broken = Bun.isMainThread ? brokenSetting(process.env) : null;
if (broken !== null) {
  console.error(`djob: cannot run with ${broken} in the environment\nhint: ${brokenSettingHint}`);
  exit(exitCode.usage);
}

switch (stage) {
  case "thread": {
    const { liveInThread } = await import("./daemon/isolated/thread-stage.ts");
    liveInThread(exit);
    break;
  }
  case "module-thread": {
    const { beginModuleThread } = await import("./daemon/isolated/module-thread-stage.ts");
    beginModuleThread(import.meta.path);
    break;
  }
  case undefined: {
    const { main } = await import("./cli/main.ts");
    exit(await main(process.argv.slice(2)));
    break;
  }
  case "leader-of-worker":
  case "leader-of-supervisor": {
    const { lead } = await import("./daemon/starting/leader.ts");
    exit(await lead(process.env, stage === "leader-of-worker" ? "worker" : "supervisor"));
    break;
  }
  case "supervisor":
  case "lone-supervisor":
  case "resumed-supervisor": {
    const { supervise } = await import("./daemon/supervise/stage.ts");
    supervise(stage, exit);
    break;
  }
  case "worker":
  case "alone":
  case "supervised": {
    const { work } = await import("./daemon/worker.ts");
    // Not awaited: "beforeExit", which tells that nothing is left to do, never comes while the main module waits.
    void work(stage, exit, import.meta.path);
    break;
  }
  case "isolated": {
    const { liveInProcess } = await import("./daemon/isolated/process-stage.ts");
    liveInProcess(exit);
    break;
  }
  case "command": {
    const { becomeCommand } = await import("./daemon/command-stage.ts");
    becomeCommand(exit);
    break;
  }
  case "run": {
    const { becomeRun } = await import("./daemon/run-stage.ts");
    becomeRun(exit);
    break;
  }
  case "check": {
    const { check } = await import("./daemon/trying/check-stage.ts");
    void check(exit);
    break;
  }
  case "once": {
    const { becomeOnce } = await import("./daemon/trying/run-once-stage.ts");
    void becomeOnce(exit, import.meta.path);
    break;
  }
  default:
    console.error(`djob: ${stageVariable} is djob's own variable: unset it`);
    exit(exitCode.usage);
}

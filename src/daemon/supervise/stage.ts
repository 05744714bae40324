// The supervisor's process: holds the lock, the pidfile and the control socket, and hears the signals.
import { readFileSync } from "node:fs";
import { type ControlServer, removeSocket, serveControl } from "../../control/server.ts";
import { closeDescriptor, isTerminal, setCloseOnExec } from "../../libc/files.ts";
import { becomeSubreaper } from "../../libc/process.ts";
import { isBelow } from "../../logs/line.ts";
import { redactValue } from "../../logs/redact.ts";
import { errDescriptor, outDescriptor } from "../../logs/sink.ts";
import { longestTimerMs, systemClock } from "../../runtime/clock.ts";
import { describeFailure } from "../../runtime/failure.ts";
import { lockDescriptor, readinessDescriptor, stageVariable } from "../descriptors.ts";
import { type Environment, withoutSmallHeap } from "../environment.ts";
import { isStillAt, removePidfile, writePid } from "../finding/pidfile.ts";
import { DaemonLog, isEnclosed } from "../log/log.ts";
import { specReport } from "../log/redaction.ts";
import { type Service, takeService } from "../service-manager/service.ts";
import { type Exit, nameProcess, takeSpec } from "../settle.ts";
import type { Spec } from "../spec.ts";
import { leaveDescriptors, type Message, tellIfPossible } from "../starting/readiness.ts";
import { parseSchedule, usualSchedule } from "../stopping/stop-schedule.ts";
import { takeVariable } from "../take-variable.ts";
import { restoreTerminalSignals } from "../terminal-signals.ts";
import { writeFailure } from "./failure-file.ts";
import type { SupervisorPort } from "./port.ts";
import { readRawLines } from "./raw-lines.ts";
import { SignalIntake } from "./signal-intake.ts";
import { becomeSuccessor, recall, type SupervisorMemory } from "./successor.ts";
import { Supervisor } from "./supervisor.ts";
import { describeEdition, ownEdition, Upgrade } from "./upgrade.ts";

/** How long an answer may take to leave the control socket. */
const answerGraceMs = 200;

/** @param stage a "supervisor" has a launcher that waits for it at the other end of the readiness pipe */
export function supervise(stage: "supervisor" | "lone-supervisor" | "resumed-supervisor", exit: Exit): void {
  const waitedFor = stage === "supervisor";
  const spec = takeSpec();
  const memory = stage === "resumed-supervisor" ? recall() : null;
  setCloseOnExec(lockDescriptor, true);
  if (waitedFor) setCloseOnExec(readinessDescriptor, true);
  if (!spec.foreground) {
    process.chdir("/");
    restoreTerminalSignals();
  }
  if (spec.umask !== null) process.umask(spec.umask);
  nameProcess();
  becomeSubreaper(true);
  const service = takeService(spec.foreground);
  const environment = takeEnvironment();
  let control: ControlServer | null = null;
  /** Whoever waits for an answer gets it first. */
  const whenAnswered = (call: () => void) => {
    const deadlineMs = performance.now() + answerGraceMs;
    const look = () => {
      if (control === null || control.pending === 0 || performance.now() >= deadlineMs) call();
      else setTimeout(look, 1);
    };
    // Whoever waits for the answer gets it in the next turn.
    setImmediate(look);
  };
  const intake = new SignalIntake();
  const upgrade = new Upgrade({
    memory: () => ({ ...supervisor.memory, startedAtMs: port.startedAtMs, upgrades: port.upgrades, rawEnds }),
    signals: intake,
    become: (executable, remember) =>
      becomeSuccessor(executable, spec, { ...environment, ...service.handOver() }, remember),
    whenAnswered,
    log: (level, message) => port.log(level, message),
  });
  const port = portFor(spec, environment, waitedFor, service, memory, {
    end: (code) => whenAnswered(() => exit(code)),
    otherEnded: (ended) => upgrade.otherEnded(ended),
    handLogIn: () => port.handLogIn(supervisor.workers.values()),
  });
  const rawEnds =
    spec.log.target.type === "syslog" ? readRawLines(memory?.rawEnds ?? null, port.rawLine) : null;
  const supervisor = new Supervisor(spec, environment, port);
  listenToSignals(spec, supervisor, port);
  // Signals alone hold no event loop, and there are moments without a worker.
  setInterval(() => {}, longestTimerMs);
  if (memory === null) {
    writePid(lockDescriptor, process.pid);
    // The worker loads while this process goes on.
    supervisor.start();
  } else {
    supervisor.resume(memory);
    port.log(
      "info",
      `upgraded from djob ${describeEdition(memory.before)} to ${describeEdition(ownEdition)}`,
    );
  }
  intake.begin();
  control = serveControl(spec.paths.socket, {
    status: async () => port.redacted(await supervisor.status()),
    spec: (withSecrets) => specReport(spec, environment, withSecrets),
    stop: (timeoutMs, schedule) => {
      if (schedule !== null) return supervisor.stop(parseSchedule(schedule));
      const [first] = spec.stopSchedule;
      return supervisor.stop(
        timeoutMs === null ? null : usualSchedule(first?.signal ?? "SIGTERM", timeoutMs),
      );
    },
    reload: () => supervisor.reload(),
    upgrade: () => upgrade.begin(),
    jobs: supervisor.jobs,
  });
}

/** The worker's: what this process was started with, but for djob's own variable. */
function takeEnvironment(): Environment {
  takeVariable(stageVariable);
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) if (value !== undefined) environment[name] = value;
  return withoutSmallHeap(environment);
}

function listenToSignals(spec: Spec, supervisor: Supervisor, port: SupervisorPort): void {
  const stopsOnHangUp = spec.foreground && [0, 1, 2].some(isTerminal);
  process.on("SIGCHLD", () => supervisor.reap());
  process.on("SIGTERM", () => supervisor.terminate("SIGTERM"));
  process.on("SIGINT", () => supervisor.terminate("SIGINT"));
  process.on("SIGHUP", () => (stopsOnHangUp ? supervisor.terminate("SIGHUP") : supervisor.hangUp()));
  process.on("SIGUSR1", () => {
    try {
      port.reopenLogs();
    } catch (error) {
      port.log("error", `writing on to the old log: ${error instanceof Error ? error.message : error}`);
    }
    supervisor.handOn("SIGUSR1");
  });
  process.on("SIGUSR2", () => {
    port.log("info", `supervisor: ${JSON.stringify(supervisor.memory.state)}`);
    supervisor.handOn("SIGUSR2");
    void supervisor.status().then(({ responsive, workerPid }) => {
      if (!responsive)
        port.log("warn", `the worker (pid ${workerPid}) does not answer: something blocks its event loop`);
    });
  });
}

function portFor(
  spec: Spec,
  environment: Environment,
  waitedFor: boolean,
  service: Service,
  memory: SupervisorMemory | null,
  { handLogIn, ...calls }: Pick<SupervisorPort, "end" | "otherEnded"> & { handLogIn(): void },
): SupervisorPort {
  const { name, paths } = spec;
  let kills = countOutOfMemoryKills();
  const daemonLog = new DaemonLog(spec, false, environment, {
    now: systemClock.now,
    stateChanged() {},
    fileChanged() {},
    fileTaken() {
      if (isEnclosed(spec)) handLogIn();
    },
  });
  const write: SupervisorPort["log"] = (level, message) =>
    daemonLog.output.write({ timeMs: systemClock.now(), level, job: null, message });
  const log: SupervisorPort["log"] = (level, message) => {
    if (!isBelow(level, spec.log.level)) write(level, message);
  };
  // Inside another root directory nobody can look at the path.
  const handedIn = isEnclosed(spec) ? [outDescriptor, errDescriptor] : [];
  const tellOfLog: SupervisorPort["handLogIn"] = (workers) => {
    for (const worker of workers) worker.tell({ type: "lookAtLog" }, handedIn);
  };
  daemonLog.begin();
  return {
    startedAtMs: memory?.startedAtMs ?? systemClock.now(),
    upgrades: memory === null ? 0 : memory.upgrades + 1,
    listening: service.listening,
    chance: systemClock.random,
    log,
    rawLine: write,
    redacted(status) {
      const { redact } = daemonLog;
      if (redact === null) return status;
      const { lastExit, reason, command } = status;
      return { ...status, ...(redactValue({ lastExit, reason, command }, redact) as typeof status) };
    },
    logState() {
      // It writes little, and would not notice for long that all is well again.
      if (daemonLog.state.state === "degraded") daemonLog.look();
      return daemonLog.state;
    },
    lookAtLog(workers) {
      daemonLog.look();
      tellOfLog(workers);
    },
    handLogIn: tellOfLog,
    reopenLogs: () => daemonLog.reopen(),
    ready(jobs) {
      if (!waitedFor) return true;
      const told = tellIfPossible(readinessDescriptor, { type: "ready", pid: process.pid, jobs });
      closeDescriptor(readinessDescriptor);
      return told;
    },
    failed(failure, broken, { exitCode, signal }) {
      const message: Message =
        failure !== null
          ? { type: "failed", failure }
          : broken !== null
            ? { type: "broken", message: broken, hint: leaveDescriptors }
            : { type: "ended", exitCode, signal };
      if (waitedFor && tellIfPossible(readinessDescriptor, message)) return;
      const how = broken ?? `its worker ended: ${signal ?? `exit code ${exitCode}`}`;
      log("error", `cannot start ${name}: ${failure === null ? how : describeFailure(failure)}`);
    },
    phaseChanged({ phase, reason }, jobs) {
      service.stateChanged(phase, jobs);
      if (reason !== null) service.failed(reason);
    },
    outOfMemory() {
      const before = kills;
      kills = countOutOfMemoryKills();
      return kills > before;
    },
    describe(failure, text) {
      if (failure === null) return { failure: text, hint: null };
      return { failure: describeFailure({ ...failure, hint: null }), hint: failure.hint };
    },
    removeFiles(state) {
      if (!isStillAt(paths.pidfile, lockDescriptor)) return;
      removeSocket(paths.socket);
      if (state.phase === "failed" && state.everReady && !spec.foreground) writeFailure(paths, state, log);
      else removePidfile(paths.pidfile, lockDescriptor);
    },
    ...calls,
  };
}

/** proc_vmstat(5), since Linux 4.13. */
function countOutOfMemoryKills(): number {
  try {
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync("/proc/vmstat", "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

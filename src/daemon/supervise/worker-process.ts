// One worker as its supervisor sees it: its process, the channel to it, and how it is being ended.
import { closeDescriptor, socketPair } from "../../libc/files.ts";
import { sendSignal, sendSignalToGroup } from "../../libc/signals.ts";
import { spawn } from "../../libc/spawn.ts";
import { allWell, type LogState } from "../../logs/trouble.ts";
import type { FromWorker, ToWorker } from "../../runtime/link.ts";
import {
  firstFreeDescriptor,
  listenVariable,
  lockDescriptor,
  readinessDescriptor,
  specDescriptor,
  supervisorVariable,
} from "../descriptors.ts";
import type { Environment } from "../environment.ts";
import { errorCode } from "../error.ts";
import { heardSignals } from "../heard-signals.ts";
import { ownerOf } from "../privileges/privileges.ts";
import { encodeSockets, type Inherited } from "../service-manager/activation.ts";
import { encodeSpec, type Spec } from "../spec.ts";
import { ownExecutable, processTitle, stageEnvironment } from "../stage.ts";
import { pipeWith } from "../starting/become.ts";
import { Channel, type ChannelListeners, type InTransit, nothingInTransit } from "./channel.ts";
import { type ReadinessWatch, readinessOf } from "./command-readiness.ts";
import { heard } from "./heard.ts";

const shownCharacters = 100;

/** What the successor of a supervisor has to know of a worker. */
export interface WorkerHandover {
  readonly generation: number;
  readonly pid: number;
  readonly isCommand: boolean;
  readonly why: string | null;
  readonly children: readonly number[];
  /** The supervisor's end of the channel; null: it is closed. */
  readonly descriptor: number | null;
  readonly inTransit: InTransit;
  /** When it is to be killed; null: it is not being ended. */
  readonly killInMs: number | null;
}

export class WorkerProcess {
  readonly generation: number;
  readonly pid: number;
  /** Whether it is any program, and has no channel. */
  readonly isCommand: boolean;
  /** null: it was closed before this supervisor's time. */
  readonly #channel: Channel | null;
  /** Its own last words, or what was done to it: why it ends. */
  why: string | null = null;
  isReady = false;
  /** What waits for a program to be ready; null for modules, whose worker says so itself. */
  readonly readiness: ReadinessWatch | null;
  /** What it says of its log. */
  logState: LogState = allWell;
  /** Called for a signal that it may not be sent: the program has become another user, as sudo does. */
  denied: (signal: string) => void = () => {};
  /** What it says that it leaves. */
  children: readonly number[] = [];
  /** Deadlines: loading, a stop's steps. */
  #timer: Timer | undefined;
  #deadlineMs: number | null = null;
  readonly #forLater = new Set<string>();
  #closedTimer: Timer | undefined;

  constructor(
    generation: number,
    pid: number,
    isCommand: boolean,
    channel: Channel | null,
    readiness: ReadinessWatch | null,
  ) {
    this.generation = generation;
    this.pid = pid;
    this.isCommand = isCommand;
    this.#channel = channel;
    this.readiness = readiness;
  }

  listen(listeners: ChannelListeners<FromWorker>): void {
    this.#channel?.listen<unknown>({
      ...listeners,
      message(value) {
        const message = heard(value);
        if (message !== null) listeners.message(message);
        else listeners.garbage(JSON.stringify(value).slice(0, shownCharacters));
      },
    });
  }

  /** Calls back if it still lives then. */
  whenClosed(delayMs: number, call: () => void): void {
    this.#closedTimer = setTimeout(call, delayMs);
  }

  /** It has been reaped: its last words. */
  hearLast(): void {
    this.#channel?.end();
  }

  tell(message: ToWorker, files: readonly number[] = []): void {
    this.#channel?.send(message, files);
  }

  /** In place of what was waited for before. */
  after(delayMs: number, call: () => void): void {
    clearTimeout(this.#timer);
    this.#deadlineMs = performance.now() + delayMs;
    this.#timer = setTimeout(call, delayMs);
  }

  forget(): void {
    this.readiness?.end();
    this.#deadlineMs = null;
    clearTimeout(this.#timer);
    clearTimeout(this.#closedTimer);
  }

  /** It is ready, and listens to signals. */
  settle(): void {
    this.forget();
    this.isReady = true;
    for (const signal of this.#forLater) this.signal(signal);
    this.#forLater.clear();
  }

  /** A signal that a process must listen to, or it ends by it. */
  handOn(signal: string): void {
    if (this.isReady) this.signal(signal);
    else this.#forLater.add(signal);
  }

  handOver(): WorkerHandover {
    const { generation, pid, isCommand, why, children } = this;
    const channel = this.#channel?.isOpen ? this.#channel : null;
    return {
      generation,
      pid,
      isCommand,
      why,
      children,
      descriptor: channel?.descriptor ?? null,
      inTransit: channel?.inTransit ?? nothingInTransit,
      killInMs: this.#deadlineMs === null ? null : Math.max(0, this.#deadlineMs - performance.now()),
    };
  }

  /** It has not been reaped: the number is its own. */
  signal(name: string, wholeGroup = false): void {
    try {
      if (wholeGroup) sendSignalToGroup(this.pid, name);
      else sendSignal(this.pid, name);
    } catch (error) {
      const code = errorCode(error);
      if (code === "EPERM") this.denied(name);
      else if (code !== "ESRCH") throw error;
    }
  }
}

/** One that another executable has started in this very process. */
export function resumeWorker(handover: WorkerHandover): WorkerProcess {
  const { generation, pid, isCommand, why, children, descriptor, inTransit, killInMs } = handover;
  const channel = descriptor === null ? null : new Channel(descriptor, inTransit);
  const worker = new WorkerProcess(generation, pid, isCommand, channel, null);
  worker.why = why;
  worker.children = children;
  worker.settle();
  if (killInMs !== null) worker.after(killInMs, () => worker.signal("SIGKILL"));
  return worker;
}

/** @throws {SystemError} if no process can be started, or nothing can wait for it to be ready; then nothing of it is left open */
export function startWorker(
  generation: number,
  spec: Spec,
  environment: Environment,
  listening: readonly Inherited[],
): WorkerProcess {
  const readiness = readinessOf(spec);
  try {
    const [pid, channel] = spawnWorker(spec, { ...environment, ...readiness?.environment }, listening);
    return new WorkerProcess(generation, pid, spec.command !== null, channel, readiness);
  } catch (error) {
    readiness?.end();
    throw error;
  }
}

function spawnWorker(
  spec: Spec,
  environment: Environment,
  listening: readonly Inherited[],
): [pid: number, channel: Channel] {
  // Who is no longer root could let go of the lock, or write another's pid.
  const inherited = ownerOf(spec.privileges) === null ? [0, 1, 2, lockDescriptor] : [0, 1, 2];
  const specEnd = pipeWith(encodeSpec(spec));
  const opened = [specEnd];
  try {
    const [own, theirs] = socketPair();
    opened.push(theirs);
    try {
      const pid = spawn({
        path: ownExecutable(),
        argv: [processTitle(spec)],
        environment: {
          ...stageEnvironment(spec.command === null ? "supervised" : "command", environment),
          [supervisorVariable]: String(process.pid),
          ...(listening.length === 0 ? {} : { [listenVariable]: encodeSockets(listening) }),
        },
        descriptors: [
          ...inherited.map((descriptor) => ({ from: descriptor, to: descriptor })),
          ...listening.map(({ descriptor }) => ({ from: descriptor, to: descriptor })),
          { from: theirs, to: readinessDescriptor },
          { from: specEnd, to: specDescriptor },
        ],
        ...groupOf(spec),
        defaultSignals: { allBut: ["SIGHUP"] },
        // Any program would never unblock them.
        blockedSignals: spec.command === null ? heardSignals : [],
        closeFrom: firstFreeDescriptor,
      });
      return [pid, new Channel(own)];
    } catch (error) {
      closeDescriptor(own);
      throw error;
    }
  } finally {
    for (const descriptor of opened) closeDescriptor(descriptor);
  }
}

/** Whom a terminal's keys reach, and who may read from it: no other group of its session may (termios(3)). */
function groupOf({ foreground, killMode, privileges }: Spec): {
  readonly newGroup?: boolean;
  readonly newSession?: boolean;
} {
  // Whoever has the terminal for its own may type into it (TIOCSTI), and the shell that reads there next is root's: as with su -c.
  if (foreground && ownerOf(privileges) !== null) return { newSession: true };
  return { newGroup: !foreground || killMode === "group" };
}

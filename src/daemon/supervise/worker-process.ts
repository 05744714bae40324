// One worker as its supervisor sees it: its process, the channel to it, and how it is being ended.
import { closeDescriptor, socketPair } from "../../libc/files.ts";
import { sendSignal, sendSignalToGroup } from "../../libc/signals.ts";
import { spawn } from "../../libc/spawn.ts";
import type { FromWorker, ToWorker } from "../../runtime/link.ts";
import { encodeSockets, type Inherited } from "../activation.ts";
import { pipeWith } from "../become.ts";
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
import { ownerOf } from "../privileges.ts";
import { encodeSpec, type Spec } from "../spec.ts";
import { ownExecutable, processTitle, stageEnvironment } from "../stage.ts";
import { Channel, type ChannelListeners, type InTransit } from "./channel.ts";

/** How long after its end of the channel a process may take to be gone. */
const closedMs = 100;

/** What the successor of a supervisor has to know of a worker. */
export interface WorkerHandover {
  readonly generation: number;
  readonly pid: number;
  readonly why: string | null;
  /** The supervisor's end of the channel. */
  readonly descriptor: number;
  readonly inTransit: InTransit;
  /** When it is to be killed; null: it is not being ended. */
  readonly killInMs: number | null;
}

export class WorkerProcess {
  readonly generation: number;
  readonly pid: number;
  readonly #channel: Channel;
  /** Its own last words, or what was done to it: why it ends. */
  why: string | null = null;
  /** Deadlines: loading, a stop's steps. */
  #timer: Timer | undefined;
  #deadlineMs: number | null = null;
  #isSettled = false;
  readonly #forLater = new Set<string>();
  #closedTimer: Timer | undefined;

  constructor(generation: number, pid: number, channel: Channel) {
    this.generation = generation;
    this.pid = pid;
    this.#channel = channel;
  }

  /** @param broken called when it can't be heard any more, with the reason */
  listen(receive: (message: FromWorker) => void, broken: (why: string) => void): void {
    const listeners: ChannelListeners<FromWorker> = {
      message: receive,
      garbage: (line) => broken(`something else than djob wrote to descriptor 4: ${line}`),
      closed: () => {
        // As a rule it is the process that has ended, which SIGCHLD tells.
        const why = "it closed descriptor 4, through which djob tells that it is ready";
        this.#closedTimer = setTimeout(() => broken(why), closedMs);
      },
    };
    this.#channel.listen(listeners, true);
  }

  tell(message: ToWorker): void {
    this.#channel.send(message);
  }

  /** In place of what was waited for before. */
  after(delayMs: number, call: () => void): void {
    clearTimeout(this.#timer);
    this.#deadlineMs = performance.now() + delayMs;
    this.#timer = setTimeout(call, delayMs);
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.#deadlineMs = null;
    clearTimeout(this.#closedTimer);
  }

  /** It is ready, and listens to signals. */
  settle(): void {
    this.forget();
    this.#isSettled = true;
    for (const signal of this.#forLater) this.signal(signal);
    this.#forLater.clear();
  }

  /** A signal that a process must listen to, or it ends by it. */
  handOn(signal: string): void {
    if (this.#isSettled) this.signal(signal);
    else this.#forLater.add(signal);
  }

  handOver(): WorkerHandover {
    const { generation, pid, why } = this;
    const { descriptor, inTransit } = this.#channel;
    const killInMs = this.#deadlineMs === null ? null : Math.max(0, this.#deadlineMs - performance.now());
    return { generation, pid, why, descriptor, inTransit, killInMs };
  }

  /** It has not been reaped: the number is its own. */
  signal(name: string, wholeGroup = false): void {
    try {
      if (wholeGroup) sendSignalToGroup(this.pid, name);
      else sendSignal(this.pid, name);
    } catch (error) {
      if (errorCode(error) !== "ESRCH") throw error;
    }
  }
}

/** One that another executable has started in this very process. */
export function resumeWorker(handover: WorkerHandover): WorkerProcess {
  const { generation, pid, why, descriptor, inTransit, killInMs } = handover;
  const worker = new WorkerProcess(generation, pid, new Channel(descriptor, inTransit));
  worker.why = why;
  worker.settle();
  if (killInMs !== null) worker.after(killInMs, () => worker.signal("SIGKILL"));
  return worker;
}

/** @throws {SystemError} if no process can be started */
export function startWorker(
  generation: number,
  spec: Spec,
  environment: Environment,
  listening: readonly Inherited[],
): WorkerProcess {
  // Who is no longer root could let go of the lock, or write another's pid.
  const inherited = ownerOf(spec.privileges) === null ? [0, 1, 2, lockDescriptor] : [0, 1, 2];
  const [own, theirs] = socketPair();
  const specEnd = pipeWith(encodeSpec(spec));
  try {
    const pid = spawn({
      path: ownExecutable(),
      argv: [processTitle(spec)],
      environment: {
        ...stageEnvironment("supervised", environment),
        [supervisorVariable]: String(process.pid),
        ...(listening.length === 0 ? {} : { [listenVariable]: encodeSockets(listening) }),
      },
      descriptors: [
        ...inherited.map((descriptor) => ({ from: descriptor, to: descriptor })),
        ...listening.map(({ descriptor }) => ({ from: descriptor, to: descriptor })),
        { from: theirs, to: readinessDescriptor },
        { from: specEnd, to: specDescriptor },
      ],
      // On a terminal, keys reach all of it, and the worker may read: no other group may (termios(3)).
      newGroup: !spec.foreground || spec.killMode === "group",
      defaultSignals: { allBut: ["SIGHUP"] },
      emptySignalMask: true,
      closeFrom: firstFreeDescriptor,
    });
    return new WorkerProcess(generation, pid, new Channel(own));
  } catch (error) {
    closeDescriptor(own);
    throw error;
  } finally {
    closeDescriptor(theirs);
    closeDescriptor(specEnd);
  }
}

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
import { Channel, type ChannelListeners } from "./channel.ts";

export class WorkerProcess {
  readonly generation: number;
  readonly pid: number;
  readonly #channel: Channel;
  /** Its own last words, or what was done to it: why it ends. */
  why: string | null = null;
  /** What it says that it leaves. */
  children: readonly number[] = [];
  /** Deadlines: loading, a stop's steps. */
  #timer: Timer | undefined;
  #closedTimer: Timer | undefined;
  #listeners: ChannelListeners<FromWorker> | null = null;

  constructor(generation: number, pid: number, channel: Channel) {
    this.generation = generation;
    this.pid = pid;
    this.#channel = channel;
  }

  listen(listeners: ChannelListeners<FromWorker>): void {
    this.#listeners = listeners;
    this.#channel.listen(listeners, true);
  }

  /** It has ended: hears what it has still said. */
  hearOut(): void {
    if (this.#listeners !== null) this.#channel.drain(this.#listeners);
  }

  /** Calls back if it still lives then. */
  whenClosed(delayMs: number, call: () => void): void {
    this.#closedTimer = setTimeout(call, delayMs);
  }

  tell(message: ToWorker): void {
    this.#channel.send(message);
  }

  /** In place of what was waited for before. */
  after(delayMs: number, call: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(call, delayMs);
  }

  forget(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#closedTimer);
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
      newGroup: true,
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

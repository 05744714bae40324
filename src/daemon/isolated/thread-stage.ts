// A thread of the worker that runs isolated jobs: what it shares with its process, and the host that lives in it.
import { readlinkSync } from "node:fs";
import { handDownProcessEnvironment } from "../../runtime/child-environment.ts";
import { Host } from "../../runtime/isolate/host.ts";
import { highCharacters, lowCharacters, type ThreadHello } from "../../runtime/isolate/thread.ts";
import { quietCollector } from "../environment.ts";
import type { Exit } from "../settle.ts";

/** Between two looks at whether the thread has been told to end. */
const waitMs = 50;

export function liveInThread(exit: Exit): void {
  const [name] = quietCollector;
  delete process.env[name];
  handDownProcessEnvironment(Bun.main);
  const { port1: port, port2: theirs } = new MessageChannel();
  const flow = new SharedArrayBuffer(4);
  const counter = new Int32Array(flow);
  const host = new Host({
    send(message) {
      const text = JSON.stringify(message);
      if (Atomics.load(counter, 0) > highCharacters) waitForRoom(counter);
      Atomics.add(counter, 0, text.length);
      port.postMessage(text);
    },
    listen(receive) {
      port.onmessage = ({ data }) => receive(JSON.parse(data));
    },
    limitCpu: null,
    isLoopEmpty: () => isLoopEmpty(port as unknown as Referenced),
    hasOwnOutput: false,
    exit,
  });
  host.start();
  const hello: ThreadHello = { port: theirs, threadId: kernelThread(), flow };
  (postMessage as (message: unknown, transfer: unknown[]) => void)(hello, [theirs]);
}

function waitForRoom(counter: Int32Array<SharedArrayBuffer>): void {
  for (let sent = Atomics.load(counter, 0); sent > lowCharacters; sent = Atomics.load(counter, 0))
    Atomics.wait(counter, 0, sent, waitMs);
}

interface Referenced {
  ref(): void;
  unref(): void;
}

/** An unreferenced immediate comes only if something else keeps the loop alive; otherwise "beforeExit" comes first. */
function isLoopEmpty(port: Referenced): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (isEmpty: boolean) => {
      port.ref();
      process.off("beforeExit", empty);
      clearImmediate(immediate);
      resolve(isEmpty);
    };
    const empty = () => settle(true);
    const immediate = setImmediate(() => settle(false));
    immediate.unref();
    process.once("beforeExit", empty);
    port.unref();
  });
}

function kernelThread(): number | null {
  try {
    const id = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
    return Number.isSafeInteger(id) && id > 0 ? id : null;
  } catch {
    return null;
  }
}

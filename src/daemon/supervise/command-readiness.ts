// When a supervised program is ready: it has been alive for a while, says so, writes a line, or listens on its port.
// Looks again every few milliseconds, and only until then.
import { unlinkSync } from "node:fs";
import { closeDescriptor } from "../../libc/files.ts";
import { bindDatagramSocket, receiveDatagram } from "../../libc/sockets.ts";
import { outDescriptor } from "../../logs/sink.ts";
import { readSince } from "../../logs/written-since.ts";
import { LineSplitter } from "../../runtime/command/lines.ts";
import type { ReadyRule } from "../command.ts";
import { sizeOf } from "../log/log-files.ts";
import { ownerOf } from "../privileges/privileges.ts";
import type { Spec } from "../spec.ts";

export interface ReadinessWatch {
  /** What the program's environment holds besides. */
  readonly environment: Readonly<Record<string, string>>;
  /** Calls back once when the program is ready. @param logStart how long the log was before its start */
  begin(ready: () => void): void;
  end(): void;
}

const pollMs = 10;

/** @returns null for modules, whose worker says itself when it is ready */
export function readinessOf(spec: Spec): ReadinessWatch | null {
  const { command, paths } = spec;
  if (command === null) return null;
  return watchReadiness(spec, command.ready, paths.log === null ? 0 : sizeOf(outDescriptor));
}

function watchReadiness(spec: Spec, rule: ReadyRule, logStart: number): ReadinessWatch {
  switch (rule.type) {
    case "alive":
      return alive(rule.forMs);
    case "line":
      return polling(lineIn(spec.paths.log ?? "", logStart, new RegExp(rule.pattern)));
    case "port":
      return polling(() => accepts(rule.host, rule.port));
    case "notify":
      return notified(notifyAddress(spec));
  }
}

function alive(forMs: number): ReadinessWatch {
  let timer: Timer | undefined;
  return {
    environment: {},
    begin(ready) {
      if (forMs === 0) ready();
      else timer = setTimeout(ready, forMs);
    },
    end: () => clearTimeout(timer),
  };
}

function polling(isReady: () => boolean | Promise<boolean>): ReadinessWatch {
  let timer: Timer | undefined;
  let ended = false;
  const look = async (ready: () => void) => {
    const found = await isReady();
    if (ended) return;
    if (found) ready();
    else timer = setTimeout(() => void look(ready), pollMs);
  };
  return {
    environment: {},
    begin: (ready) => void look(ready),
    end() {
      ended = true;
      clearTimeout(timer);
    },
  };
}

/** @returns whether a whole line has come that matches; each look goes on where the one before has ended */
function lineIn(log: string, start: number, pattern: RegExp): () => boolean {
  let at = start;
  let found = false;
  const lines = new LineSplitter((line) => {
    found ||= pattern.test(line);
  });
  return () => {
    at = readSince(log, at, (block) => lines.push(block));
    return found;
  };
}

/** Whether somebody accepts connections there. */
export async function accepts(hostname: string, port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname, port, socket: { data() {} } });
    socket.end();
    return true;
  } catch {
    return false;
  }
}

function notified(address: string): ReadinessWatch {
  const remove = () => {
    if (!address.startsWith("@")) unlinkIfThere(address);
  };
  remove();
  const descriptor = bindDatagramSocket(address);
  let isOpen = true;
  const watch = polling(() => {
    for (let text = receiveDatagram(descriptor); text !== null; text = receiveDatagram(descriptor))
      if (text.split("\n").includes("READY=1")) return true;
    return false;
  });
  return {
    environment: { NOTIFY_SOCKET: address },
    begin: watch.begin,
    end() {
      watch.end();
      if (!isOpen) return;
      isOpen = false;
      // What the program says later nobody reads: it is not to wait for a queue that is full.
      closeDescriptor(descriptor);
      remove();
    },
  };
}

/**
 * A file beside the control socket. Who is no longer root does not get there, and is given an abstract name that can't be
 * guessed; others can see it in /proc/net/unix, and could say READY=1, but nothing else.
 */
function notifyAddress({ paths, privileges }: Spec): string {
  const isConfined = ownerOf(privileges) !== null || (privileges?.chroot ?? null) !== null;
  return isConfined ? `@djob-${crypto.randomUUID()}` : paths.socket.replace(/\.sock$/, ".notify");
}

function unlinkIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is gone already.
  }
}

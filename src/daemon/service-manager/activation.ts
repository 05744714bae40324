// Socket activation, as sd_listen_fds(3) says: the sockets that a service manager has opened for this process come as
// descriptors 3, 4, 5 …, where djob has its own. The launcher moves them up, and one variable of djob's tells the worker
// where they are, also the one after a reload in place.
import type { ListenSocket } from "djob";
import { closeDescriptor, duplicateAbove, setCloseOnExec } from "../../libc/files.ts";
import { describeSocket } from "../../libc/sockets.ts";
import { listenVariable } from "../descriptors.ts";
import type { Environment } from "../environment.ts";

/** One that was handed over. */
export interface Inherited {
  readonly descriptor: number;
  readonly name: string;
}

const firstListenDescriptor = 3;
/** Above all of djob's own. */
const firstMovedDescriptor = 10;
const unnamed = "unknown";
const listenVariables = ["LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID", "LISTEN_PIDFDID"];

/** Pure: what the variables say; nothing if they are meant for another process. */
export function listenDescriptors(environment: Environment, pid: number): Inherited[] {
  const { LISTEN_PID, LISTEN_FDS = "", LISTEN_FDNAMES } = environment;
  if (LISTEN_PID !== String(pid) || !/^\d{1,4}$/.test(LISTEN_FDS)) return [];
  const names = LISTEN_FDNAMES?.split(":") ?? [];
  return Array.from({ length: Number(LISTEN_FDS) }, (_, index) => ({
    descriptor: firstListenDescriptor + index,
    name: names[index] || unnamed,
  }));
}

/**
 * Makes room for djob's own descriptors. What is no socket of use is closed.
 * @returns the environment, in which djob's variable has taken the place of the service manager's
 */
export function moveListenSockets(environment: Environment): Environment {
  const moved = listenDescriptors(environment, process.pid).flatMap(({ descriptor, name }) => {
    const kept =
      describeSocket(descriptor) === null ? null : duplicateAbove(descriptor, firstMovedDescriptor);
    closeDescriptor(descriptor);
    return kept === null ? [] : [{ descriptor: kept, name }];
  });
  const rest = Object.entries(environment).filter(([name]) => !listenVariables.includes(name));
  return { ...Object.fromEntries(rest), ...handOver(moved) };
}

/** Lets the next execve keep the sockets. @returns the variable that tells where they are */
export function handOver(sockets: readonly Inherited[]): Environment {
  if (sockets.length === 0) return {};
  for (const { descriptor } of sockets) setCloseOnExec(descriptor, false);
  return { [listenVariable]: encodeSockets(sockets) };
}

/** Takes the sockets over in the worker: no child of a module gets them. */
export function inheritedSockets(text: string | undefined): Inherited[] {
  const sockets = decodeSockets(text ?? "");
  for (const { descriptor } of sockets) setCloseOnExec(descriptor, true);
  return sockets;
}

/** What modules see: duplicates, so that one that a module closes is there again after a reload. */
export function socketsForModules(sockets: readonly Inherited[]): ListenSocket[] {
  return sockets.flatMap(({ descriptor, name }) => {
    const description = describeSocket(descriptor);
    if (description === null) return [];
    return [{ fd: duplicateAbove(descriptor, firstMovedDescriptor), name, ...description }];
  });
}

/** A name may hold anything but a colon and control characters (systemd.socket(5)). */
export function encodeSockets(sockets: readonly Inherited[]): string {
  return sockets.map(({ descriptor, name }) => `${descriptor}:${name}`).join(":");
}

export function decodeSockets(text: string): Inherited[] {
  const parts = text === "" ? [] : text.split(":");
  return parts.flatMap((part, index) =>
    index % 2 === 0 ? [{ descriptor: Number(part), name: parts[index + 1] ?? unnamed }] : [],
  );
}

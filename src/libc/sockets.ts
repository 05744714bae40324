// Unix datagrams, as sd_notify(3) sends them, and what an inherited socket is. All functions throw SystemError when the
// kernel refuses, and TypeError or RangeError when the argument is a bug of ours. Nothing here ever blocks.
import { checkBoolean, checkDescriptor, checkFilledText } from "./arguments.ts";
import { errnoNumbers, SystemError } from "./error.ts";
import { closeDescriptor, setCloseOnExec } from "./files.ts";
import { libc, socketSymbols } from "./library.ts";
import { readAddress, type SocketAddress, unixAddress } from "./socket-address.ts";

/** What an inherited socket is, as getsockname(2) and getsockopt(2) tell it. */
export type SocketDescription = SocketAddress & {
  readonly type: "stream" | "datagram";
  /** Whether connections are accepted from it. */
  readonly listening: boolean;
};

/** Larger than any address that a family of ours has. */
const addressBytes = 128;

/**
 * Sends one datagram from a socket of its own.
 * @param path absolute, or "@" and an abstract name
 * @throws {SystemError} with code EAGAIN if the receiver's queue is full, ENOENT or ECONNREFUSED if there is none
 */
export function sendDatagram(path: string, text: string): void {
  checkFilledText("text", text);
  const address = unixAddress(path);
  const bytes = Buffer.from(text);
  const { table, errno: readErrno } = libc();
  const flags = table.constants.MSG_DONTWAIT | (table.linux?.MSG_NOSIGNAL ?? 0);
  const { sendto } = socketSymbols();
  const descriptor = openDatagramSocket();
  try {
    const result = Number(sendto(descriptor, bytes, bytes.length, flags, address, address.length));
    const errno = readErrno();
    if (result === bytes.length) return;
    throw new SystemError({ syscall: "sendto", errno, action: `send to the socket ${path}`, path });
  } finally {
    closeDescriptor(descriptor);
  }
}

/** A close-on-exec socket that receives. A path becomes a file, which is the caller's to remove. */
export function bindDatagramSocket(path: string): number {
  const address = unixAddress(path);
  const { errno: readErrno } = libc();
  const { bind } = socketSymbols();
  const descriptor = openDatagramSocket();
  const result = bind(descriptor, address, address.length);
  const errno = readErrno();
  if (result === 0) return descriptor;
  closeDescriptor(descriptor);
  throw new SystemError({ syscall: "bind", errno, action: `make the socket ${path}`, path });
}

/** @returns the next datagram, cut off after 64 KiB, or null if none has come yet */
export function receiveDatagram(descriptor: number): string | null {
  checkDescriptor("descriptor", descriptor);
  const buffer = new Uint8Array(new ArrayBuffer(65_536));
  const { table, errno: readErrno } = libc();
  const { recv } = socketSymbols();
  for (;;) {
    const result = Number(recv(descriptor, buffer, buffer.length, table.constants.MSG_DONTWAIT));
    const errno = readErrno();
    if (result >= 0) return Buffer.from(buffer.buffer, 0, result).toString();
    if (errno === errnoNumbers.EAGAIN) return null;
    if (errno === errnoNumbers.EINTR) continue;
    throw new SystemError({ syscall: "recv", errno, action: `receive from descriptor ${descriptor}` });
  }
}

/** @returns null for what is no socket (any more), and for a family or type that djob has no use for */
export function describeSocket(descriptor: number): SocketDescription | null {
  const { SO_ACCEPTCONN, SO_TYPE, SOCK_DGRAM, SOCK_STREAM } = libc().table.constants;
  const bytes = addressOf(descriptor);
  const address = bytes === null ? null : readAddress(bytes);
  if (address === null) return null;
  const type = socketOption(descriptor, SO_TYPE);
  if (type !== SOCK_STREAM && type !== SOCK_DGRAM) return null;
  const isStream = type === SOCK_STREAM;
  const listening = isStream && socketOption(descriptor, SO_ACCEPTCONN) !== 0;
  return { ...address, type: isStream ? "stream" : "datagram", listening };
}

/** fcntl(2), O_NONBLOCK: for the open file description, so for everybody who shares it. */
export function setNonBlocking(descriptor: number, enabled = true): void {
  checkDescriptor("descriptor", descriptor);
  checkBoolean("enabled", enabled);
  const { fcntl, table, errno: readErrno } = libc();
  const { F_GETFL, F_SETFL, O_NONBLOCK } = table.constants;
  const flags = fcntl(descriptor, F_GETFL, 0);
  const wanted = enabled ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  const result = flags === -1 ? -1 : fcntl(descriptor, F_SETFL, wanted);
  const errno = readErrno();
  if (result !== -1) return;
  const action = `make descriptor ${descriptor} ${enabled ? "non-blocking" : "blocking"}`;
  throw new SystemError({ syscall: "fcntl", errno, action });
}

/** A close-on-exec socket that is bound to nothing. */
export function openDatagramSocket(): number {
  return openSocket(libc().table.constants.SOCK_DGRAM);
}

/**
 * A close-on-exec stream, whose reading and writing block.
 * @throws {SystemError} with code ENOENT or ECONNREFUSED if nobody listens there, EPROTOTYPE if it takes datagrams, EAGAIN if too many
 * wait there already for who listens and does not accept them
 */
export function connectStream(path: string): number {
  const address = unixAddress(path);
  const { table, errno: readErrno } = libc();
  const descriptor = openSocket(table.constants.SOCK_STREAM);
  const { connect } = socketSymbols();
  setNonBlocking(descriptor);
  const result = connect(descriptor, address, address.length);
  const errno = readErrno();
  if (result === 0) {
    setNonBlocking(descriptor, false);
    return descriptor;
  }
  closeDescriptor(descriptor);
  throw new SystemError({ syscall: "connect", errno, action: `connect to the socket ${path}`, path });
}

function openSocket(type: number): number {
  const { table, errno: readErrno } = libc();
  const { AF_UNIX } = table.constants;
  const descriptor = socketSymbols().socket(AF_UNIX, type | (table.linux?.SOCK_CLOEXEC ?? 0), 0);
  const errno = readErrno();
  if (descriptor === -1) throw new SystemError({ syscall: "socket", errno, action: "make a socket" });
  if (table.linux === null) setCloseOnExec(descriptor, true);
  return descriptor;
}

function addressOf(descriptor: number): Uint8Array | null {
  checkDescriptor("descriptor", descriptor);
  const bytes = new Uint8Array(new ArrayBuffer(addressBytes));
  const length = Uint32Array.of(addressBytes);
  const { errno: readErrno } = libc();
  const result = socketSymbols().getsockname(descriptor, bytes, length);
  const errno = readErrno();
  if (result === 0) return bytes.subarray(0, Math.min(length[0] ?? 0, addressBytes));
  if (errno === errnoNumbers.ENOTSOCK || errno === errnoNumbers.EBADF) return null;
  const action = `read the address of descriptor ${descriptor}`;
  throw new SystemError({ syscall: "getsockname", errno, action });
}

function socketOption(descriptor: number, option: number): number {
  const { table, errno: readErrno } = libc();
  const value = new Int32Array(1);
  const length = Uint32Array.of(value.byteLength);
  const result = socketSymbols().getsockopt(descriptor, table.constants.SOL_SOCKET, option, value, length);
  const errno = readErrno();
  if (result === 0) return value[0] ?? 0;
  const action = `read an option of the socket ${descriptor}`;
  throw new SystemError({ syscall: "getsockopt", errno, action });
}

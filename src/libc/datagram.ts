// Datagrams of any size to a Unix socket: one that the socket can't hold goes as a sealed memory file whose descriptor is sent in its
// place, as systemd's journal takes it (sd_journal_send(3), the native protocol). Nothing here ever blocks.
import { checkDescriptor } from "./arguments.ts";
import { errnoNumbers } from "./error.ts";
import { closeDescriptor, writeAll } from "./files.ts";
import { libc, optionalSymbol, socketSymbols } from "./library.ts";
import { zeroed } from "./memory.ts";
import { controlWith, MessageHeader, sendMessage } from "./message-header.ts";

/** @returns 0, or why it could not be sent: EAGAIN if the receiver's queue is full, ENOENT or ECONNREFUSED if there is none */
export function sendBytes(descriptor: number, address: Uint8Array, bytes: Uint8Array): number {
  checkDescriptor("descriptor", descriptor);
  const { table, errno: readErrno } = libc();
  const flags = table.constants.MSG_DONTWAIT | (table.linux?.MSG_NOSIGNAL ?? 0);
  const { sendto } = socketSymbols();
  for (;;) {
    const result = Number(sendto(descriptor, bytes, bytes.length, flags, address, address.length));
    const errno = readErrno();
    if (result >= 0) return 0;
    if (errno !== errnoNumbers.EINTR) return errno;
  }
}

/** The same for bytes that are too many for a datagram (EMSGSIZE). Linux only. */
export function sendAsFile(descriptor: number, address: Uint8Array, bytes: Uint8Array): number {
  checkDescriptor("descriptor", descriptor);
  const file = sealedFile(bytes);
  if (file === null) return errnoNumbers.EMSGSIZE;
  try {
    return sendDescriptor(descriptor, address, file);
  } finally {
    closeDescriptor(file);
  }
}

function sealedFile(bytes: Uint8Array): number | null {
  const { table, fcntl } = libc();
  const { linux } = table;
  const create = linux === null ? null : optionalSymbol("memfd_create");
  if (linux === null || create === null) return null;
  const file = create("djob-record", linux.MFD_CLOEXEC | linux.MFD_ALLOW_SEALING);
  if (file === -1) return null;
  const seals = linux["F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE"];
  if (fill(file, bytes) && fcntl(file, linux.F_ADD_SEALS, seals) === 0) return file;
  closeDescriptor(file);
  return null;
}

/** @returns false if there is no memory for it, or the limit on file sizes forbids it */
function fill(file: number, bytes: Uint8Array): boolean {
  try {
    writeAll(file, bytes);
    return true;
  } catch {
    return false;
  }
}

function sendDescriptor(descriptor: number, address: Uint8Array, file: number): number {
  const name = zeroed(address.length);
  new Uint8Array(name.buffer).set(address);
  return sendMessage(descriptor, new MessageHeader({ address: name, control: controlWith([file]) })).errno;
}

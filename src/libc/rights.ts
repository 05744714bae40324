// Bytes and open files that go together from one process to another over a connected Unix socket (SCM_RIGHTS of unix(7)). Nothing here ever
// blocks. Linux only.
import { checkDescriptor } from "./arguments.ts";
import { errnoNumbers, SystemError } from "./error.ts";
import { libc, socketSymbols } from "./library.ts";
import { zeroed } from "./memory.ts";
import { controlFor, controlWith, MessageHeader, sendMessage } from "./message-header.ts";

/** More are not taken at a time. */
const mostFiles = 8;
/** ETOOMANYREFS of unix(7), the same on x64 and arm64: too many are on their way to those who do not take them. */
const tooManyReferences = 109;

/**
 * The files come with the first of the bytes. They stay open here.
 * @returns how many bytes went; 0 if there is no room now, and nothing went
 * @throws {SystemError} with code EPIPE if nobody reads any more
 */
export function sendFiles(descriptor: number, bytes: Uint8Array, files: readonly number[]): number {
  checkDescriptor("descriptor", descriptor);
  for (const file of files) checkDescriptor("file", file);
  const data = zeroed(bytes.length);
  new Uint8Array(data.buffer).set(bytes);
  const header = new MessageHeader({ bytes: data, control: controlWith(files) });
  const { count, errno } = sendMessage(descriptor, header);
  if (errno === 0 || errno === errnoNumbers.EAGAIN || errno === tooManyReferences) return count;
  throw new SystemError({ syscall: "sendmsg", errno, action: `send files over descriptor ${descriptor}` });
}

export interface Received {
  /** 0 at the end; null: there is nothing now. */
  readonly count: number | null;
  /** Close-on-exec, and the caller's to close. */
  readonly files: readonly number[];
}

/** @param bytes where to put what comes */
export function receiveFiles(descriptor: number, bytes: DataView<ArrayBuffer>): Received {
  checkDescriptor("descriptor", descriptor);
  const { table, errno: readErrno } = libc();
  const header = new MessageHeader({ bytes, control: controlFor(mostFiles) });
  const flags = table.constants.MSG_DONTWAIT | (table.linux?.MSG_CMSG_CLOEXEC ?? 0);
  const { recvmsg } = socketSymbols();
  for (;;) {
    const result = Number(recvmsg(descriptor, header.pointer, flags));
    const errno = readErrno();
    if (result >= 0) return { count: result, files: header.files };
    if (errno === errnoNumbers.EAGAIN) return { count: null, files: [] };
    if (errno === errnoNumbers.EINTR) continue;
    throw new SystemError({
      syscall: "recvmsg",
      errno,
      action: `receive files from descriptor ${descriptor}`,
    });
  }
}

// What sendmsg(2) and recvmsg(2) take, as the kernel reads it on 64-bit Linux: struct msghdr, struct iovec, and one struct cmsghdr with open
// files in it (SCM_RIGHTS of unix(7)). musl's fields of 4 bytes have their padding as the upper half.
import { errnoNumbers } from "./error.ts";
import { libc, socketSymbols } from "./library.ts";
import { addressOf, zeroed } from "./memory.ts";

const headerBytes = 56;
const controlLengthAt = 40;
/** CMSG_LEN(0) */
const rightsHeaderBytes = 16;
const descriptorBytes = 4;

export interface MessageParts {
  readonly address?: DataView<ArrayBuffer>;
  readonly bytes?: DataView<ArrayBuffer>;
  readonly control: DataView<ArrayBuffer>;
}

/** Holds what it points to: whoever calls keeps a reference to it until the call has returned. */
export class MessageHeader {
  readonly parts: MessageParts;
  readonly #vector = zeroed(16);
  readonly #header = zeroed(headerBytes);

  constructor(parts: MessageParts) {
    this.parts = parts;
    const { address, bytes, control } = parts;
    const header = this.#header;
    if (address !== undefined) {
      header.setBigUint64(0, BigInt(addressOf(address)), true);
      header.setUint32(8, address.byteLength, true);
    }
    if (bytes !== undefined) {
      this.#vector.setBigUint64(0, BigInt(addressOf(bytes)), true);
      this.#vector.setBigUint64(8, BigInt(bytes.byteLength), true);
      header.setBigUint64(16, BigInt(addressOf(this.#vector)), true);
      header.setBigUint64(24, 1n, true);
    }
    header.setBigUint64(32, BigInt(addressOf(control)), true);
    header.setBigUint64(controlLengthAt, BigInt(control.byteLength), true);
  }

  get pointer(): Uint8Array {
    return new Uint8Array(this.#header.buffer);
  }

  /** Of a control part that was received: the files in it, which are this process' own now. */
  get files(): readonly number[] {
    const { table } = libc();
    const length = Number(this.#header.getBigUint64(controlLengthAt, true));
    const { control } = this.parts;
    if (length < rightsHeaderBytes || control.getInt32(8, true) !== table.constants.SOL_SOCKET) return [];
    if (control.getInt32(12, true) !== table.linux?.SCM_RIGHTS) return [];
    const end = Math.min(length, Number(control.getBigUint64(0, true)));
    const count = Math.floor((end - rightsHeaderBytes) / descriptorBytes);
    return Array.from({ length: count }, (_, index) =>
      control.getInt32(rightsHeaderBytes + index * descriptorBytes, true),
    );
  }
}

/**
 * sendmsg(2), without blocking and without SIGPIPE; again after a signal.
 * @returns how many bytes went, and the error's number; 0: none
 */
export function sendMessage(descriptor: number, header: MessageHeader): { count: number; errno: number } {
  const { table, errno: readErrno } = libc();
  const flags = table.constants.MSG_DONTWAIT | (table.linux?.MSG_NOSIGNAL ?? 0);
  const { sendmsg } = socketSymbols();
  for (;;) {
    const count = Number(sendmsg(descriptor, header.pointer, flags));
    const errno = readErrno();
    // Nothing but a reference keeps what the header points to alive.
    if (header.parts.control.byteLength === 0) throw new Error("unreachable");
    if (count >= 0) return { count, errno: 0 };
    if (errno !== errnoNumbers.EINTR) return { count: 0, errno };
  }
}

/** Room for so many files. */
export function controlFor(count: number): DataView<ArrayBuffer> {
  // CMSG_SPACE
  return zeroed(rightsHeaderBytes + Math.ceil((count * descriptorBytes) / 8) * 8);
}

export function controlWith(files: readonly number[]): DataView<ArrayBuffer> {
  const { table } = libc();
  const control = controlFor(files.length);
  control.setBigUint64(0, BigInt(rightsHeaderBytes + files.length * descriptorBytes), true);
  control.setInt32(8, table.constants.SOL_SOCKET, true);
  control.setInt32(12, table.linux?.SCM_RIGHTS ?? 1, true);
  for (const [index, file] of files.entries())
    control.setInt32(rightsHeaderBytes + index * descriptorBytes, file, true);
  return control;
}

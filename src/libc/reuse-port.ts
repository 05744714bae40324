// Several sockets that listen at one place (SO_REUSEPORT of socket(7)): the kernel deals connections out among them, and one
// that is closed takes those with it that it has not accepted yet.
import { checkDescriptor } from "./arguments.ts";
import { libc, socketSymbols } from "./library.ts";
import { addressOf, zeroed } from "./memory.ts";

/** BPF_RET | BPF_K of linux/bpf_common.h: the socket whose number is k, in the order in which they came to listen. */
const returnConstant = 0x06;
const second = 1;

/**
 * From now on new connections go to the second of two sockets; the first gets no more, and can be closed when it has
 * accepted those that it has. Where there is no second they go on as before.
 * @returns false if the kernel does not do that, or the socket shares its place with none
 */
export function yieldConnections(descriptor: number): boolean {
  checkDescriptor("descriptor", descriptor);
  const { table } = libc();
  if (table.linux === null) return false;
  // struct sock_filter { u16 code; u8 jt, jf; u32 k; } and struct sock_fprog { u16 len; struct sock_filter *filter; }
  const filter = zeroed(8);
  filter.setUint16(0, returnConstant, true);
  filter.setUint32(4, second, true);
  const program = zeroed(16);
  program.setUint16(0, 1, true);
  program.setBigUint64(8, BigInt(addressOf(filter)), true);
  const { SOL_SOCKET } = table.constants;
  const bytes = new Uint8Array(program.buffer);
  const { setsockopt } = socketSymbols();
  const option = table.linux.SO_ATTACH_REUSEPORT_CBPF;
  const result = setsockopt(descriptor, SOL_SOCKET, option, bytes, bytes.length);
  // The filter has to live until the call is over.
  return result === 0 && filter.byteLength > 0;
}

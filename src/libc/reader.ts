// Whether anybody still reads what is written to a pipe, as poll(2) knows it without a byte being written. Linux only.
import { checkDescriptor } from "./arguments.ts";
import { libc, optionalSymbol } from "./library.ts";

/** @param descriptor the end of a pipe that is written to */
export function hasReader(descriptor: number): boolean {
  checkDescriptor("descriptor", descriptor);
  const { linux } = libc().table;
  const poll = linux === null ? null : optionalSymbol("poll");
  if (linux === null || poll === null) return true;
  const bytes = new Uint8Array(linux["sizeof(struct pollfd)"]);
  const asked = new DataView(bytes.buffer);
  asked.setInt32(0, descriptor, true);
  // That its other end is closed is told without being asked for.
  const found = poll(bytes, 1, 0);
  return (
    found !== 1 || (asked.getInt16(linux["offsetof(struct pollfd, revents)"], true) & linux.POLLERR) === 0
  );
}

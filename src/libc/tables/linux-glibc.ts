// The GNU C library on Linux. Every process that uses it has "libc.so.6" mapped, so the loader never searches for it.
import { linux } from "./linux.ts";
import type { LibcTable } from "./table.ts";

export const linuxGlibc: LibcTable = {
  ...linux,
  name: "linux-glibc",
  library: { x64: "libc.so.6", arm64: "libc.so.6" },
};

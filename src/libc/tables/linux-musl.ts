// musl on Linux. Its loader is its libc, and answers to any name that begins with "libc." with itself, without a
// search (load_library in ldso/dynlink.c).
import { linux } from "./linux.ts";
import type { LibcTable } from "./table.ts";

export const linuxMusl: LibcTable = {
  ...linux,
  name: "linux-musl",
  library: { x64: "libc.musl-x86_64.so.1", arm64: "libc.musl-aarch64.so.1" },
};

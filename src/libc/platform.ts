// Chooses the table of the libc that this process runs on. glibc and musl can be told apart by asking the mapped libc
// for a symbol that only glibc has; the loaders' paths in /lib don't say it, because a machine can have both.
import { darwin } from "./tables/darwin.ts";
import { linuxGlibc } from "./tables/linux-glibc.ts";
import { linuxMusl } from "./tables/linux-musl.ts";
import type { Architecture, LibcTable } from "./tables/table.ts";

interface Platform {
  readonly table: LibcTable;
  readonly architecture: Architecture;
}

/**
 * @param hasSymbol whether a library that is mapped already exports a name
 * @param isMapped whether a library of this name is mapped: what is not is sought by the loader, in the end in the current directory
 * @throws {Error} if djob has no table for this system, or nothing of its C library can be called
 */
export function choosePlatform(
  operatingSystem: string,
  architecture: string,
  hasSymbol: (library: string, name: string) => boolean,
  isMapped: (library: RegExp) => boolean,
): Platform {
  if (architecture === "x64" || architecture === "arm64") {
    if (operatingSystem === "darwin") return { table: darwin, architecture };
    if (operatingSystem === "linux") {
      if (hasSymbol(linuxGlibc.library[architecture], "gnu_get_libc_version"))
        return { table: linuxGlibc, architecture };
      if (isMapped(/\/(ld-musl-[^/]*|libc\.musl-[^/]*|libc)\.so(\.1)?$/m))
        return { table: linuxMusl, architecture };
      throw new Error(
        "cannot call this system's C library: it is neither glibc nor musl, or a setting of the runtime's (BUN_JSC_…) is in the way",
      );
    }
  }
  throw new Error(
    `cannot run on ${operatingSystem} ${architecture}: djob knows Linux and macOS, on x64 and arm64`,
  );
}

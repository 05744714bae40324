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
 * @throws {Error} if djob has no table for this system
 */
export function choosePlatform(
  operatingSystem: string,
  architecture: string,
  hasSymbol: (library: string, name: string) => boolean,
): Platform {
  if (architecture === "x64" || architecture === "arm64") {
    if (operatingSystem === "darwin") return { table: darwin, architecture };
    if (operatingSystem === "linux") {
      const isGlibc = hasSymbol(linuxGlibc.library[architecture], "gnu_get_libc_version");
      return { table: isGlibc ? linuxGlibc : linuxMusl, architecture };
    }
  }
  throw new Error(
    `cannot run on ${operatingSystem} ${architecture}: djob knows Linux and macOS, on x64 and arm64`,
  );
}

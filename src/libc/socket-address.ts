// Socket addresses as C lays them out: made for Unix sockets, read for what a service manager hands over. Pure but for
// the platform's table. Unix names follow sd_notify(3) and systemd.socket(5): "@" begins an abstract one (unix(7)).
import { checkFilledText } from "./arguments.ts";
import { libc } from "./library.ts";
import { zeroed } from "./memory.ts";

export type SocketAddress =
  | { readonly family: "unix"; readonly path: string | null; readonly address: null; readonly port: null }
  | {
      readonly family: "inet" | "inet6";
      readonly path: null;
      readonly address: string;
      readonly port: number;
    };

/** A `struct sockaddr_un`, exactly as long as its name needs: a NUL more would be part of an abstract one. */
export function unixAddress(path: string): Uint8Array {
  checkFilledText("path", path);
  const { constants, offsets, sizes } = libc().table;
  const { sun_family, sun_path } = offsets["struct sockaddr_un"];
  const isAbstract = path.startsWith("@");
  const name = Buffer.from(isAbstract ? `\0${path.slice(1)}` : `${path}\0`);
  const room = sizes["struct sockaddr_un"] - sun_path;
  if (name.length > room)
    throw new RangeError(`a socket's path must have at most ${room - 1} bytes: ${path}`);
  const view = zeroed(sun_path + name.length);
  const bytes = new Uint8Array(view.buffer);
  // Where the family is one byte, the address's length stands before it (BSD).
  if (sun_family === 1) view.setUint8(0, bytes.length);
  view.setUint8(sun_family, constants.AF_UNIX);
  bytes.set(name, sun_path);
  return bytes;
}

/** @returns null for a family that djob has no use for */
export function readAddress(bytes: Uint8Array): SocketAddress | null {
  const { constants, offsets } = libc().table;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const { sun_family, sun_path } = offsets["struct sockaddr_un"];
  // The low byte first: djob runs on little-endian machines only.
  switch (view.getUint8(sun_family)) {
    case constants.AF_UNIX:
      return { family: "unix", path: unixPath(bytes.subarray(sun_path)), address: null, port: null };
    case constants.AF_INET: {
      const { sin_port, sin_addr } = offsets["struct sockaddr_in"];
      const address = bytes.subarray(sin_addr, sin_addr + 4).join(".");
      return { family: "inet", path: null, address, port: view.getUint16(sin_port) };
    }
    case constants.AF_INET6: {
      const { sin6_port, sin6_addr } = offsets["struct sockaddr_in6"];
      const groups = [0, 2, 4, 6, 8, 10, 12, 14].map((at) => view.getUint16(sin6_addr + at).toString(16));
      const address = new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
      return { family: "inet6", path: null, address, port: view.getUint16(sin6_port) };
    }
    default:
      return null;
  }
}

function unixPath(name: Uint8Array): string | null {
  if (name.length === 0) return null;
  const text = Buffer.from(name).toString();
  return text.startsWith("\0") ? `@${text.slice(1)}` : (text.split("\0")[0] ?? null);
}

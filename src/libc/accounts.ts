// Who is who on this machine: users and groups by name or number, as libc's name service knows them (files, LDAP, …).
// An unknown one is null; SystemError means that the name service could not be asked.
import { checkFilledText, checkInteger } from "./arguments.ts";
import { errnoNumbers, SystemError } from "./error.ts";
import { libc, neededSymbol } from "./library.ts";
import { addressOf, zeroed } from "./memory.ts";

export interface User {
  readonly name: string;
  readonly uid: number;
  /** The user's own group. */
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
}

export interface Group {
  readonly name: string;
  readonly gid: number;
}

/** The last number is (uid_t)-1, which means "leave it as it is" to setresuid(2), and is no user's. */
export const highestId = 2 ** 32 - 2;

const smallestBufferBytes = 4096;
const largestBufferBytes = 1024 * 1024;

/** getpwnam_r(3) or getpwuid_r(3) */
export function findUser(key: string | number): User | null {
  const { "struct passwd": field } = libc().table.offsets;
  const fetch =
    typeof key === "string"
      ? byName(neededSymbol("getpwnam_r"), key)
      : byNumber(neededSymbol("getpwuid_r"), key);
  const found = look(`user ${key}`, libc().table.sizes["struct passwd"], fetch);
  if (found === null) return null;
  return {
    name: found.text(field.pw_name),
    uid: found.number(field.pw_uid),
    gid: found.number(field.pw_gid),
    home: found.text(field.pw_dir),
    shell: found.text(field.pw_shell),
  };
}

/** getgrnam_r(3) or getgrgid_r(3) */
export function findGroup(key: string | number): Group | null {
  const { "struct group": field } = libc().table.offsets;
  const fetch =
    typeof key === "string"
      ? byName(neededSymbol("getgrnam_r"), key)
      : byNumber(neededSymbol("getgrgid_r"), key);
  const found = look(`group ${key}`, libc().table.sizes["struct group"], fetch);
  return found === null ? null : { name: found.text(field.gr_name), gid: found.number(field.gr_gid) };
}

/** getgrouplist(3): every group of a user, `gid` among them. What initgroups(3) would set. */
export function groupsOf(name: string, gid: number): number[] {
  checkFilledText("name", name);
  checkInteger("gid", gid, 0, highestId);
  const getgrouplist = neededSymbol("getgrouplist");
  for (let room = 64; ; room *= 4) {
    const groups = new Uint32Array(new ArrayBuffer(room * 4));
    const count = new Int32Array([room]);
    const result = getgrouplist(name, gid, groups, count);
    if (result >= 0) return [...groups.subarray(0, count[0] ?? 0)];
    // NGROUPS_MAX is 65,536.
    if (room > 2 ** 17) throw new Error(`the user ${name} is in too many groups`);
  }
}

type Fetch = (entry: Uint8Array, buffer: Uint8Array, size: number, result: BigUint64Array) => number;

interface Entry {
  text(offset: number): string;
  number(offset: number): number;
}

function byName(call: (name: string, ...rest: Parameters<Fetch>) => number, name: string): Fetch {
  checkFilledText("name", name);
  return (...rest) => call(name, ...rest);
}

function byNumber(call: (id: number, ...rest: Parameters<Fetch>) => number, id: number): Fetch {
  checkInteger("id", id, 0, highestId);
  return (...rest) => call(id, ...rest);
}

/** What these functions return for "no such entry" differs from one name service to the next (getpwnam_r(3)). */
const unknownErrors: ReadonlySet<number> = new Set([
  0,
  errnoNumbers.ENOENT,
  errnoNumbers.ESRCH,
  errnoNumbers.EBADF,
  errnoNumbers.EPERM,
]);

function look(what: string, entryBytes: number, fetch: Fetch): Entry | null {
  for (let size = smallestBufferBytes; ; size *= 4) {
    const entry = zeroed(entryBytes);
    const strings = zeroed(size);
    const result = new BigUint64Array(new ArrayBuffer(8));
    const buffer = new Uint8Array(strings.buffer);
    const errno = fetch(new Uint8Array(entry.buffer), buffer, size, result);
    if (errno === errnoNumbers.ERANGE && size < largestBufferBytes) continue;
    if (errno === errnoNumbers.EINTR) continue;
    if (result[0] !== 0n) return entryOf(entry, strings);
    if (unknownErrors.has(errno)) return null;
    throw new SystemError({ syscall: "getpwnam_r", errno, action: `look up the ${what}` });
  }
}

/** The entry's pointers lead into the buffer that was given for its strings. */
function entryOf(entry: DataView<ArrayBuffer>, strings: DataView<ArrayBuffer>): Entry {
  const start = BigInt(addressOf(strings));
  const bytes = new Uint8Array(strings.buffer);
  return {
    number: (offset) => entry.getUint32(offset, true),
    text(offset) {
      const from = Number(entry.getBigUint64(offset, true) - start);
      const end = from >= 0 && from < bytes.length ? bytes.indexOf(0, from) : -1;
      return end === -1 ? "" : Buffer.from(bytes.subarray(from, end)).toString();
    },
  };
}

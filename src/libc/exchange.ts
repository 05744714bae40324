// Two files change places, so that neither name is missing for an instant (RENAME_EXCHANGE of renameat2(2), Linux).
import { checkFilledText } from "./arguments.ts";
import { errnoNumbers, SystemError } from "./error.ts";
import { libc, optionalSymbol } from "./library.ts";

/**
 * @returns false where the system, or the file system, has no such call: nothing has happened then
 * @throws {SystemError} if one of them is not there, or may not be renamed
 */
export function exchangeNames(one: string, other: string): boolean {
  checkFilledText("one", one);
  checkFilledText("other", other);
  const { table, errno: readErrno } = libc();
  const rename = table.linux === null ? null : optionalSymbol("renameat2");
  if (table.linux === null || rename === null) return false;
  const { AT_FDCWD, RENAME_EXCHANGE } = table.linux;
  const result = rename(AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE);
  const errno = readErrno();
  if (result === 0) return true;
  const { EINVAL, ENOSYS, EOPNOTSUPP } = errnoNumbers;
  if (errno === EINVAL || errno === ENOSYS || errno === EOPNOTSUPP) return false;
  const action = `have ${one} and ${other} change places`;
  throw new SystemError({ syscall: "renameat2", errno, action, path: one });
}

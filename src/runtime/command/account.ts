// Who a command is to be: an account of this machine, found when its job is declared, so that an unknown one, or one that
// this daemon may not become, is the module's mistake and not that of each run.
import { findGroup, findUser, groupsOf, highestId, type User } from "../../libc/accounts.ts";
import { supplementaryGroups } from "../../libc/identity.ts";

export interface CommandUser {
  readonly uid: number;
  readonly gid: number;
  /** null: a number that no account has; then it has no further groups. */
  readonly name: string | null;
  readonly home: string;
  readonly shell: string;
  /** Whether a process of the daemon's has to change to be that user. */
  readonly isOther: boolean;
}

/** What is asked of this machine and this process. */
export interface Accounts {
  findUser(key: string | number): User | null;
  findGroup(key: string | number): { readonly gid: number } | null;
  groupsOf(name: string, gid: number): readonly number[];
  readonly uid: number;
  readonly gid: number;
  groups(): readonly number[];
}

/** An account that there is not, or that can't be meant. */
export class AccountError extends Error {
  override readonly name = "AccountError";
  readonly hint: string;

  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}

export const thisMachine: Accounts = {
  findUser,
  findGroup,
  groupsOf,
  get uid() {
    return process.geteuid?.() ?? -1;
  },
  get gid() {
    return process.getegid?.() ?? -1;
  },
  groups: supplementaryGroups,
};

/**
 * @param text USER or USER:GROUP, names or numbers
 * @throws {AccountError}
 */
export function commandUser(text: string, accounts: Accounts = thisMachine): CommandUser {
  const [user = "", group = null, ...more] = text.split(":");
  if (user === "" || group === "" || more.length > 0)
    throw new AccountError(`the user ${JSON.stringify(text)} is not USER or USER:GROUP`, 'write "www:www"');
  const found = resolveAccount({ user, group }, accounts);
  const identity = { ...found, home: found.home || "/", shell: found.shell || "/bin/sh" };
  const { uid, gid, name } = found;
  if (accounts.uid === 0) {
    const groups = name === null ? [gid] : accounts.groupsOf(name, gid);
    const isSame = uid === 0 && gid === accounts.gid && sameSet(groups, accounts.groups());
    return { ...identity, isOther: !isSame };
  }
  if (uid === accounts.uid && (group === null || gid === accounts.gid))
    return { ...identity, isOther: false };
  const who = accounts.findUser(accounts.uid)?.name ?? String(accounts.uid);
  throw new AccountError(
    `a daemon of the user ${who} can't run a command as ${text}: only root may become another user`,
    "start the daemon as root, or leave the user out",
  );
}

export interface Account {
  readonly uid: number;
  readonly gid: number;
  readonly name: string | null;
  readonly home: string;
  readonly shell: string;
}

/** @throws {AccountError} for what this machine does not have */
export function resolveAccount(
  { user, group }: { readonly user: string; readonly group: string | null },
  accounts: Pick<Accounts, "findUser" | "findGroup">,
): Account {
  const account = accounts.findUser(user) ?? (isNumber(user) ? accounts.findUser(idOf("user", user)) : null);
  const uid = account?.uid ?? (isNumber(user) ? idOf("user", user) : null);
  if (uid === null)
    throw new AccountError(
      `there is no user ${JSON.stringify(user)} on this machine`,
      "give another name, or a number",
    );
  const gid = group === null ? account?.gid : groupId(group, accounts);
  if (gid === undefined)
    throw new AccountError(`the user ${uid} has no account, so its group is not known`, `write ${uid}:GROUP`);
  const { name = null, home = "", shell = "" } = account ?? {};
  return { uid, gid, name, home, shell };
}

/** @throws {AccountError} */
export function groupId(group: string, accounts: Pick<Accounts, "findGroup">): number {
  const entry = accounts.findGroup(group);
  if (entry !== null) return entry.gid;
  if (isNumber(group)) return idOf("group", group);
  throw new AccountError(
    `there is no group ${JSON.stringify(group)} on this machine`,
    "give another name, or a number",
  );
}

/** Names the session, the keys or the directories of whoever started the daemon: another user must not look there. */
const ownersVariable =
  /^(?:(?:SSH|SUDO)_.*|XDG_(?!CONFIG_DIRS$|DATA_DIRS$).*|DBUS_SESSION_BUS_ADDRESS|GPG_AGENT_INFO|ICEAUTHORITY|KRB5CCNAME|MAIL|OLDPWD|PWD|XAUTHORITY)$/;

type Variables = Readonly<Record<string, string | undefined>>;

/** Pure: an environment with another user in it, as login(1) would have it. */
export function withUser(
  inherited: Variables,
  { uid, name, home, shell }: Pick<Account, "uid" | "name" | "home" | "shell">,
): Variables {
  const kept = Object.entries(inherited).filter(([variable]) => !ownersVariable.test(variable));
  const called = name ?? String(uid);
  return { ...Object.fromEntries(kept), HOME: home, USER: called, LOGNAME: called, SHELL: shell };
}

function isNumber(text: string): boolean {
  return /^[0-9]+$/.test(text);
}

function idOf(what: string, text: string): number {
  const id = Number(text);
  if (id <= highestId) return id;
  throw new AccountError(`${what} ${text} is no number of a ${what}`, `the highest is ${highestId}`);
}

function sameSet(one: readonly number[], other: readonly number[]): boolean {
  const [first, second] = [new Set(one), new Set(other)];
  return first.size === second.size && [...first].every((id) => second.has(id));
}

// What a daemon that root starts gives up or is given: another user and groups, another root directory, and how the
// kernel treats its processes. A part of the spec: plain data, resolved and checked in the launcher.
import type { IoClass, LimitName, SchedulingPolicy } from "../../libc/attributes.ts";
import { withUser } from "../../runtime/command/account.ts";

export type { IoClass, LimitName, SchedulingPolicy };

/** Names or numbers, as they were given; the path is absolute. */
export interface PrivilegeRequest {
  readonly user: string | null;
  readonly group: string | null;
  readonly chroot: string | null;
  readonly attributes: Attributes;
}

export interface Privileges {
  readonly identity: Identity | null;
  /** null: the file system's own root. */
  readonly chroot: string | null;
  readonly attributes: Attributes;
}

export interface Identity {
  /** null: root stays root, and only the group changes. */
  readonly user: {
    readonly uid: number;
    /** null: a number that no account has; then there are no further groups. */
    readonly name: string | null;
    readonly home: string;
    readonly shell: string;
  } | null;
  readonly gid: number;
}

/** null: as it is. */
export interface Attributes {
  readonly nice: number | null;
  readonly ioPriority: { readonly ioClass: IoClass; readonly level: number } | null;
  readonly scheduler: { readonly policy: SchedulingPolicy; readonly priority: number } | null;
  readonly limits: readonly Limit[];
  readonly noNewPrivileges: boolean;
  readonly processors: readonly number[] | null;
  readonly oomScore: number | null;
}

export interface Limit {
  readonly name: LimitName;
  /** null: unlimited. */
  readonly soft: number | null;
  readonly hard: number | null;
}

/** Whom files belong to that the daemon's own processes must be able to write. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** null: whoever starts it. */
export function ownerOf(privileges: Privileges | null): Owner | null {
  const { user = null, gid = 0 } = privileges?.identity ?? {};
  return user === null ? null : { uid: user.uid, gid };
}

/** The attributes that were asked for; null for none. */
export function attributesOf(privileges: Privileges | null): Attributes | null {
  return privileges?.attributes ?? null;
}

type Variables = Readonly<Record<string, string | undefined>>;

/** The environment that a daemon starts from, with its new user in it as login(1) would have it. */
export function environmentFor(privileges: Privileges | null, inherited: Variables): Variables {
  const user = privileges?.identity?.user ?? null;
  return user === null ? inherited : withUser(inherited, user);
}

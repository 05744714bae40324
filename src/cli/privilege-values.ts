// What the values of the privilege flags mean. Pure: they are read, and compared with nothing of this machine.

import { DjobError } from "../daemon/error.ts";
import type {
  Attributes,
  IoClass,
  Limit,
  LimitName,
  SchedulingPolicy,
} from "../daemon/privileges/privileges.ts";
import { parseProcessors } from "../daemon/privileges/resolve-privileges.ts";
import { exitCode } from "../exit-code.ts";
import { parseSize } from "../runtime/size.ts";

/** The texts of the flags; null where one was not given. */
export interface AttributeTexts {
  readonly nice: string | null;
  readonly ioprio: string | null;
  readonly sched: string | null;
  readonly rlimit: readonly string[];
  readonly noNewPrivs: boolean;
  readonly cpus: string | null;
  readonly oomScore: string | null;
}

/** @throws {DjobError} with exit code 2 */
export function parseAttributes(texts: AttributeTexts): Attributes {
  return {
    nice: texts.nice === null ? null : parseWhole("nice", texts.nice, -20, 19),
    ioPriority: texts.ioprio === null ? null : parseIoPriority(texts.ioprio),
    scheduler: texts.sched === null ? null : parseScheduler(texts.sched),
    limits: parseLimits(texts.rlimit),
    noNewPrivileges: texts.noNewPrivs,
    processors: texts.cpus === null ? null : parseCpus(texts.cpus),
    oomScore: texts.oomScore === null ? null : parseWhole("oom-score", texts.oomScore, -1000, 1000),
  };
}

/** NAME|UID[:GROUP], with the group that --group names. */
export function parseUser(
  user: string | null,
  group: string | null,
): { readonly user: string | null; readonly group: string | null } {
  if (user === null) return { user, group };
  const at = user.indexOf(":");
  if (at === -1) return { user, group };
  const [name, own] = [user.slice(0, at), user.slice(at + 1)];
  if (name === "" || own === "") {
    throw misuse(`--user ${JSON.stringify(user)} is not NAME, NAME:GROUP or numbers`, "write --user www:www");
  }
  if (group !== null) throw misuse(`--user ${user} and --group ${group} both name a group`, "leave one out");
  return { user: name, group: own };
}

function parseWhole(flag: string, text: string, minimum: number, maximum: number): number {
  const value = /^[+-]?\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= minimum && value <= maximum) return value === 0 ? 0 : value;
  throw misuse(
    `--${flag} ${JSON.stringify(text)} is not a whole number from ${minimum} to ${maximum}`,
    `write --${flag} 10`,
  );
}

const ioClasses: Readonly<Record<string, IoClass>> = {
  realtime: "realtime",
  "real-time": "realtime",
  rt: "realtime",
  "best-effort": "best-effort",
  be: "best-effort",
  idle: "idle",
};

/** The kernel's own for who has set none. */
const usualIoLevel = 4;

function parseIoPriority(text: string): NonNullable<Attributes["ioPriority"]> {
  const match = /^([a-z-]+)(?::([0-7]))?$/.exec(text);
  const ioClass = own(ioClasses, match?.[1]);
  const level = match?.[2];
  if (ioClass !== null && !(ioClass === "idle" && level !== undefined)) {
    return { ioClass, level: ioClass === "idle" ? 0 : Number(level ?? usualIoLevel) };
  }
  throw misuse(
    `--ioprio ${JSON.stringify(text)} is not realtime[:0 to 7], best-effort[:0 to 7] or idle`,
    "write --ioprio best-effort:7",
  );
}

/** Whether a policy has priorities, from 1 to 99 (sched(7)). */
const policies: Readonly<Record<SchedulingPolicy, boolean>> = {
  other: false,
  batch: false,
  idle: false,
  fifo: true,
  rr: true,
};

function parseScheduler(text: string): NonNullable<Attributes["scheduler"]> {
  const match = /^([a-z]+)(?::([1-9][0-9]?))?$/.exec(text);
  const policy = Object.keys(policies).find((name): name is SchedulingPolicy => name === match?.[1]);
  const priority = match?.[2] ?? null;
  if (policy !== undefined && policies[policy] === (priority !== null)) {
    return { policy, priority: Number(priority ?? 0) };
  }
  throw misuse(
    `--sched ${JSON.stringify(text)} is not other, batch, idle, fifo:PRIORITY or rr:PRIORITY, with a priority from 1 to 99`,
    "write --sched batch, or --sched rr:10",
  );
}

type LimitUnit = "bytes" | "seconds" | "microseconds" | "number";

/** What each limit counts. The names are those of prlimit(1). */
export const limitUnits: Readonly<Record<LimitName, LimitUnit>> = {
  as: "bytes",
  core: "bytes",
  cpu: "seconds",
  data: "bytes",
  fsize: "bytes",
  locks: "number",
  memlock: "bytes",
  msgqueue: "bytes",
  nice: "number",
  nofile: "number",
  nproc: "number",
  rss: "bytes",
  rtprio: "number",
  rttime: "microseconds",
  sigpending: "number",
  stack: "bytes",
};

function parseLimits(texts: readonly string[]): Limit[] {
  const limits = texts.map(parseLimit);
  const twice = limits.find(({ name }, index) => limits.findIndex((other) => other.name === name) !== index);
  if (twice !== undefined) throw misuse(`--rlimit ${twice.name} is given twice`, "give each limit once");
  return limits;
}

/** Without a hard limit, the soft one is both, as with prlimit(1) and in a systemd unit. */
function parseLimit(text: string): Limit {
  const match = /^([a-z]+)=([^:]+)(?::([^:]+))?$/.exec(text);
  const name = (Object.keys(limitUnits) as LimitName[]).find((known) => known === match?.[1]);
  if (match === null || name === undefined) {
    const names = Object.keys(limitUnits).join(", ");
    throw misuse(
      `--rlimit ${JSON.stringify(text)} is not NAME=SOFT[:HARD] with a NAME of ${names}`,
      "write --rlimit nofile=4096",
    );
  }
  const soft = parseAmount(text, limitUnits[name], match[2] ?? "");
  const hard = match[3] === undefined ? soft : parseAmount(text, limitUnits[name], match[3]);
  if (hard !== null && (soft === null || soft > hard)) {
    throw misuse(`--rlimit ${text}: the soft limit is above the hard one`, "write the lower one first");
  }
  return { name, soft, hard };
}

/** @returns null for "unlimited" */
function parseAmount(flag: string, unit: LimitUnit, text: string): number | null {
  if (text === "unlimited") return null;
  const amount = unit === "bytes" || /^\d+$/.test(text) ? parseSize(text) : null;
  if (amount !== null) return amount;
  const form = unit === "bytes" ? "bytes, with K, M, G or T if you like" : `a whole ${unitText[unit]}`;
  throw misuse(`--rlimit ${flag}: ${JSON.stringify(text)} is neither "unlimited" nor ${form}`, null);
}

const unitText: Readonly<Record<Exclude<LimitUnit, "bytes">, string>> = {
  number: "number",
  seconds: "number of seconds",
  microseconds: "number of microseconds",
};

const highestProcessor = 8191;

function parseCpus(text: string): number[] {
  const processors = parseProcessors(text, highestProcessor);
  if (processors !== null) return processors;
  throw misuse(`--cpus ${JSON.stringify(text)} is not a list of processors`, "write --cpus 0,2-3");
}

function own<Value>(record: Readonly<Record<string, Value>>, key: string | undefined): Value | null {
  return key !== undefined && Object.hasOwn(record, key) ? (record[key] ?? null) : null;
}

function misuse(message: string, hint: string | null): DjobError {
  return new DjobError(exitCode.usage, `cannot run djob run: ${message}`, hint);
}

// Four clients at once do what they like to one daemon, and kill its processes: at most one daemon lives at any time, no
// answer lies, and a stop leaves nothing.
import { expect, test } from "bun:test";
import { readlinkSync } from "node:fs";
import { join } from "node:path";
import { chainOf, kill } from "./chain.ts";
import { generator, pick, seed } from "./chance.ts";
import { until, type Workspace, workspace } from "./harness.ts";

const sequences = Number(process.env["DJOB_TEST_SEQUENCES"] ?? 500);
const lanes = 3;
const clients = 4;
const steps = 2;

const module = `import { job } from "djob"; job("tick", "every 1h", () => {});`;

/** What each operation may say, and of code 1 only what is about this moment. */
const operations: Readonly<
  Record<string, { readonly args: readonly string[]; readonly codes: readonly number[] }>
> = {
  start: {
    args: ["run", "worker.ts", "--restart-delay", "1ms", "--restart-max", "100/1m"],
    codes: [0, 8, 9],
  },
  stop: { args: ["stop", "worker", "--json"], codes: [0, 1, 7] },
  reload: { args: ["reload", "worker"], codes: [0, 1, 7, 9] },
  restart: { args: ["restart", "worker"], codes: [0, 1, 7, 8, 9] },
  status: { args: ["status", "worker", "--json"], codes: [0, 1, 3] },
};
const passing = /it is being started|does not answer|gave no answer/;

const choices = ["start", "start", "start", "stop", "reload", "restart", "status", "kill", "kill"] as const;

test(`${sequences} sequences, four clients at once (DJOB_TEST_SEED=${seed})`, async () => {
  const random = generator(seed);
  const plans = Array.from({ length: sequences }, (_, index) => ({
    index,
    clients: Array.from({ length: clients }, () =>
      Array.from({ length: steps }, () => ({
        operation: pick(random, choices) ?? "status",
        choice: random(),
      })),
    ),
  }));
  const seen = new Map<string, number>();
  const lane = async (space: Workspace) => {
    for (let plan = plans.shift(); plan !== undefined; plan = plans.shift()) await play(space, plan, seen);
  };
  const spaces = Array.from({ length: lanes }, () => {
    const space = workspace();
    space.write("worker.ts", module);
    return space;
  });
  await Promise.all(spaces.map(lane));
  // Each has also succeeded.
  for (const what of ["start 0", "start 8", "stop 0", "reload 0", "restart 0", "status 0", "kill"])
    expect({ what, seen: seen.has(what) }).toEqual({ what, seen: true });
  if (process.env["DJOB_TEST_COUNTS"] !== undefined) console.log(Object.fromEntries([...seen].sort()));
}, 600_000);

interface Step {
  readonly operation: (typeof choices)[number];
  /** Whom a "kill" hits. */
  readonly choice: number;
}

interface Plan {
  readonly index: number;
  readonly clients: readonly (readonly Step[])[];
}

async function play(
  space: Workspace,
  { index, clients: all }: Plan,
  seen: Map<string, number>,
): Promise<void> {
  const history: string[] = [];
  const context = () => `sequence ${index}: ${history.join("\n  ")}`;
  const note = (what: string) => {
    history.push(what);
    const [kind = ""] = what.split(",");
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
  };
  const client = async (own: readonly Step[], number: number) => {
    for (const step of own) {
      if (step.operation === "kill") killOne(space, step, note);
      else await call(space, step.operation, number, note, context);
      expectOneDaemon(space, context);
    }
  };
  await Promise.all(all.map(client));
  await expectTruth(space, context);
  const stopped = await space.djob(["stop", "worker"]);
  claim(
    stopped.code === 0 || stopped.code === 7,
    `the last stop says ${stopped.code}: ${stopped.stderr}`,
    context,
  );
  const left = chainOf(space);
  claim(left.length === 0, `processes are left: ${JSON.stringify(left)}`, context);
  claim(!space.has("worker.pid") && !space.has("worker.sock"), "files are left", context);
}

function claim(isTrue: boolean, what: string, context: () => string): void {
  if (!isTrue) throw new Error(`not so: ${what}\n${context()}`);
}

function killOne(space: Workspace, { choice }: Step, note: (what: string) => void): void {
  const targets = chainOf(space).filter(({ role }) => role === "supervisor" || role === "worker");
  const target = pick(() => choice, targets);
  if (target !== undefined && kill(target.pid)) note(`kill, of ${target.role} ${target.pid}`);
}

async function call(
  space: Workspace,
  operation: string,
  client: number,
  note: (what: string) => void,
  context: () => string,
): Promise<void> {
  const { args, codes } = operations[operation] ?? { args: [], codes: [] };
  const startMs = performance.now();
  const { code, stdout, stderr } = await space.djob(args);
  note(
    `${operation} ${code}, ${client}, ${Math.round(performance.now() - startMs)} ms, ${code === 0 ? "" : `${stdout}${stderr}`.trim()}`,
  );
  claim(code !== null && codes.includes(code), `${operation} may say ${codes}`, context);
  if (code === 1 && operation !== "status")
    claim(passing.test(stdout + stderr), `${operation} says 1 only for a moment`, context);
  if (code === 0 && operation === "stop") expectGone(space, JSON.parse(stdout).pid, context);
  if (code === 0 && operation === "status") expectKnown(space, JSON.parse(stdout), context);
}

/** What stop has stopped: its process, and its workers. */
function expectGone(space: Workspace, pid: number, context: () => string): void {
  const left = chainOf(space).filter((member) => member.pid === pid || member.supervisor === pid);
  claim(left.length === 0, `it was stopped: ${JSON.stringify(left)}`, context);
}

/** Whoever status names is the daemon, unless it has ended since. */
function expectKnown(space: Workspace, { pid }: { pid: number | null }, context: () => string): void {
  const member = chainOf(space).find((other) => other.pid === pid);
  if (member !== undefined)
    claim(member.role === "supervisor", `status named pid ${pid}, a ${member.role}`, context);
}

/** Daemons that are seen, and all of them once more: then they were there at the same time. */
function expectOneDaemon(space: Workspace, context: () => string): void {
  const first = daemonsOf(space);
  if (first.size < 2) return;
  const both = [...daemonsOf(space)].filter((pid) => first.has(pid));
  claim(both.length < 2, `two daemons: ${both.join(", ")}`, context);
}

/** Supervisors with the lock or a worker. One that has removed its pidfile has no worker, and is about to end. */
function daemonsOf(space: Workspace): ReadonlySet<number> {
  const members = chainOf(space);
  const supervisors = members.filter(({ role }) => role === "supervisor").map(({ pid }) => pid);
  const born = members.filter(({ role, parent }) => role === "supervisor" && !supervisors.includes(parent));
  const holders = born.map(({ pid }) => pid).filter((pid) => lockOf(pid) === join(space.state, "worker.pid"));
  const parents = members.flatMap(({ supervisor }) => supervisor ?? []);
  return new Set([...holders, ...parents]);
}

/** What the descriptor of its lock leads to. */
function lockOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/fd/3`);
  } catch {
    return null;
  }
}

/** Now that nobody does anything: one daemon with one worker and its status, or none at all. */
async function expectTruth(space: Workspace, context: () => string): Promise<void> {
  await until(`it settles after ${context()}`, async () => {
    const before = chainOf(space);
    const { code, stdout } = await space.djob(["status", "worker", "--json"]);
    const after = chainOf(space);
    const supervisor = after.find(({ role }) => role === "supervisor")?.pid;
    const worker = after.find(({ role }) => role === "worker")?.pid;
    const isSame = before.map(({ pid }) => pid).join() === after.map(({ pid }) => pid).join();
    if (code !== 0) return isSame && after.length === 0 && (code === 1 || code === 3);
    const { state, pid, workerPid } = JSON.parse(stdout);
    return isSame && after.length === 2 && state === "running" && pid === supervisor && workerPid === worker;
  });
}

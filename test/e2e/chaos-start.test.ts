// A SIGKILL to any process of the chain at any moment of a start: nothing is left that would stop the next start, and no
// exit status lies.
import { expect, test } from "bun:test";
import { chainOf, kill, type Role, roles } from "./chain.ts";
import { generator, pick, seed } from "./chance.ts";
import { type Result, until, type Workspace, workspace } from "./harness.ts";

const starts = Number(process.env["DJOB_TEST_STARTS"] ?? 300);
const lanes = 3;
const longestMs = 60;

const module = `import { job } from "djob"; job("tick", "every 1h", () => {});`;

test(`${starts} starts, a SIGKILL in each (DJOB_TEST_SEED=${seed})`, async () => {
  const random = generator(seed);
  const plans = Array.from({ length: starts }, (_, index) => ({
    index,
    delayMs: random() * longestMs,
    choice: random(),
  }));
  const hits: Record<Role, number> = { launcher: 0, leader: 0, supervisor: 0, worker: 0 };
  const lane = async (space: Workspace) => {
    for (let plan = plans.shift(); plan !== undefined; plan = plans.shift()) {
      const role = await startAndKill(space, plan);
      if (role !== null) hits[role] += 1;
    }
  };
  const spaces = Array.from({ length: lanes }, () => {
    const space = workspace();
    space.write("worker.ts", module);
    return space;
  });
  await Promise.all(spaces.map(lane));
  // The session leader lives for two milliseconds: on a busy machine all of them may be over before they are seen.
  const { leader: _, ...lasting } = hits;
  for (const [role, count] of Object.entries(lasting))
    expect({ role, hit: count > 0 }).toEqual({ role, hit: true });
}, 400_000);

/** Some live for a moment only, which a busy machine moves out of the random ones. */
async function found(space: Workspace, role: Role) {
  const deadlineMs = performance.now() + 2_000;
  while (performance.now() < deadlineMs) {
    const target = chainOf(space).find((link) => link.role === role);
    if (target !== undefined) return target;
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
  return undefined;
}

interface Plan {
  readonly index: number;
  readonly delayMs: number;
  readonly choice: number;
}

/** @returns whom the signal has hit, if anybody */
async function startAndKill(space: Workspace, { index, delayMs, choice }: Plan): Promise<Role | null> {
  const launcher = space.start(["run", "worker.ts"]);
  if (index % 10 !== 0) await moment(performance.now() + delayMs);
  const aim = index % 10 === 0 ? (roles[(index / 10) % roles.length] ?? null) : null;
  const target = aim === null ? pick(() => choice, chainOf(space)) : await found(space, aim);
  const isHit = target !== undefined && kill(target.pid);
  const [stdout, stderr] = await Promise.all([launcher.stdout.text(), launcher.stderr.text()]);
  await launcher.exited;
  const role = isHit ? target.role : null;
  const told: Result = { code: launcher.exitCode, signal: launcher.signalCode, stdout, stderr };
  const context = { index, delayMs: Math.round(delayMs), role, ...told };
  await judge(space, context);
  await expectStartable(space, context);
  return role;
}

type Context = Result & { readonly role: Role | null };

/** What the exit status said is so. */
async function judge(space: Workspace, context: Context): Promise<void> {
  if (context.code === 0) {
    const pid = Number(/\(pid (\d+)\)/.exec(context.stdout)?.[1]);
    // It was ready. Its worker is made good; nobody makes good the supervisor.
    const goesOn = context.role !== "supervisor";
    await settled(space, context);
    const status = await space.djob(["status", "worker", "--json"]);
    const running = status.code === 0 ? JSON.parse(status.stdout).pid : null;
    expect({ context, running }).toEqual({ context, running: goesOn ? pid : null });
  } else if (context.code === null) {
    // A killed launcher has said nothing: the daemon ends, unless it had told it already that it is ready.
    expect({ context, role: context.role }).toEqual({ context, role: "launcher" });
    await settled(space, context);
  } else {
    expect({ context, left: chainOf(space) }).toEqual({ context, left: [] });
    expect({ context, code: context.code }).toEqual({ context, code: 9 });
  }
}

/** Nothing runs, or a supervisor with a worker that works. */
async function settled(space: Workspace, context: Context): Promise<void> {
  await until(`it settles after ${JSON.stringify(context)}`, async () => {
    if (await isEmpty(space)) return true;
    const { code, stdout } = await space.djob(["status", "worker", "--json"]);
    const state = code === 0 ? JSON.parse(stdout) : null;
    return state?.state === "running" && state.responsive;
  });
}

/** One look may miss a child whose parent was gone before it came to look at it. */
async function isEmpty(space: Workspace): Promise<boolean> {
  for (let look = 1; look <= 3; look += 1) {
    if (chainOf(space).length > 0) return false;
    await Bun.sleep(3);
  }
  return true;
}

/** The next start succeeds, or there is one daemon already; and it can be stopped. */
async function expectStartable(space: Workspace, context: Context): Promise<void> {
  const isRunning = chainOf(space).length > 0;
  const { code, stderr } = await space.djob(["run", "worker.ts"]);
  const next = { context, code, stderr: code === 8 ? "" : stderr };
  expect(next).toEqual({ context, code: isRunning ? 8 : 0, stderr: "" });
  const stopped = await space.djob(["stop", "worker"]);
  expect({ context, code: stopped.code, stderr: stopped.stderr }).toEqual({ context, code: 0, stderr: "" });
  const left = [chainOf(space), space.has("worker.pid"), space.has("worker.sock")];
  expect({ context, left }).toEqual({ context, left: [[], false, false] });
}

/** Sharper than a timer. */
async function moment(timeMs: number): Promise<void> {
  while (performance.now() < timeMs - 2) await Bun.sleep(1);
  while (performance.now() < timeMs) await new Promise(setImmediate);
}

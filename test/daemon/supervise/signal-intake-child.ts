// Signals itself at any moment around a hold, as one who is born with those signals blocked, and prints how often a signal
// was neither heard nor still pending, or both; and how its threads block signals meanwhile.
import { readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { heardSignals } from "../../../src/daemon/heard-signals.ts";
import { SignalIntake } from "../../../src/daemon/supervise/signal-intake.ts";
import { signalNumber } from "../../../src/libc/signals.ts";

const rounds = 2_000;
const intake = new SignalIntake();
let heard = 0;
process.on("SIGUSR2", () => {
  heard += 1;
});
const hold = setInterval(() => {}, 1_000);

const field = (path: string, name: string) =>
  BigInt(`0x${new RegExp(`^${name}:\\s*(\\w+)$`, "m").exec(readFileSync(path, "utf8"))?.[1]}`);
const isPending = () =>
  ((field("/proc/self/status", "ShdPnd") >> BigInt(constants.signals.SIGUSR2 - 1)) & 1n) === 1n;
/** Of the threads but for this one, those in which some of the signals are not blocked. */
const openThreads = () => {
  const wanted = heardSignals.reduce((bits, name) => bits | (1n << BigInt(signalNumber(name) - 1)), 0n);
  return readdirSync("/proc/self/task")
    .filter((thread) => thread !== String(process.pid))
    .filter((thread) => (field(`/proc/self/task/${thread}/status`, "SigBlk") & wanted) !== wanted).length;
};

intake.begin();
// A thread opens itself as its first deed.
while (openThreads() === 0) await Bun.sleep(1);
const whileTaking = openThreads();
let wrong = 0;
let pending = 0;
for (let round = 0; round < rounds; round += 1) {
  // In turn from a timer and from an immediate.
  await (round % 2 === 0 ? Bun.sleep(0) : new Promise((resolve) => setImmediate(resolve)));
  const before = heard;
  const isLate = round % 4 === 3;
  if (!isLate) process.kill(process.pid, "SIGUSR2");
  const untilMs = performance.now() + (round % 100) / 1_000;
  while (performance.now() < untilMs);
  const held = intake.hold();
  if (isLate) process.kill(process.pid, "SIGUSR2");
  await held;
  const waits = isPending();
  if (heard - before + Number(waits) !== 1) wrong += 1;
  if (waits) pending += 1;
  if (round === 0) {
    process.stdout.write(`${JSON.stringify({ whileTaking, whileHeld: openThreads() })}\n`);
  }
  intake.begin();
  while (heard === before && waits) await Bun.sleep(1);
}
intake.begin();
clearInterval(hold);
process.stdout.write(`${JSON.stringify({ wrong, rounds, pending: pending > 0, heard })}\n`);
process.exit(0);

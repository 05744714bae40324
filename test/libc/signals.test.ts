import { expect, test } from "bun:test";
import { closeSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { libc } from "../../src/libc/library.ts";
import {
  openPidfd,
  sendSignal,
  sendSignalThroughPidfd,
  sendSignalToGroup,
  setDisposition,
  signalName,
  signalNumber,
  signalSet,
  unblockAllSignals,
} from "../../src/libc/signals.ts";
import { exitOf, request, signalsIn, startHeld, thrownBy } from "./children.ts";

const { SIGUSR2, SIGTERM, SIGKILL, SIGSTOP } = constants.signals;
const killable = { defaultSignals: "all", blockedSignals: [] } as const;
const threadStatus = () => readFileSync("/proc/thread-self/status", "utf8");

test("every signal's name leads to its number and back", () => {
  for (const [name, number] of Object.entries(constants.signals)) {
    expect(signalNumber(name)).toBe(number);
    expect(signalNumber(signalName(number))).toBe(number);
  }
  expect(signalName(SIGTERM)).toBe("SIGTERM");
  expect(signalName(constants.signals.SIGABRT)).toBe("SIGABRT");
});

test("an ignored signal is ignored, and a default one no longer", () => {
  setDisposition("SIGUSR2", "ignore");
  expect(signalsIn(threadStatus(), "SigIgn")).toContain(SIGUSR2);
  setDisposition("SIGUSR2", "default");
  expect(signalsIn(threadStatus(), "SigIgn")).not.toContain(SIGUSR2);
  expect(signalsIn(threadStatus(), "SigCgt")).not.toContain(SIGUSR2);
});

test("unblocking empties the signal mask", () => {
  const { symbols, table } = libc();
  symbols.sigprocmask(table.constants.SIG_SETMASK, signalSet(["SIGUSR2", "SIGTERM"]), null);
  expect(signalsIn(threadStatus(), "SigBlk")).toEqual(new Set([SIGUSR2, SIGTERM]));
  unblockAllSignals();
  expect(signalsIn(threadStatus(), "SigBlk")).toEqual(new Set());
});

test("the set of all signals leaves out the two that can't be changed", () => {
  const bits = new DataView(signalSet("all").buffer).getBigUint64(0, true);
  expect((bits >> BigInt(SIGTERM - 1)) & 1n).toBe(1n);
  expect((bits >> 63n) & 1n).toBe(1n);
  expect((bits >> BigInt(SIGKILL - 1)) & 1n).toBe(0n);
  expect((bits >> BigInt(SIGSTOP - 1)) & 1n).toBe(0n);
});

test("a signal reaches the process it is sent to", () => {
  const child = startHeld(request(["/bin/cat"], killable));
  sendSignal(child.pid, "SIGTERM");
  expect(exitOf(child.pid).signal).toBe("SIGTERM");
  child.release();
  expect(thrownBy(() => sendSignal(child.pid, "SIGTERM"))).toMatchObject({
    syscall: "kill",
    code: "ESRCH",
    message: `cannot send SIGTERM to process ${child.pid}: No such process`,
  });
});

test("a signal to a group reaches all of it", () => {
  const child = startHeld(request(["/bin/sh", "-c", "cat <&0 & wait"], { ...killable, newSession: true }));
  sendSignalToGroup(child.pid, "SIGKILL");
  expect(exitOf(child.pid).signal).toBe("SIGKILL");
  child.release();
});

test("a pidfd signals its own process, and after that nobody", () => {
  const child = startHeld(request(["/bin/cat"], killable));
  const pidfd = openPidfd(child.pid);
  if (pidfd === null) throw new Error("this kernel has no pidfd");
  sendSignalThroughPidfd(pidfd, "SIGKILL");
  expect(exitOf(child.pid).signal).toBe("SIGKILL");
  expect(thrownBy(() => sendSignalThroughPidfd(pidfd, "SIGKILL"))).toMatchObject({
    syscall: "pidfd_send_signal",
    code: "ESRCH",
  });
  expect(thrownBy(() => openPidfd(child.pid))).toMatchObject({ syscall: "pidfd_open", code: "ESRCH" });
  closeSync(pidfd);
  child.release();
});

test("a descriptor that is no pidfd signals nobody", () => {
  const descriptor = libc().symbols.dup2(2, 90);
  expect(thrownBy(() => sendSignalThroughPidfd(descriptor, "SIGKILL"))).toMatchObject({ code: "EBADF" });
  closeSync(descriptor);
});

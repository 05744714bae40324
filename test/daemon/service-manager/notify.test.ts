import { expect, test } from "bun:test";
import {
  notification,
  serviceManager,
  watchdogIntervalMs,
} from "../../../src/daemon/service-manager/notify.ts";
import { closeDescriptor } from "../../../src/libc/files.ts";
import { bindDatagramSocket, receiveDatagram, sendDatagram } from "../../../src/libc/sockets.ts";
import { until } from "../../e2e/harness.ts";

test("a notification is a line for each assignment, and a value can't begin another", () => {
  expect(notification({ READY: 1, STATUS: "running, 2 jobs" })).toBe("READY=1\nSTATUS=running, 2 jobs");
  expect(notification({ STATUS: "failed: a\nSTOPPING=1\r\n\0\u001b[31m" })).toBe(
    "STATUS=failed: a STOPPING=1 [31m",
  );
  expect(notification({ MONOTONIC_USEC: 2n ** 60n })).toBe("MONOTONIC_USEC=1152921504606846976");
});

test.each([undefined, "", "/", "@", "relative", "./here", "vsock:2:1234", `/${"x".repeat(103)}`])(
  "there is no service manager at %p",
  (path) => expect(serviceManager({ NOTIFY_SOCKET: path })).toBeNull(),
);

test.each([
  [{}, null],
  [{ WATCHDOG_USEC: "30000000" }, 15_000],
  [{ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "7" }, 15_000],
  [{ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "8" }, null],
  [{ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "" }, null],
  [{ WATCHDOG_USEC: "0" }, null],
  [{ WATCHDOG_USEC: "1" }, 1],
  [{ WATCHDOG_USEC: "-5" }, null],
  [{ WATCHDOG_USEC: "30s" }, null],
  [{ WATCHDOG_USEC: "999999999999999" }, 2 ** 31 - 1],
  [{ WATCHDOG_USEC: "18446744073709551615" }, null],
] as const)("%p of process 7 is a sign of life every %p ms", (environment, intervalMs) => {
  expect(watchdogIntervalMs(environment, 7)).toBe(intervalMs);
});

test("what finds the queue full comes later, in order", async () => {
  const path = `@djob-queue-${process.pid}`;
  const socket = bindDatagramSocket(path);
  try {
    expect(() => {
      for (;;) sendDatagram(path, "filling");
    }).toThrow("socket");
    const manager = serviceManager({ NOTIFY_SOCKET: path });
    manager?.reloading("reloading");
    manager?.ready(7, "running");
    const texts: string[] = [];
    await until("both have come", () => {
      for (let text = receiveDatagram(socket); text !== null; text = receiveDatagram(socket)) {
        if (text !== "filling") texts.push(text.replace(/\d{3,}/, "N"));
      }
      return texts.length === 2;
    });
    expect(texts).toEqual([
      "RELOADING=1\nMONOTONIC_USEC=N\nSTATUS=reloading",
      "READY=1\nMAINPID=7\nSTATUS=running",
    ]);
  } finally {
    closeDescriptor(socket);
  }
});

import { expect, test } from "bun:test";
import { SystemError } from "../../src/libc/error.ts";
import { setCloseOnExec } from "../../src/libc/files.ts";
import { sessionOf } from "../../src/libc/process.ts";
import { thrownBy } from "./children.ts";

test("an error says what could not be done, to what, why, and what would help", () => {
  const error = new SystemError({
    syscall: "open",
    errno: 13,
    action: "open /a",
    path: "/a",
    hint: "ask root",
  });
  expect(error).toBeInstanceOf(Error);
  expect(error.message).toBe("cannot open /a: Permission denied; ask root");
  expect(error).toMatchObject({
    name: "SystemError",
    syscall: "open",
    code: "EACCES",
    errno: 13,
    path: "/a",
    hint: "ask root",
  });
});

test("an error without path and hint has no such properties", () => {
  const error = new SystemError({ syscall: "setsid", errno: 1, action: "create a session" });
  expect(error.message).toBe("cannot create a session: Operation not permitted");
  expect(Object.keys(error)).not.toContain("path");
  expect(Object.keys(error)).not.toContain("hint");
});

test("too many open files comes with the remedy", () => {
  const error = new SystemError({ syscall: "pipe2", errno: 24, action: "make a pipe" });
  expect(error.code).toBe("EMFILE");
  expect(error.message).toContain("ulimit -n");
});

test("EAGAIN has its own name and not its alias", () => {
  expect(new SystemError({ syscall: "x", errno: 11, action: "x" }).code).toBe("EAGAIN");
});

test("an error that has no name is given its number", () => {
  expect(new SystemError({ syscall: "x", errno: 4000, action: "x" }).code).toBe("E4000");
});

test("errno is read right 100,000 times", () => {
  let wrong = 0;
  for (let count = 0; count < 50_000; count += 1) {
    if ((thrownBy(() => sessionOf(2 ** 31 - 1)) as SystemError).code !== "ESRCH") wrong += 1;
    if ((thrownBy(() => setCloseOnExec(2 ** 31 - 1, true)) as SystemError).code !== "EBADF") wrong += 1;
  }
  expect(wrong).toBe(0);
}, 30_000);

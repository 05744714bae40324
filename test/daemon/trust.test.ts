import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  constants,
  existsSync,
  fstatSync,
  linkSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import {
  checkDirectory,
  makeDirectory,
  type OpenRequest,
  openOwnFile,
  openOwnFileIfThere,
} from "../../src/daemon/trust.ts";
import { directory, held, modeOf, refusalOf } from "./files.ts";

const nobody = 65_534;

describe("a directory", () => {
  test("of one's own below the sticky /tmp is good, also through a link on the way", () => {
    const base = directory();
    mkdirSync(`${base}/real/state`, { recursive: true });
    symlinkSync("real", `${base}/link`);
    expect(checkDirectory(`${base}/link/state`)).toBeUndefined();
    symlinkSync(`${base}/real`, `${base}/absolute`);
    expect(checkDirectory(`${base}/absolute/../link/state`)).toBeUndefined();
  });

  test("that is a link itself is refused", () => {
    const base = directory();
    symlinkSync("/usr", `${base}/link`);
    expect(refusalOf(() => checkDirectory(`${base}/link`))).toMatchObject({
      code: 4,
      message: `refusing to use ${base}/link: it is a symbolic link, which can be pointed elsewhere`,
    });
  });

  test.each([
    [0o777, false],
    [0o702, false],
    [0o1777, true],
    [0o775, true],
    [0o700, true],
  ])("of mode %o above it is good: %p", (mode, good) => {
    const base = directory();
    mkdirSync(`${base}/open/state`, { recursive: true });
    chmodSync(`${base}/open`, mode);
    if (good) return expect(checkDirectory(`${base}/open/state`)).toBeUndefined();
    const { code, message } = refusalOf(() => checkDirectory(`${base}/open/state`));
    expect(code).toBe(4);
    expect(message).toBe(`refusing to use ${base}/open: everybody may write to it, and it has no sticky bit`);
  });

  test("behind a link is judged where it really is", () => {
    const base = directory();
    mkdirSync(`${base}/open/state`, { recursive: true });
    chmodSync(`${base}/open`, 0o777);
    symlinkSync("open", `${base}/link`);
    expect(refusalOf(() => checkDirectory(`${base}/link/state`)).message).toContain(
      `${base}/open: everybody`,
    );
  });

  test("behind links that lead round and round is refused", () => {
    const base = directory();
    symlinkSync("b", `${base}/a`);
    symlinkSync("a", `${base}/b`);
    expect(() => checkDirectory(`${base}/a/state`)).toThrow();
  });

  // Only root can give a directory away.
  if (process.geteuid?.() === 0) {
    test("of another user, or below one, is refused, and so is another user's link", () => {
      const base = directory();
      mkdirSync(`${base}/foreign/state`, { recursive: true });
      chownSync(`${base}/foreign`, nobody, nobody);
      for (const path of [`${base}/foreign`, `${base}/foreign/state`]) {
        expect(refusalOf(() => checkDirectory(path)).message).toContain(`it belongs to user ${nobody}`);
      }
    });
  }
});

describe("making a directory", () => {
  test("makes those above it, too, with the mode that was asked for", () => {
    const base = directory();
    makeDirectory(`${base}/a/b`, 0o700);
    expect([`${base}/a`, `${base}/a/b`].map((path) => statSync(path).mode & 0o7777)).toEqual([0o700, 0o700]);
  });

  test("leaves the mode of one that is there", () => {
    const base = directory();
    mkdirSync(`${base}/state`, { mode: 0o750 });
    makeDirectory(`${base}/state`, 0o700);
    expect(statSync(`${base}/state`).mode & 0o7777).toBe(0o750);
  });

  test("makes nothing where everybody may write, nor through a link that leads nowhere", () => {
    const base = directory();
    chmodSync(base, 0o777);
    expect(refusalOf(() => makeDirectory(`${base}/a/b`, 0o700)).code).toBe(4);
    expect(existsSync(`${base}/a`)).toBe(false);
    chmodSync(base, 0o700);
    symlinkSync("missing", `${base}/link`);
    expect(refusalOf(() => makeDirectory(`${base}/link`, 0o700)).code).toBe(4);
    expect(existsSync(`${base}/missing`)).toBe(false);
  });

  test("is an error that names the path where a file is in the way", () => {
    const base = directory();
    writeFileSync(`${base}/file`, "");
    expect(refusalOf(() => makeDirectory(`${base}/file/state`, 0o700)).message).toContain(`${base}/file`);
  });
});

function request(path: string, devices = false): OpenRequest {
  return { path, what: "log", flags: constants.O_WRONLY | constants.O_APPEND, devices };
}

describe("opening a file of one's own", () => {
  test("makes it with its mode, whatever the umask, and keeps the mode of one that is there", () => {
    const path = `${directory()}/log`;
    const before = process.umask(0o077);
    try {
      expect(modeOf(held(openOwnFile(request(path), 0o640)))).toBe("640");
      chmodSync(path, 0o600);
      expect(modeOf(held(openOwnFile(request(path), 0o640)))).toBe("600");
    } finally {
      process.umask(before);
    }
  });

  test("gives a descriptor that a program which is started does not get", () => {
    const descriptor = held(openOwnFile(request(`${directory()}/log`), 0o640));
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8"))?.[1];
    // O_CLOEXEC, as /proc shows it.
    expect(Number.parseInt(flags ?? "0", 8) & 0o2000000).toBe(0o2000000);
  });

  test("takes /dev/null only where devices will do", () => {
    held(openOwnFile(request("/dev/null", true), 0o640));
    expect(refusalOf(() => openOwnFile(request("/dev/null"), 0o640)).message).toContain(
      "it is a device, not a file",
    );
  });

  test("takes a FIFO of one's own where devices will do, without waiting for its other end", () => {
    const path = `${directory()}/log`;
    Bun.spawnSync(["mkfifo", "-m", "600", path]);
    expect(fstatSync(held(openOwnFile(request(path, true), 0o640))).isFIFO()).toBe(true);
    chmodSync(dirname(path), 0o777);
    expect(refusalOf(() => openOwnFile(request(path, true), 0o640)).message).toContain("everybody may write");
  });

  test.each<[string, (path: string) => void]>([
    ["a symbolic link", (path) => symlinkSync("target", path)],
    ["a symbolic link", (path) => symlinkSync("missing", path)],
    ["a directory", (path) => mkdirSync(path)],
    ["a FIFO", (path) => void Bun.spawnSync(["mkfifo", path])],
    ["a second name", (path) => linkSync(path.replace(/log$/, "target"), path)],
  ])("refuses %s, whether it has to be there or not", (why, put) => {
    const base = directory();
    writeFileSync(`${base}/target`, "kept");
    put(`${base}/log`);
    for (const open of [
      () => openOwnFile(request(`${base}/log`), 0o640),
      () => openOwnFileIfThere(request(`${base}/log`)),
    ]) {
      const { code, message } = refusalOf(open);
      expect(code).toBe(4);
      expect(message).toContain(`refusing to use ${base}/log: `);
      expect(message).toContain(why);
    }
    expect(readFileSync(`${base}/target`, "utf8")).toBe("kept");
    expect(existsSync(`${base}/missing`)).toBe(false);
  });

  test("says which directory is missing, and makes none", () => {
    const base = directory();
    const { code, message, hint } = refusalOf(() => openOwnFile(request(`${base}/no/log`), 0o640));
    expect({ code, hint }).toEqual({ code: 1, hint: `make the directory ${base}/no first` });
    expect(message).toBe(`cannot open the log ${base}/no/log: no such file or directory`);
  });

  test("gives null for one that need not be there", () => {
    const base = directory();
    expect(openOwnFileIfThere(request(`${base}/log`))).toBeNull();
    expect(existsSync(`${base}/log`)).toBe(false);
  });

  if (process.geteuid?.() === 0) {
    test("refuses another user's file", () => {
      const path = `${directory()}/log`;
      writeFileSync(path, "");
      chownSync(path, nobody, nobody);
      expect(refusalOf(() => openOwnFile(request(path), 0o640)).message).toContain(
        `it belongs to user ${nobody}`,
      );
    });

    test("is not kept waiting by another user's file that has a lease on it", async () => {
      const base = directory();
      chmodSync(base, 0o1777);
      const path = `${base}/log`;
      writeFileSync(path, "");
      chownSync(path, nobody, nobody);
      // F_SETLEASE and F_WRLCK of fcntl(2); whoever opens the file waits for up to 45 s.
      const lease = `$SIG{IO} = "IGNORE"; open(FILE, "+<", $ARGV[0]) or die $!; fcntl(FILE, 1024, 1) or die $!; $| = 1; print "leased\\n"; <STDIN>`;
      const holder = Bun.spawn(
        ["setpriv", `--reuid=${nobody}`, "--clear-groups", "perl", "-e", lease, path],
        {
          stdin: "pipe",
          stdout: "pipe",
        },
      );
      const { value } = await holder.stdout.getReader().read();
      expect(Buffer.from(value ?? []).toString()).toBe("leased\n");
      const startMs = performance.now();
      expect(refusalOf(() => openOwnFile(request(path), 0o640)).message).toContain(
        `it belongs to user ${nobody}`,
      );
      expect(performance.now() - startMs).toBeLessThan(10_000);
      holder.stdin.end();
      await holder.exited;
    });

    test("refuses another user's FIFO, also where devices will do", () => {
      const path = `${directory()}/log`;
      Bun.spawnSync(["mkfifo", path]);
      chownSync(path, nobody, nobody);
      expect(refusalOf(() => openOwnFile(request(path, true), 0o640)).message).toContain(
        `it belongs to user ${nobody}`,
      );
    });
  }
});

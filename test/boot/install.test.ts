// Installing and uninstalling, on a machine that is a temporary directory and a list of the programs that were called.
import { afterEach, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bootText, install } from "../../src/boot/install.ts";
import {
  type BootSystem,
  detectInit,
  type InitKind,
  initKinds,
  type ProgramResult,
} from "../../src/boot/system.ts";
import { uninstall } from "../../src/boot/uninstall.ts";
import { entryOf } from "./entry.ts";

const rooms: string[] = [];
afterEach(() => {
  for (const room of rooms.splice(0)) rmSync(room, { recursive: true });
});

interface Given {
  readonly uid?: number;
  readonly platform?: NodeJS.Platform;
  readonly existing?: readonly string[];
  readonly programs?: readonly string[];
  /** The command, as one text, that fails. */
  readonly failing?: string;
  readonly crontab?: string | null;
}

/** A machine in a directory of its own, whose programs only note that they were called. */
class Machine implements BootSystem {
  readonly platform: NodeJS.Platform;
  readonly uid: number;
  readonly room = mkdtempSync(join(tmpdir(), "djob-machine-"));
  readonly calls: string[] = [];
  readonly #given: Given;
  crontab: string | null;

  constructor(given: Given = {}) {
    rooms.push(this.room);
    this.platform = given.platform ?? "linux";
    this.uid = given.uid ?? 0;
    this.crontab = given.crontab ?? null;
    this.#given = given;
    if (this.uid === 0) for (const name of ["systemd", "init.d", "launchd"]) mkdirSync(join(this.room, name));
  }

  get directories() {
    const scripts = this.uid === 0 ? join(this.room, "init.d") : null;
    const at = (name: string) => join(this.room, name);
    return { systemd: at("systemd"), openrc: scripts, sysv: scripts, launchd: at("launchd") };
  }

  exists(path: string): boolean {
    return (this.#given.existing ?? ["/run/systemd/system"]).includes(path);
  }

  has(program: string): boolean {
    return (this.#given.programs ?? ["crontab", "update-rc.d"]).includes(program);
  }

  call(command: readonly string[], input?: string): ProgramResult {
    const line = command.join(" ").replaceAll(this.room, "ROOM");
    this.calls.push(line);
    if (line === this.#given.failing) return { code: 3, stdout: "", stderr: "it said why\n" };
    if (line === "crontab -l" && this.crontab === null)
      return { code: 1, stdout: "", stderr: "no crontab for root\n" };
    if (line === "crontab -") this.crontab = input ?? "";
    return { code: 0, stdout: line === "crontab -l" ? (this.crontab ?? "") : "", stderr: "" };
  }

  files(): string[] {
    return ["systemd", "init.d", "launchd"].flatMap((name) =>
      existsSync(join(this.room, name))
        ? readdirSync(join(this.room, name)).map((file) => `${name}/${file}`)
        : [],
    );
  }

  read(file: string): string {
    return readFileSync(join(this.room, file), "utf8");
  }

  mode(file: string): number {
    return statSync(join(this.room, file)).mode & 0o777;
  }
}

describe("what starts daemons here is", () => {
  const kinds: ReadonlyArray<readonly [InitKind | null, string, Given]> = [
    ["systemd", "systemd, where it runs", {}],
    ["systemd", "systemd for other users, too", { uid: 1000 }],
    ["launchd", "launchd on macOS", { platform: "darwin", existing: [] }],
    ["openrc", "OpenRC, where its directory is", { existing: ["/run/openrc", "/etc/init.d"] }],
    ["sysv", "SysV, where scripts can be registered", { existing: ["/etc/init.d"] }],
    ["sysv", "SysV with chkconfig", { existing: ["/etc/init.d"], programs: ["chkconfig"] }],
    ["crontab", "cron, where nobody registers scripts", { existing: ["/etc/init.d"], programs: ["crontab"] }],
    [
      "crontab",
      "cron for other users, without systemd",
      { existing: ["/run/openrc", "/etc/init.d"], uid: 1000 },
    ],
    [null, "nothing, without any of them", { existing: [], programs: [] }],
  ];
  test.each(kinds)("%s: %s", (kind, _, given) => {
    expect(detectInit(new Machine(given))).toBe(kind);
  });
});

describe("as root", () => {
  test("systemd gets a unit, and is told", () => {
    const machine = new Machine();
    const { path } = install(machine, entryOf(), "systemd", false);
    expect(path).toBe(join(machine.room, "systemd/djob-worker.service"));
    expect(machine.files()).toEqual(["systemd/djob-worker.service"]);
    expect(machine.mode("systemd/djob-worker.service")).toBe(0o644);
    expect(machine.read("systemd/djob-worker.service")).toBe(bootText(machine, entryOf(), "systemd"));
    expect(machine.calls).toEqual(["systemctl daemon-reload", "systemctl enable djob-worker.service"]);
    machine.calls.length = 0;
    expect(uninstall(machine, "worker", true)).toEqual([{ path }]);
    expect(machine.files()).toEqual([]);
    expect(machine.calls).toEqual([
      "systemctl stop djob-worker.service",
      "systemctl disable djob-worker.service",
      "systemctl daemon-reload",
      "crontab -l",
    ]);
  });

  test("without a running systemd, as in an image that is built, a unit is only enabled", () => {
    const machine = new Machine({ existing: [] });
    install(machine, entryOf(), "systemd", false);
    expect(machine.calls).toEqual(["systemctl enable djob-worker.service"]);
  });

  test("OpenRC and SysV get scripts, and only their own commands", () => {
    const machine = new Machine();
    install(machine, entryOf(), "openrc", true);
    expect(machine.calls).toEqual(["rc-update add djob-worker default", "rc-service djob-worker start"]);
    expect(machine.mode("init.d/djob-worker")).toBe(0o755);
    machine.calls.length = 0;
    uninstall(machine, "worker", false);
    expect(machine.calls).toEqual(["rc-update del djob-worker default", "crontab -l"]);
    expect(machine.files()).toEqual([]);

    machine.calls.length = 0;
    install(machine, entryOf(), "sysv", true);
    expect(machine.calls).toEqual(["update-rc.d djob-worker defaults", "ROOM/init.d/djob-worker start"]);
    machine.calls.length = 0;
    uninstall(machine, "worker", false);
    expect(machine.calls).toEqual(["update-rc.d djob-worker remove", "crontab -l"]);
    expect(machine.files()).toEqual([]);
  });

  test("launchd gets a property list", () => {
    const machine = new Machine({ platform: "darwin" });
    install(machine, entryOf(), "launchd", true);
    expect(machine.calls).toEqual([
      "launchctl enable system/djob-worker",
      "launchctl bootstrap system ROOM/launchd/djob-worker.plist",
    ]);
    uninstall(machine, "worker", true);
    expect(machine.files()).toEqual([]);
  });

  test("a crontab gets a line and loses it, and nothing else changes", () => {
    const others = "# mine\n5 4 * * * x";
    const machine = new Machine({ crontab: others });
    expect(install(machine, entryOf(), "crontab", false)).toEqual({ path: null });
    expect(machine.crontab).toStartWith(`${others}\n@reboot /usr/local/bin/djob run --ok `);
    expect(uninstall(machine, "worker", false)).toEqual([{ path: null }]);
    expect(machine.crontab).toBe(`${others}\n`);
    const empty = new Machine();
    install(empty, entryOf(), "crontab", true);
    expect(empty.calls.at(-1)).toBe("/usr/local/bin/djob run --ok --name=worker /srv/app/worker.ts");
  });

  test("installing again replaces what djob has written", () => {
    const machine = new Machine();
    install(machine, entryOf(), "systemd", false);
    install(machine, entryOf({ runArguments: ["--name=worker", "/srv/other.ts"] }), "systemd", false);
    expect(machine.files()).toEqual(["systemd/djob-worker.service"]);
    expect(machine.read("systemd/djob-worker.service")).toContain("/srv/other.ts");
  });

  test("variables are for root's eyes only", () => {
    const machine = new Machine();
    install(machine, entryOf({ isPrivate: true }), "systemd", false);
    install(machine, entryOf({ isPrivate: true }), "sysv", false);
    expect(machine.mode("systemd/djob-worker.service")).toBe(0o600);
    expect(machine.mode("init.d/djob-worker")).toBe(0o700);
  });
});

describe("as another user", () => {
  test("systemd's user manager is told, in a directory that is made", () => {
    const machine = new Machine({ uid: 1000 });
    install(machine, entryOf({ scope: "user" }), "systemd", true);
    expect(machine.files()).toEqual(["systemd/djob-worker.service"]);
    expect(machine.calls).toEqual([
      "systemctl --user daemon-reload",
      "systemctl --user enable djob-worker.service",
      "systemctl --user start djob-worker.service",
    ]);
  });

  test("init scripts are root's", () => {
    const machine = new Machine({ uid: 1000 });
    expect(() => install(machine, entryOf({ scope: "user" }), "sysv", false)).toThrow("only root may add to");
  });
});

describe("nothing is left of an install", () => {
  test.each([
    ["systemd", "systemctl daemon-reload"],
    ["systemd", "systemctl enable djob-worker.service"],
    ["systemd", "systemctl start djob-worker.service"],
    ["openrc", "rc-update add djob-worker default"],
    ["openrc", "rc-service djob-worker start"],
    ["sysv", "update-rc.d djob-worker defaults"],
    ["sysv", "ROOM/init.d/djob-worker start"],
    ["launchd", "launchctl bootstrap system ROOM/launchd/djob-worker.plist"],
    ["crontab", "crontab -"],
    ["crontab", "/usr/local/bin/djob run --ok --name=worker /srv/app/worker.ts"],
  ] as ReadonlyArray<readonly [InitKind, string]>)("by %s that fails at: %s", (kind, failing) => {
    const machine = new Machine({ failing, crontab: "# mine\n" });
    expect(() => install(machine, entryOf(), kind, true)).toThrow(/exit code 3\n {2}it said why/);
    expect(machine.files()).toEqual([]);
    expect(machine.crontab).toBe("# mine\n");
  });

  test("by systemd that fails while it replaces an earlier one: that one stays", () => {
    const given = { failing: "" };
    const machine = new Machine(given);
    install(machine, entryOf(), "systemd", false);
    const before = machine.read("systemd/djob-worker.service");
    given.failing = "systemctl start djob-worker.service";
    expect(() => install(machine, entryOf({ stopTimeoutMs: 1 }), "systemd", true)).toThrow("exit code 3");
    expect(machine.read("systemd/djob-worker.service")).toBe(before);
    expect(machine.calls.slice(-2)).toEqual([
      "systemctl daemon-reload",
      "systemctl enable djob-worker.service",
    ]);
  });

  test("with a word that no init system's file can hold", () => {
    for (const kind of initKinds) {
      const machine = new Machine();
      const entry = entryOf({ runArguments: ["--env=A=1\nExecStartPre=/bin/evil"] });
      expect(() => install(machine, entry, kind, false)).toThrow("control character");
      expect(() => bootText(machine, entry, kind)).toThrow("control character");
      expect([machine.files(), machine.calls]).toEqual([[], []]);
    }
  });
});

describe("a file that djob did not write stays as it is", () => {
  test("in an install and an uninstall", () => {
    const machine = new Machine();
    writeFileSync(join(machine.room, "init.d/djob-worker"), "#!/bin/sh\n# by hand\n");
    expect(() => install(machine, entryOf(), "sysv", false)).toThrow("refusing to touch");
    expect(() => uninstall(machine, "worker", false)).toThrow("refusing to touch");
    expect(machine.read("init.d/djob-worker")).toBe("#!/bin/sh\n# by hand\n");
    expect(machine.calls).toEqual([]);
  });

  test("when it is a link, such as that of a masked unit", () => {
    const machine = new Machine();
    symlinkSync("/dev/null", join(machine.room, "systemd/djob-worker.service"));
    expect(() => install(machine, entryOf(), "systemd", false)).toThrow("refusing to touch");
  });
});

test("a directory that everybody may write to is refused", () => {
  const machine = new Machine();
  rmSync(join(machine.room, "systemd"), { recursive: true });
  mkdirSync(join(machine.room, "systemd"));
  Bun.spawnSync(["chmod", "0777", join(machine.room, "systemd")]);
  expect(() => install(machine, entryOf(), "systemd", false)).toThrow("everybody may write to it");
  expect(machine.files()).toEqual([]);
});

test("what is not installed is not uninstalled", () => {
  const machine = new Machine({ crontab: "@reboot x # djob worker2\n" });
  install(machine, entryOf({ name: "other" }), "systemd", false);
  expect(uninstall(machine, "worker", true)).toEqual([]);
  expect(machine.files()).toEqual(["systemd/djob-other.service"]);
});

// Directories that somebody else could swap are refused before anything is made in them.
import { expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
} from "node:fs";
import { type Workspace, workspace } from "./harness.ts";

const nobody = 65_534;

interface Place {
  readonly what: string;
  readonly why: string;
  /** @returns the --dir to use, and the directory in which nothing may appear */
  make(space: Workspace): { readonly dir: string; readonly untouched: string };
}

const places: readonly Place[] = [
  {
    what: "a directory that everybody may write to",
    why: "everybody may write to it, and it has no sticky bit",
    make(space) {
      const dir = made(space, "open", 0o777);
      return { dir, untouched: dir };
    },
  },
  {
    what: "a directory below one that everybody may write to",
    why: "everybody may write to it, and it has no sticky bit",
    make(space) {
      const untouched = made(space, "open", 0o777);
      return { dir: `${untouched}/own`, untouched };
    },
  },
  {
    what: "a symbolic link to a directory",
    why: "it is a symbolic link",
    make(space) {
      const untouched = made(space, "real", 0o700);
      symlinkSync(untouched, space.path("link"));
      return { dir: space.path("link"), untouched };
    },
  },
  {
    what: "a symbolic link that leads nowhere",
    why: "it is a symbolic link",
    make(space) {
      const untouched = made(space, "real", 0o700);
      symlinkSync(`${untouched}/missing`, space.path("link"));
      return { dir: space.path("link"), untouched };
    },
  },
  {
    what: "a file",
    why: "it is not a directory",
    make: (space) => ({ dir: space.write("file", ""), untouched: made(space, "real", 0o700) }),
  },
];

/** Only root can give a directory away; for everybody else there is none to be had that is another user's. */
const foreignPlaces: readonly Place[] = [
  {
    what: "another user's directory",
    why: `it belongs to user ${nobody}`,
    make(space) {
      const dir = made(space, "foreign", 0o700);
      chownSync(dir, nobody, nobody);
      return { dir, untouched: dir };
    },
  },
  {
    what: "a directory below another user's",
    why: `it belongs to user ${nobody}`,
    make(space) {
      const untouched = made(space, "foreign", 0o755);
      chownSync(untouched, nobody, nobody);
      return { dir: `${untouched}/own`, untouched };
    },
  },
];

test.each([...places, ...(process.geteuid?.() === 0 ? foreignPlaces : [])])(
  "$what is refused, and nothing is made there",
  async ({ why, make }) => {
    const space = workspace();
    space.write("worker.ts", 'import { job } from "djob"; job("tick", "every 1h", () => {});');
    const { dir, untouched } = make(space);
    const before = statSync(untouched);
    const { code, stdout, stderr } = await space.djob(["run", "--dir", dir, "worker.ts"]);
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    expect(stderr).toContain("refusing to use ");
    expect(stderr).toContain(why);
    expect(readdirSync(untouched)).toEqual([]);
    const { mode, uid } = statSync(untouched);
    expect({ mode, uid }).toEqual({ mode: before.mode, uid: before.uid });
  },
);

test("a directory that everybody may write to is good with the sticky bit, for one's own files", async () => {
  const space = workspace();
  space.write("worker.ts", 'import { job } from "djob"; job("tick", "every 1h", () => {});');
  const dir = made(space, "state", 0o1777);
  await space.run(["--dir", dir, "worker.ts"]);
  expect((await space.djob(["stop", "--dir", dir, "worker"])).code).toBe(0);
});

test("a directory that is missing is made for its owner alone, with those above it", async () => {
  const space = workspace();
  space.write("worker.ts", 'import { job } from "djob"; job("tick", "every 1h", () => {});');
  const dir = space.path("a/b/c");
  await space.run(["--dir", dir, "worker.ts"]);
  for (const path of ["a", "a/b", "a/b/c"]) expect(statSync(space.path(path)).mode & 0o7777).toBe(0o700);
  expect((await space.djob(["stop", "--dir", dir, "worker"])).code).toBe(0);
  expect(existsSync(`${dir}/worker.pid`)).toBe(false);
});

function made(space: Workspace, name: string, mode: number): string {
  const path = space.path(name);
  mkdirSync(path);
  chmodSync(path, mode);
  return path;
}

test("a pidfile may lie behind a link that nobody else can change, as /var/run is", async () => {
  const space = workspace();
  space.write("worker.ts", 'import { job } from "djob"; job("tick", "every 1h", () => {});');
  mkdirSync(space.path("run"));
  symlinkSync("run", space.path("var-run"));
  const place = ["--pidfile", "var-run/worker.pid"];
  const pid = await space.run(["worker.ts", ...place]);
  expect(readFileSync(space.path("run/worker.pid"), "utf8")).toBe(`${pid}\n`);
  expect((await space.djob(["stop", "worker", ...place])).code).toBe(0);
  expect(readdirSync(space.path("run"))).toEqual([]);
});

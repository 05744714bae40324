import { expect, onTestFinished, test } from "bun:test";
import { chownSync } from "node:fs";
import type { Place } from "../../../src/daemon/finding/locate.ts";
import { requireOwnWords } from "../../../src/daemon/finding/speaker.ts";
import { directory, refusalOf } from "../files.ts";

const nobody = 65_534;

function placeWithSocket(): Place {
  const base = directory();
  const socket = `${base}/w.sock`;
  const server = Bun.serve({ unix: socket, fetch: () => new Response() });
  onTestFinished(() => server.stop(true));
  return { name: "w", paths: { pidfile: `${base}/w.pid`, socket, log: null, logErr: null, history: "" } };
}

test("one's own socket and one's own process speak for a daemon", () => {
  const place = placeWithSocket();
  expect(requireOwnWords(place, null)).toBeUndefined();
  expect(requireOwnWords(place, process.pid)).toBeUndefined();
});

test("a socket or a process that is gone speaks for none", () => {
  const place = placeWithSocket();
  const gone = { ...place, paths: { ...place.paths, socket: "/djob-no-such-socket" } };
  const ended = { code: 7, message: "w is not running any more: it has just ended" };
  expect(refusalOf(() => requireOwnWords(gone, null))).toMatchObject(ended);
});

// Only root can give a socket away, and has something to lose by believing it.
if (process.geteuid?.() === 0) {
  test("another user's socket and another user's process do not: exit 4", async () => {
    const place = placeWithSocket();
    chownSync(place.paths.socket, nobody, nobody);
    const expected = {
      code: 4,
      message: `cannot restart w: it is user ${nobody}'s process that would say with which flags`,
      hint: "stop it with djob stop w, and start it with djob run",
    };
    expect(refusalOf(() => requireOwnWords(place, null))).toMatchObject(expected);
    const other = Bun.spawn(["setpriv", "--reuid", String(nobody), "sh", "-c", "echo; exec sleep 1000"], {
      stdout: "pipe",
    });
    onTestFinished(() => other.kill());
    await other.stdout.getReader().read();
    expect(refusalOf(() => requireOwnWords(place, other.pid))).toMatchObject(expected);
  });
}

import { expect, test } from "bun:test";
import {
  decodeSockets,
  encodeSockets,
  listenDescriptors,
} from "../../../src/daemon/service-manager/activation.ts";

const meant = { LISTEN_PID: "7", LISTEN_FDS: "2" };

test.each([
  [{}, []],
  [meant, ["3 unknown", "4 unknown"]],
  [{ ...meant, LISTEN_FDNAMES: "web:admin" }, ["3 web", "4 admin"]],
  [{ ...meant, LISTEN_FDNAMES: ":admin:more" }, ["3 unknown", "4 admin"]],
  [{ ...meant, LISTEN_PID: "8" }, []],
  [{ LISTEN_FDS: "2" }, []],
  [{ ...meant, LISTEN_FDS: "0" }, []],
  [{ ...meant, LISTEN_FDS: "-1" }, []],
  [{ ...meant, LISTEN_FDS: "99999" }, []],
] as ReadonlyArray<readonly [Readonly<Record<string, string>>, string[]]>)(
  "%p hands process 7 these sockets: %p",
  (environment, expected) => {
    const found = listenDescriptors(environment, 7).map(({ descriptor, name }) => `${descriptor} ${name}`);
    expect(found).toEqual(expected);
  },
);

test.each([
  [[]],
  [[{ descriptor: 10, name: "web" }]],
  [
    [
      { descriptor: 10, name: "a, b=c d" },
      { descriptor: 11, name: "unknown" },
    ],
  ],
])("%p survives the way to the next image", (sockets) => {
  expect(decodeSockets(encodeSockets(sockets))).toEqual(sockets);
});

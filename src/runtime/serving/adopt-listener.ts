// Bun.serve on a socket that somebody else has opened. It has no option for that, so it listens on one of its own first,
// and then the inherited socket takes that one's place under the same descriptor: dup2 closes the other, which also ends
// its registration with the runtime's epoll, and the same registration is made again. What the runtime holds is as before, a
// descriptor number and a registration, so accepting, TLS, draining and closing stay its own. It is done at once after
// Bun.serve has returned, before the loop can have looked at the socket. All that is taken for granted is looked up first:
// where it does not hold, the module fails to start.
import type { Server } from "bun";
import type { ListenSocket } from "djob";
import { unwatch, type Watched, watch, watchedDescriptors } from "../../libc/epoll.ts";
import { duplicate, setCloseOnExec } from "../../libc/files.ts";
import { describeSocket, type SocketDescription, setNonBlocking } from "../../libc/sockets.ts";

export type ServeOptions = Parameters<typeof Bun.serve>[0];

export interface Adopted {
  readonly server: Server<unknown>;
  /** From now on connections wait in the socket, for the next image or whom the service manager starts next. */
  stopAccepting(): void;
}

/** @throws {Error} if Bun refuses the options, or the socket can't be put into its place */
export function serveOn(socket: ListenSocket, options: ServeOptions): Adopted {
  const { server, isStandIn } = serveStandIn(socket, options);
  try {
    const place = findPlace(isStandIn);
    // A service manager may hand over a blocking one, and accepting goes on until there is nothing more.
    setNonBlocking(socket.fd);
    duplicate(socket.fd, place.descriptor);
    setCloseOnExec(place.descriptor, true);
    watch(place);
    return { server, stopAccepting: () => stopWatching(place) };
  } catch (error) {
    void server.stop(true);
    throw error;
  }
}

/** Once only, and not after the module has stopped its server itself: the number may be another's by then. */
function stopWatching(place: Watched): void {
  const isThere = watchedDescriptors().some(
    ({ poll, descriptor, data }) =>
      poll === place.poll && descriptor === place.descriptor && data === place.data,
  );
  if (isThere) unwatch(place);
}

interface StandIn {
  readonly server: Server<unknown>;
  /** Whether a socket is the one that Bun.serve has made. */
  readonly isStandIn: (description: SocketDescription) => boolean;
}

/** Of the same family if possible, so that the server knows its port; a sandbox may allow Unix sockets alone. */
function serveStandIn({ family }: ListenSocket, options: ServeOptions): StandIn {
  if (family !== "unix") {
    try {
      const hostname = family === "inet" ? "127.0.0.1" : "::1";
      const server = Bun.serve(at(options, { hostname, port: 0 }));
      const { port } = server;
      return { server, isStandIn: (found) => found.address === hostname && found.port === port };
    } catch {
      // If it was not the family, the same error comes again.
    }
  }
  const name = `djob-${crypto.randomUUID()}`;
  const server = Bun.serve(at(options, { unix: `\0${name}` }));
  return { server, isStandIn: (found) => found.path === `@${name}` };
}

function at(
  options: ServeOptions,
  place: { hostname: string; port: number } | { unix: string },
): ServeOptions {
  const { hostname, port, unix, reusePort, ipv6Only, ...rest } = { ...options } as Record<string, unknown>;
  return { ...rest, ...place } as ServeOptions;
}

function findPlace(isStandIn: StandIn["isStandIn"]): Watched {
  const places = watchedDescriptors().filter(({ descriptor }) => {
    const description = describeSocket(descriptor);
    return description?.listening === true && isStandIn(description);
  });
  const [place] = places;
  if (place !== undefined && places.length === 1) return place;
  throw new Error("a socket of the service manager can be served with epoll and /proc only");
}

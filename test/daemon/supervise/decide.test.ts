// What the supervisor decides in every state on every event.
import { describe, expect, test } from "bun:test";
import { decide } from "../../../src/daemon/supervise/decide.ts";
import type { SupervisorEvent, SupervisorState } from "../../../src/daemon/supervise/state.ts";
import {
  after,
  again,
  clean,
  crash,
  due,
  exited,
  kill,
  orphaned,
  ready,
  recycle,
  reload,
  reloading,
  retired,
  rules,
  running,
  secondBackOff,
  shown,
  stop,
  swept,
} from "./decisions.ts";

/** Each state, how it is come to, and what each event makes of it. What is not listed changes nothing and does nothing. */
const states: ReadonlyArray<{
  readonly name: string;
  readonly events: readonly SupervisorEvent[];
  readonly expected: Readonly<Record<string, string>>;
}> = [
  {
    name: "starting for the first time",
    events: [],
    expected: {
      ready: "running, nobody to 1, reloaded",
      crash: "failed, not reloaded: SIGSEGV, sweep by KILL",
      clean: "failed, not reloaded: it ended by itself (exit code 0), sweep by KILL",
      reload: "starting",
      stop: "stopping, not reloaded: it is ending, ask 1",
      kill: "stopping, not reloaded: it is ending, kill 1, sweep by KILL",
    },
  },
  {
    name: "starting again",
    events: again,
    expected: {
      ready: "running, nobody to 2, reloaded",
      crash: "backing-off, not reloaded: SIGSEGV, announce 500, sweep",
      clean: "stopping, not reloaded: it ended by itself (exit code 0), sweep",
      reload: "starting",
      stop: "stopping, not reloaded: it is ending, ask 2",
      kill: "stopping, not reloaded: it is ending, kill 2, sweep by KILL",
    },
  },
  {
    name: "running",
    events: running,
    expected: {
      crash: "backing-off, not reloaded: SIGSEGV, announce 0, sweep",
      clean: "stopping, not reloaded: it ended by itself (exit code 0), sweep",
      reload: "reloading, start 2",
      recycle: "running, ask 1",
      "recycle by KILL": "running, kill 1",
      stop: "stopping, not reloaded: it is ending, ask 1",
      kill: "stopping, not reloaded: it is ending, kill 1, sweep by KILL",
    },
  },
  {
    name: "reloading",
    events: reloading,
    expected: {
      ready: "running, 1 to 2, reloaded",
      crash: "reloading",
      clean: "reloading",
      "candidate crashes": "running, not reloaded: SIGSEGV",
      reload: "reloading",
      recycle: "reloading, ask 1",
      "recycle by KILL": "reloading, kill 1",
      stop: "stopping, not reloaded: it is ending, kill 2, ask 1",
      kill: "stopping, not reloaded: it is ending, kill 1, kill 2, sweep by KILL",
    },
  },
  {
    name: "reloading with the current worker dead",
    events: orphaned,
    expected: {
      ready: "running, nobody to 2, reloaded",
      "candidate crashes": "backing-off, not reloaded: SIGSEGV, announce 0, sweep",
      reload: "reloading",
      stop: "stopping, not reloaded: it is ending, kill 2",
      kill: "stopping, not reloaded: it is ending, kill 2, sweep by KILL",
    },
  },
  {
    name: "running beside a worker that finishes on old code",
    events: retired,
    expected: {
      crash: "backing-off, not reloaded: SIGSEGV, announce 0, sweep",
      clean: "stopping, not reloaded: it ended by itself (exit code 0), ask 1, sweep",
      "old one ends": "running",
      reload: "reloading, start 3",
      recycle: "running, ask 2",
      "recycle by KILL": "running, kill 2",
      stop: "stopping, not reloaded: it is ending, ask 2, ask 1",
      kill: "stopping, not reloaded: it is ending, kill 2, kill 1, sweep by KILL",
    },
  },
  {
    name: "backing off before the sweep is over",
    events: secondBackOff,
    expected: {
      swept: "backing-off, wait 500",
      reload: "backing-off",
      stop: "stopping, not reloaded: it is ending, sweep",
      kill: "stopping, not reloaded: it is ending, sweep by KILL",
    },
  },
  {
    name: "backing off after the sweep",
    events: [...secondBackOff, swept],
    expected: {
      due: "starting, start 3",
      reload: "starting, start 3",
      // Nobody says it twice; what was swept once more is no reason to wait again and longer.
      swept: "backing-off, wait 500",
      stop: "stopping, not reloaded: it is ending, sweep",
      kill: "stopping, not reloaded: it is ending, sweep by KILL",
    },
  },
  {
    name: "stopping",
    events: [...running, stop],
    expected: {
      crash: "stopping, sweep",
      clean: "stopping, sweep",
      reload: "stopping, not reloaded: it is ending",
      kill: "stopping, kill 1, sweep by KILL",
    },
  },
  {
    name: "stopping with a candidate",
    events: [...reloading, stop],
    expected: {
      crash: "stopping",
      clean: "stopping",
      "candidate crashes": "stopping",
      reload: "stopping, not reloaded: it is ending",
      kill: "stopping, kill 1, kill 2, sweep by KILL",
    },
  },
  {
    name: "stopping without a worker",
    events: [...running, stop, exited(1)],
    expected: {
      swept: "stopped, end 0",
      reload: "stopping, not reloaded: it is ending",
      kill: "stopping, sweep by KILL",
    },
  },
  {
    name: "failed, and sweeping",
    events: [exited(1)],
    expected: {
      swept: "failed, end 9",
      reload: "failed, not reloaded: it is ending",
      kill: "failed, sweep by KILL",
    },
  },
  { name: "failed", events: [exited(1), swept], expected: {} },
  { name: "stopped", events: [...running, stop, exited(1), swept], expected: {} },
];

const newest = ({ current, candidate }: SupervisorState) => candidate ?? current ?? 99;

/** The events, as they are about the workers of a state. */
const events: Readonly<Record<string, (state: SupervisorState) => SupervisorEvent>> = {
  ready: (state) => ready(newest(state)),
  crash: ({ current }) => exited(current ?? 98, crash),
  clean: ({ current }) => exited(current ?? 98, clean),
  "candidate crashes": ({ candidate }) => exited(candidate ?? 97),
  "old one ends": ({ retiring }) => exited(retiring[0] ?? 96, clean),
  "a stranger ends": () => exited(95),
  due: () => due,
  swept: () => swept,
  reload: () => reload,
  recycle: ({ current }) => recycle(current ?? 98),
  "recycle by KILL": ({ current }) => recycle(current ?? 98, true),
  "recycle another": () => recycle(95),
  stop: () => stop,
  kill: () => kill,
};

describe.each(states.map((state) => [state.name, state] as const))(
  "%s",
  (_name, { events: path, expected }) => {
    test.each(Object.keys(events))("%s", (name) => {
      const state = after(path);
      const event = events[name]?.(state) ?? stop;
      expect(shown(decide(state, event, rules))).toBe(expected[name] ?? state.phase);
    });
  },
);

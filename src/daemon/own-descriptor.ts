// Descriptors of djob's in a process that runs modules, which may close any number: `for (fd = 3; fd < 256; fd += 1) close(fd)` is
// a usual way to start. What is opened next gets that number, and what djob writes would go there. So they have high numbers, and
// are looked at before each use.
import { closeSync, constants, fstatSync, openSync } from "node:fs";
import {
  closeDescriptor,
  duplicate,
  duplicateAbove,
  memoryFile,
  openAbove,
  setCloseOnExec,
} from "../libc/files.ts";
import { errorCode } from "./error.ts";

/** The highest that the limit of open files allows is taken. */
const highNumbers = [1_000, 500, 250, 120, 60];
/** Numbers below this one are left to modules. */
const reach = 256;

export class OwnDescriptor {
  readonly number: number;
  readonly #identity: string | null;

  constructor(number: number) {
    this.number = number;
    this.#identity = identityOf(number);
  }

  /** Whether it is what it was: sockets and pipes have numbers of their own on their device, and files have theirs. */
  get isOurs(): boolean {
    return this.#identity !== null && identityOf(this.number) === this.#identity;
  }
}

/** Moves one that has come at a low number. What takes its place there is /dev/null: the number stays taken. */
export function moveOutOfReach(descriptor: number): number {
  const moved = duplicateHigh(descriptor);
  if (moved === null) return descriptor;
  const placeholder = openSync("/dev/null", constants.O_RDWR);
  duplicate(placeholder, descriptor);
  closeSync(placeholder);
  setCloseOnExec(descriptor, true);
  return moved;
}

/** Another hold of one that modules can reach, to go on with when they have closed it. */
export function holdOutOfReach(descriptor: number): number {
  return duplicateHigh(descriptor) ?? descriptor;
}

/** What a call opens has numbers that modules are not expected to close. */
export function openOutOfReach<Result>(open: () => Result): Result {
  // After a chroot there may be no /dev.
  const filler = memoryFile("djob-room") ?? openSync("/dev/null", constants.O_RDONLY);
  try {
    return openAbove(reach, filler, open);
  } finally {
    closeDescriptor(filler);
  }
}

function duplicateHigh(descriptor: number): number | null {
  for (const minimum of highNumbers) {
    try {
      return duplicateAbove(descriptor, minimum);
    } catch (error) {
      // EINVAL: beyond the limit (fcntl(2)).
      if (!["EINVAL", "EMFILE"].includes(errorCode(error) ?? "")) throw error;
    }
  }
  return null;
}

function identityOf(descriptor: number): string | null {
  try {
    const { dev, ino, mode } = fstatSync(descriptor);
    return `${dev}:${ino}:${mode & constants.S_IFMT}`;
  } catch (error) {
    if (errorCode(error) === "EBADF") return null;
    throw error;
  }
}

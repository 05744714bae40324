// A daemon's log as one of its processes writes it: where its records go, and who rotates the files.
import { lstatSync } from "node:fs";
import { closeDescriptor } from "../../libc/files.ts";
import { EnclosedFile } from "../../logs/enclosed-file.ts";
import { LogFile, type LogFileOptions } from "../../logs/file.ts";
import { logFileSystem } from "../../logs/file-system.ts";
import { type Formatter, formatted, formatterOf } from "../../logs/form/form.ts";
import { Health } from "../../logs/health.ts";
import { DescriptorOutput, type LogOutput, noOutput } from "../../logs/output.ts";
import { type JobFile, JobFiles } from "../../logs/per-job.ts";
import { type Redact, redactorOf } from "../../logs/redact.ts";
import { redactedOutput } from "../../logs/redacted-output.ts";
import { Housekeeper } from "../../logs/rotate/housekeeper.ts";
import { largestLog } from "../../logs/rotate/retention.ts";
import type { RotationRules } from "../../logs/rules.ts";
import { type FileWatch, LogStream } from "../../logs/stream.ts";
import type { LogState, Trouble } from "../../logs/trouble.ts";
import { watchIdleLogs } from "../../logs/watch-idle.ts";
import type { Environment } from "../environment.ts";
import { openOutOfReach } from "../own-descriptor.ts";
import { ownerOf } from "../privileges/privileges.ts";
import type { Spec } from "../spec.ts";
import { openLog } from "./log-files.ts";
import { remoteOutput } from "./log-remote.ts";

export interface LogEvents {
  now(): number;
  stateChanged(state: LogState): void;
  /** This process has rotated a log, or asks who may to do it. */
  fileChanged(): void;
  /** Another file is the log now: processes inside another root directory are to be handed it. */
  fileTaken(): void;
}

export class DaemonLog {
  readonly output: LogOutput;
  readonly redact: Redact | null;
  readonly #spec: Spec;
  readonly #events: LogEvents;
  readonly #health: Health;
  readonly #files: LogFile[] = [];
  /** Of a process inside another root directory, in the order of their descriptors. */
  readonly #enclosed: EnclosedFile[] = [];
  readonly #jobFiles: JobFiles | null;
  readonly #housekeeper: Housekeeper | null;
  readonly #format: Formatter;
  readonly #system = logFileSystem((path) => openLog(path, ownerOf(this.#spec.privileges)));
  readonly #isWorker: boolean;
  /** Of jobs' own files that can't be opened. */
  readonly #jobTrouble: Trouble;
  #hasBegun = false;

  /** @param isWorker or else the supervisor, which writes little, but may do what a worker that has given up root may not */
  constructor(spec: Spec, isWorker: boolean, environment: Environment, events: LogEvents) {
    this.#spec = spec;
    this.redact = redactorOf(spec.redaction, environment);
    this.#isWorker = isWorker;
    this.#events = events;
    this.#health = new Health(events.stateChanged);
    this.#jobTrouble = this.#health.part();
    this.#format = formatterOf(spec.log.form);
    this.#housekeeper = this.#makeHousekeeper(spec.log.rotation);
    const { log } = spec.paths;
    this.#jobFiles =
      spec.log.perJob && isWorker && log !== null
        ? new JobFiles(log, (path) => this.#openJobFile(path))
        : null;
    const output = this.#makeOutput();
    this.output = this.redact === null ? output : redactedOutput(output, this.redact, this.isStructured);
  }

  /** Whether the log has a place of its own for fields and errors. */
  get isStructured(): boolean {
    const { form, target } = this.#spec.log;
    return form !== "text" || target.type === "journald" || target.type === "syslog";
  }

  get state(): LogState {
    return this.#health.state;
  }

  /** The daemon is ready: from now on its files are looked after. */
  begin(): void {
    if (this.#housekeeper === null || this.#hasBegun) return;
    this.#hasBegun = true;
    this.#housekeeper.wake();
    watchIdleLogs(() => [...this.#files, ...(this.#jobFiles?.opened ?? [])], this.#events.now);
  }

  /** Opens the files anew under their names. @throws if one can't be opened: then it goes on with the old one */
  reopen(): void {
    const opened: number[] = [];
    try {
      for (const file of this.#all) opened.push(file.open());
    } catch (error) {
      for (const descriptor of opened) closeDescriptor(descriptor);
      throw error;
    }
    for (const [index, file] of this.#all.entries()) file.take(opened[index] ?? 1, this.#events.now());
  }

  /** Another process has rotated one of them, or asks for it. */
  look(): void {
    for (const file of this.#all) file.look(this.#events.now());
  }

  /** What the supervisor, which is outside, has handed in: its descriptors 1 and 2. */
  takeHandedIn(files: readonly number[]): void {
    for (const [index, descriptor] of files.entries()) {
      const file = this.#enclosed[index];
      if (file === undefined) closeDescriptor(descriptor);
      else file.take(descriptor, this.#events.now());
    }
  }

  get #all(): readonly LogFile[] {
    return [...this.#files, ...(this.#jobFiles?.opened ?? [])];
  }

  #makeOutput(): LogOutput {
    const { log, paths } = this.#spec;
    if (log.target.type === "none") return noOutput;
    const open = () => remoteOutput(this.#spec, this.#health.part(), this.#events.now);
    const remote = this.#isWorker ? openOutOfReach(open) : open();
    if (remote !== null) return remote;
    const err = paths.logErr ?? (paths.log === null ? null : undefined);
    const out = this.#makeStream(1, paths.log, err === undefined ? [1, 2] : [1]);
    const errors = err === undefined ? out : this.#makeStream(2, err, [2]);
    return new DescriptorOutput(this.#format, out, errors, (job) => this.#jobFiles?.streamOf(job) ?? null);
  }

  #makeStream(descriptor: number, path: string | null, descriptors: readonly number[]): LogStream {
    const watch = path === null ? null : this.#watchOf(path, descriptors);
    return new LogStream(descriptor, watch, this.#health.part(), (nowMs, message) =>
      this.#note(nowMs, message),
    );
  }

  #watchOf(path: string, descriptors: readonly number[]): FileWatch {
    // Inside a chroot the log's path leads elsewhere.
    if (this.#isWorker && isEnclosed(this.#spec)) {
      const wanted = () => this.#events.fileChanged();
      const file = new EnclosedFile({ descriptors, wanted, largest: () => this.#largestNow });
      this.#enclosed.push(file);
      return file;
    }
    const file = this.#makeFile(path, descriptors, this.#health.part(), this.#rotates);
    this.#files.push(file);
    return file;
  }

  get #largestNow(): number {
    const { rotation } = this.#spec.log;
    return rotation === null ? Number.POSITIVE_INFINITY : this.#largest(rotation);
  }

  #makeFile(
    path: string,
    descriptors: readonly number[],
    trouble: Trouble,
    rotates: LogFileOptions["rotates"],
  ): LogFile {
    const { rotation } = this.#spec.log;
    return new LogFile({
      path,
      descriptors,
      rotates,
      maximumAgeMs: rotation?.maximumAgeMs ?? null,
      largest: () => this.#largestNow,
      isEager: !this.#isWorker,
      trouble,
      system: this.#system,
      rotated: () => {
        this.#housekeeper?.wake();
        this.#events.fileChanged();
      },
      taken: () => this.#events.fileTaken(),
      wanted: () => this.#events.fileChanged(),
    });
  }

  /** Whether the worker may not rotate in the log's directory, or can't reach it: its supervisor does. */
  get #isBySupervisor(): boolean {
    return ownerOf(this.#spec.privileges) !== null || isEnclosed(this.#spec);
  }

  get #rotates(): LogFileOptions["rotates"] {
    if (this.#spec.log.rotation === null) return "never";
    if (this.#isWorker) return this.#isBySupervisor ? "other" : "self";
    return this.#isBySupervisor ? "self" : "never";
  }

  #openJobFile(path: string): JobFile | null {
    const parts = [this.#health.part(), this.#health.part()] as const;
    const release = () => {
      for (const part of parts) this.#health.release(part);
    };
    try {
      const descriptor = openOutOfReach(() => this.#system.open(path));
      // Its directory is the worker's own, whoever that is.
      const rotates = this.#spec.log.rotation === null ? "never" : "self";
      const file = this.#makeFile(path, [descriptor], parts[0], rotates);
      const note = (nowMs: number, message: string) => this.#note(nowMs, message);
      const stream = new LogStream(descriptor, file, parts[1], note);
      const close = () => {
        closeDescriptor(descriptor);
        release();
      };
      this.#jobTrouble.end();
      return { file, stream, close };
    } catch (error) {
      release();
      this.#jobTrouble.begin(error instanceof Error ? error.message : String(error), 0, this.#events.now());
      return null;
    }
  }

  #note(timeMs: number, message: string): string {
    return formatted(this.#format, { timeMs, level: "warn", job: null, message });
  }

  #makeHousekeeper(rotation: RotationRules | null): Housekeeper | null {
    if (rotation === null || (this.#isWorker ? isEnclosed(this.#spec) : !this.#isBySupervisor)) return null;
    const rules = { ...rotation, totalBytes: this.#totalBytes(rotation) };
    return new Housekeeper({
      rules,
      paths: () => this.#looksAfter,
      room: () => this.#room(rotation),
      now: this.#events.now,
      failed: (what) =>
        this.output.write({ timeMs: this.#events.now(), level: "warn", job: null, message: what }),
    });
  }

  /** What is written to may become so large; the others are as they are. */
  #room(rotation: RotationRules): number {
    const open = new Set(this.#all.map(({ path }) => path));
    const sizes = this.#looksAfter.map((path) =>
      open.has(path) ? this.#largest(rotation) : sizeOfFile(path),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Two processes look after the files of a worker that may not rotate its log: each has a half. */
  #totalBytes({ totalBytes }: RotationRules): number | null {
    if (totalBytes === null) return null;
    const isShared = this.#isBySupervisor && this.#spec.log.perJob;
    return isShared ? Math.floor(totalBytes / 2) : totalBytes;
  }

  #largest(rotation: RotationRules): number {
    // Asked for each line: nothing is made here.
    return largestLog(rotation.maximumBytes, this.#totalBytes(rotation), this.#fileCount);
  }

  get #fileCount(): number {
    return this.#files.length + this.#enclosed.length + (this.#jobFiles?.openCount ?? 0);
  }

  get #looksAfter(): readonly string[] {
    const { log, logErr } = this.#spec.paths;
    const own = this.#rotates === "self" ? [log, logErr].filter((path) => path !== null) : [];
    return [...own, ...(this.#jobFiles?.paths ?? [])];
  }
}

/** Whether the worker is to have another root directory. */
export function isEnclosed({ privileges, command }: Pick<Spec, "privileges" | "command">): boolean {
  return command === null && (privileges?.chroot ?? null) !== null;
}

function sizeOfFile(path: string): number {
  return lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

// The one error that src/schedule throws for what a user wrote: a duration, a cron expression, a time zone, a time.
// `message` says what cannot be done, with which value, and why; `hint`, where there is one, says what would help.
// It is a user's mistake, so whoever prints it leaves the stack trace out.

export class ScheduleError extends Error {
  override readonly name = "ScheduleError";
  readonly hint?: string;

  constructor(message: string, hint?: string) {
    super(message);
    if (hint !== undefined) this.hint = hint;
  }
}

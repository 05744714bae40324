// Records without the secrets that they would tell. What modules write to descriptors or process.stdout themselves is theirs.
import { type PlainError, plainError, plainValue, shownFields } from "./form/values.ts";
import type { LogRecord } from "./line.ts";
import type { LogOutput } from "./output.ts";
import { type Redact, redactValue } from "./redact.ts";

/** @param isStructured whether fields and errors are kept apart from the message */
export function redactedOutput(output: LogOutput, redact: Redact, isStructured: boolean): LogOutput {
  return {
    write(record) {
      output.write(isStructured ? apart(record, redact) : together(record, redact));
    },
    raw: (descriptor, bytes, nowMs) => output.raw(descriptor, bytes, nowMs),
  };
}

function together(record: LogRecord, redact: Redact): LogRecord {
  const { message, fields = null } = record;
  const text = fields === null ? message : `${message} ${shownFields(fields)}`;
  return { ...record, message: redact(text), fields: null };
}

function apart(record: LogRecord, redact: Redact): LogRecord {
  const { message, fields = null, error } = record;
  return {
    ...record,
    message: redact(message),
    fields: fields === null ? null : (redactValue(plainValue(fields), redact) as Record<string, unknown>),
    ...(error === undefined ? {} : { error: redactValue(plainError(error), redact) as PlainError }),
  };
}

// Where secrets would leave the daemon: in what it tells of its start, and in why something failed.
import type { SpecReport } from "../../control/messages.ts";
import { mask, type Redact, redactorOf, redactValue } from "../../logs/redact.ts";
import type { ModuleFailure } from "../../runtime/failure.ts";
import type { Environment } from "../environment.ts";
import { DjobError } from "../error.ts";
import type { Spec } from "../spec.ts";

export function specReport(spec: Spec, environment: Environment, withSecrets: boolean): SpecReport {
  const redact = withSecrets ? null : redactorOf(spec.redaction, environment);
  if (redact === null) return { spec, environment };
  const shown = redactValue(environment, redact) as Environment;
  const masked = Object.fromEntries(spec.redaction.variables.map((name) => [name, mask]));
  // The pattern that finds a secret may be one.
  return { spec: redactValue(spec, redact), environment: { ...shown, ...masked } };
}

export function redactedFailure(failure: ModuleFailure, redact: Redact | null): ModuleFailure {
  return redact === null ? failure : (redactValue(failure, redact) as ModuleFailure);
}

/** @param error that is told to whoever started the daemon */
export function redactedError(error: unknown, { redaction }: Spec, environment: Environment): unknown {
  const redact = redactorOf(redaction, environment);
  if (redact === null || !(error instanceof DjobError)) return error;
  const { code, message, hint } = error;
  return new DjobError(code, redact(message), hint === null ? null : redact(hint));
}

// Secrets in what djob itself says: what a pattern of the user's matches, and the values of variables whose names say that they are
// secret, are shown as [redacted]. Pure.

/** @returns the text with its secrets masked */
export type Redact = (text: string) => string;

/** As a spec holds it: the values stay in the environment. */
export interface RedactionRules {
  /** Regular expressions. */
  readonly patterns: readonly string[];
  /** Names of environment variables. */
  readonly variables: readonly string[];
}

export const mask = "[redacted]";

/** A value that is shorter is found in too much that is no secret. */
const shortestSecret = 4;

const secretWords =
  /(?:^|_)(?:SECRETS?|TOKENS?|PASS(?:WD|WORDS?|PHRASE|CODE)?|PWD|PW|API_?KEYS?|APIKEY|KEYS?|CREDENTIALS?|CREDS|AUTH|AUTHORIZATION|COOKIES?|DSN|SALT|SIGNATURE|CONNECTION_STRING|(?:DATABASE|DB|REDIS|MONGO(?:DB)?|POSTGRES(?:QL)?|MYSQL|AMQP|RABBITMQ|BROKER|SENTRY|WEBHOOK)_UR[LI])(?:_|$)/i;

/** Whether a variable's name says that its value is not for everybody: DB_PASSWORD, apiToken, DATABASE_URL. */
export function looksSecret(name: string): boolean {
  return secretWords.test(name.replace(/([a-z\d])([A-Z])/g, "$1_$2"));
}

/** @returns null if nothing has to be masked */
export function redactorOf(
  { patterns, variables }: RedactionRules,
  environment: Readonly<Record<string, string | undefined>>,
): Redact | null {
  const values = variables
    .flatMap((name) => formsOf(environment[name] ?? ""))
    .filter((value) => value.length >= shortestSecret)
    // The longest first: one may hold another.
    .sort((one, other) => other.length - one.length);
  const all = patterns.map((pattern) => new RegExp(pattern, "g"));
  if (values.length > 0) all.unshift(new RegExp(values.map(RegExp.escape).join("|"), "g"));
  if (all.length === 0) return null;
  return (text) =>
    all.reduce((masked, pattern) => masked.replace(pattern, (found) => (found === "" ? "" : mask)), text);
}

/** A value as it is, and its lines: a text that is shown may be indented. */
function formsOf(value: string): readonly string[] {
  return [value, ...value.split(/\r?\n/)].filter((each, index, every) => every.indexOf(each) === index);
}

/** The same for each text in a JSON value. Names stay. */
export function redactValue(value: unknown, redact: Redact): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((item) => redactValue(item, redact));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactValue(item, redact)]));
}

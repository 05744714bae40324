// Checks of what is about to be handed to C. A wrong argument is a bug of djob's own, hence TypeError and RangeError;
// unchecked it would reach C as 0, and `kill(0)` signals djob's own process group.

const maximumInteger = 2 ** 31 - 1;

/** @throws {TypeError} unless `value` is a whole number @throws {RangeError} unless it is within the bounds */
export function checkInteger(name: string, value: number, minimum: number, maximum = maximumInteger): void {
  if (!Number.isSafeInteger(value)) throw new TypeError(`${name} must be an integer, not ${describe(value)}`);
  if (value < minimum || value > maximum) {
    throw new RangeError(`${name} must be from ${minimum} to ${maximum}, not ${value}`);
  }
}

export function checkDescriptor(name: string, value: number): void {
  checkInteger(name, value, 0);
}

/** @throws {TypeError} unless `value` is a string @throws {RangeError} if C would read it as shorter than it is */
function checkText(name: string, value: string): void {
  if (typeof value !== "string") throw new TypeError(`${name} must be a string, not ${describe(value)}`);
  if (value.includes("\0")) throw new RangeError(`${name} must not contain a NUL byte: ${describe(value)}`);
}

export function checkFilledText(name: string, value: string): void {
  checkText(name, value);
  if (value === "") throw new RangeError(`${name} must not be empty`);
}

export function checkArguments(argv: readonly string[]): void {
  if (!Array.isArray(argv) || argv.length === 0) throw new TypeError("argv must have at least one element");
  for (const [index, argument] of argv.entries()) checkText(`argv[${index}]`, argument);
}

export function checkEnvironment(environment: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(environment)) {
    checkVariableName(name);
    checkText(`environment variable ${name}`, value);
  }
}

export function checkVariableName(name: string): void {
  checkFilledText("an environment variable's name", name);
  if (name.includes("="))
    throw new RangeError(`an environment variable's name must not contain "=": ${name}`);
}

export function checkBoolean(name: string, value: boolean): void {
  if (typeof value !== "boolean") throw new TypeError(`${name} must be a boolean, not ${describe(value)}`);
}

function describe(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

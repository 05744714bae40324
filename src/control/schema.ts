// The part of JSON Schema that the control socket's messages are described with: for the OpenAPI document, and to judge what a
// worker says, whose modules could say anything. Pure.

type Primitive = "string" | "integer" | "number" | "boolean" | "null";

export interface ObjectSchema {
  readonly type: "object";
  readonly properties: Readonly<Record<string, Schema>>;
  readonly required: readonly string[];
  readonly additionalProperties: boolean;
  readonly description?: string;
}

export type Schema =
  | {
      readonly type: Primitive | readonly Primitive[];
      readonly enum?: readonly (string | null)[];
      readonly format?: "date-time";
      readonly minimum?: number;
      readonly maximum?: number;
      readonly description?: string;
    }
  | ObjectSchema
  | { readonly type: "object"; readonly additionalProperties: Schema; readonly description?: string }
  | { readonly type: "array"; readonly items: Schema; readonly description?: string }
  | { readonly anyOf: readonly Schema[] }
  | { readonly $ref: string }
  /** Any JSON value. */
  | { readonly description: string };

export type Components = Readonly<Record<string, Schema>>;

const referencePrefix = "#/components/schemas/";
const dateTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

export function reference(name: string): Schema {
  return { $ref: referencePrefix + name };
}

/** Each of the type's fields, and no other. */
export function object<T>(properties: Readonly<Record<keyof T & string, Schema>>): ObjectSchema {
  return { type: "object", properties, required: Object.keys(properties), additionalProperties: false };
}

export function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: "null" }] };
}

/** Whether a value that was read from JSON is what a schema says. */
export function fits(schema: Schema, value: unknown, components: Components): boolean {
  if ("$ref" in schema) {
    const target = components[schema.$ref.slice(referencePrefix.length)];
    return target !== undefined && fits(target, value, components);
  }
  if ("anyOf" in schema) return schema.anyOf.some((choice) => fits(choice, value, components));
  if (!("type" in schema)) return true;
  if (schema.type === "array")
    return Array.isArray(value) && value.every((item) => fits(schema.items, item, components));
  if (schema.type === "object") return isObject(value) && fitsObject(schema, value, components);
  const { type, enum: choices, format, minimum = -Infinity, maximum = Infinity } = schema;
  const types = typeof type === "string" ? [type] : type;
  if (!types.some((each) => isOf(each, value))) return false;
  if (choices !== undefined && !choices.some((choice) => choice === value)) return false;
  if (typeof value === "number") return value >= minimum && value <= maximum;
  return format === undefined || typeof value !== "string" || isDateTime(value);
}

type AnyObjectSchema = Extract<Schema, { type: "object" }>;

function fitsObject(
  schema: AnyObjectSchema,
  value: Readonly<Record<string, unknown>>,
  components: Components,
): boolean {
  const { additionalProperties } = schema;
  if (!("properties" in schema)) {
    const rest = additionalProperties as Schema;
    return Object.values(value).every((each) => fits(rest, each, components));
  }
  const { properties, required } = schema;
  if (!required.every((name) => Object.hasOwn(value, name))) return false;
  return Object.entries(value).every(([name, each]) => {
    const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return property === undefined ? additionalProperties === true : fits(property, each, components);
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isOf(type: Primitive, value: unknown): boolean {
  if (type === "null") return value === null;
  if (type === "integer") return Number.isSafeInteger(value);
  if (type === "number") return Number.isFinite(value);
  return typeof value === type;
}

function isDateTime(text: string): boolean {
  return dateTime.test(text) && !Number.isNaN(Date.parse(text));
}

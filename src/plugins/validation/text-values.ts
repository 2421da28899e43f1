// Query strings and URL parameters are text: reads numbers and booleans from it where the schema asks for them. Text that is none stays
// text, and the validator says so. Pure.
import type { JsonSchema } from '../../domain/validation/explanation.ts';

/** A copy of `values` with numbers and booleans read from text, lone values of lists wrapped, and defaults filled in. */
export function readTextValues(schema: JsonSchema, values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const read: Record<string, unknown> = { ...values };
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const value = read[name];
    if (value === undefined) {
      if (property.default !== undefined) read[name] = property.default;
    } else {
      read[name] = readValue(property, value);
    }
  }
  return read;
}

function readValue(schema: JsonSchema, value: unknown): unknown {
  if (schema.type === 'array') {
    const { items = {} } = schema;
    return [value].flat().map((one) => readValue(items, one));
  }
  if (typeof value !== 'string') return value;
  const branches = schema.anyOf ?? schema.oneOf ?? [schema];
  // A branch that takes any text takes this one too.
  if (branches.some((branch) => branch.type === 'string' && branch.enum === undefined && branch.const === undefined))
    return value;
  const types = branches.flatMap((branch) => branch.type ?? []);
  if (types.includes('boolean') && (value === 'true' || value === 'false')) return value === 'true';
  if ((types.includes('integer') || types.includes('number')) && /^-?\d{1,15}(\.\d{1,15})?$/.test(value))
    return Number(value);
  return value;
}

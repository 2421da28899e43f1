// What a schema finds wrong with a value of a file, at its place in the text.
import { Compile } from 'typebox/schema';
import { explain, type JsonSchema } from '../validation/explanation.ts';
import { findClosestName } from './closest-name.ts';
import { type LabProblem, type LabSource, problemAt, problemAtName } from './lab-source.ts';

type Members = Readonly<Record<string, unknown>>;

const validators = new WeakMap<object, ReturnType<typeof Compile>>();

/** The validator of a schema, compiled when it is first needed. */
export function validatorOf(schema: object): ReturnType<typeof Compile> {
  const validator = validators.get(schema) ?? Compile(schema as Record<string, unknown>);
  validators.set(schema, validator);
  return validator;
}

/** The first thing that a schema finds wrong with the value at `path`; nothing where it is right. */
export function judge(source: LabSource, schema: object, value: unknown, path: readonly string[]): LabProblem[] {
  const validator = validatorOf(schema);
  if (validator.Check(value)) return [];
  const [, errors] = validator.Errors(value);
  const explanation = explain('body', schema as JsonSchema, errors, value, path);
  const { detail, fault } = explanation;
  if (fault.kind === 'unknown') {
    const meant = findClosestName(explanation.path.at(-1) ?? '', fault.allowed);
    const hint = `${meant === null ? '' : `Did you mean "${meant}"? `}${explanation.hint}`;
    return [problemAtName(source, explanation.path, detail, hint)];
  }
  if (fault.kind === 'missing') return [problemAt(source, explanation.path, detail, explanation.hint)];
  const hint = needsQuotes(source, explanation.path, detail) ? 'Put it in quotes.' : explanation.hint;
  return [problemAt(source, explanation.path, detail, hint)];
}

/** `[sleep, 60]`: YAML reads a number where text was meant. */
function needsQuotes(source: LabSource, path: readonly string[], detail: string): boolean {
  const value = path.reduce<unknown>((one, name) => (one as Members | undefined)?.[name], source.value);
  return (typeof value === 'number' || typeof value === 'boolean') && detail.includes('must be a string');
}

// Labels that a caller wants on what we make: any but those by which we and Docker know things.
import { Failure } from '../schemas/failure.ts';
import { reservedPrefix } from './labels.ts';

const reservedPrefixes = [reservedPrefix, 'com.docker.'];

/** @throws Failure naming the label */
export function readUserLabels(labels: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  for (const name of Object.keys(labels)) {
    const prefix = reservedPrefixes.find((reserved) => name.startsWith(reserved));
    if (prefix === undefined) continue;
    throw new Failure('invalid_request', `The label "${name}" is not yours to set: ${prefix}* is reserved`, {
      field: `labels.${name}`,
      hint: 'Choose a prefix of your own.',
    });
  }
  return labels;
}

/** Those of a caller among all that something has. */
export function userLabelsOf(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(labels).filter(([name]) => !reservedPrefixes.some((prefix) => name.startsWith(prefix))),
  );
}

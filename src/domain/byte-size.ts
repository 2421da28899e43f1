// Sizes of memory as `docker run -m` takes them (held by a differential test). It knows the engine's lower bound, not the host's memory.
import { Failure } from '../schemas/failure.ts';

const POWERS: Readonly<Record<string, number>> = { '': 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/** The engine refuses less: a container could not start with it. */
const MIN_MEMORY = 6 * 1024 ** 2;
const INT64_LIMIT = 2 ** 63;

const HINT = 'Use a number of bytes or one with k, m, g, t or p, each 1024 times the one before: 67108864, 64m, 1.5g.';

/**
 * Reads a memory limit: `64m`, `1.5g`, `512 MiB`, or a plain number of bytes. Units are powers of 1024 in any case, with or without
 * `i` and `b`; fractions of a byte are cut off. 0 means no limit, as with Docker.
 *
 * The Docker CLI judges the form; the engine refuses, when the container is created, less than 6 MiB and what an int64 cannot hold.
 * Here both are refused at once.
 *
 * @param field the request's field, for the failure
 * @returns bytes
 * @throws Failure `invalid_request`
 */
export function parseMemoryLimit(value: string | number, field = 'limits.memory'): number {
  const text = String(value);
  const refuse = (reason: string): never => {
    const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : value);
    throw new Failure('invalid_request', `The memory limit ${shown} is not valid: ${reason}.`, { field, hint: HINT });
  };
  const match = /^([0-9]+(?:\.[0-9]+)?) ?([kmgtp]?)i?b?$/i.exec(text);
  if (match === null) return refuse('it is not a size');
  const [, amount = '', unit = ''] = match;
  const bytes = Math.trunc(Number(amount) * 1024 ** (POWERS[unit.toLowerCase()] ?? 0));
  if (bytes !== 0 && bytes < MIN_MEMORY) return refuse('the engine takes nothing below 6m');
  if (bytes >= INT64_LIMIT) return refuse('it is larger than any memory');
  return bytes;
}

// Which version of the Docker Engine API is spoken: the highest that both sides know. Pure.
import { Failure } from '../../schemas/failure.ts';
import type { EngineLabel } from './translate-errors.ts';

/** What this adapter is written and tested for. Docker 25 speaks 1.44; Docker 29 refuses anything older. */
export const spoken = { min: '1.44', max: '1.47' } as const;

/** Negative, zero or positive as `a` is older than, the same as, or newer than `b`. Versions are `MAJOR.MINOR`. */
export function compareVersions(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}

/** Is this the shape of an API version? */
export function isVersion(text: unknown): text is string {
  return typeof text === 'string' && /^\d+\.\d+$/.test(text);
}

/**
 * The highest version that both speak, given what `GET /version` says of the engine.
 *
 * @throws {Failure} `engine_refused` when there is none.
 */
export function negotiateVersion(theirs: { min: string; max: string }, engine: EngineLabel): string {
  const highest = compareVersions(theirs.max, spoken.max) < 0 ? theirs.max : spoken.max;
  const lowest = compareVersions(theirs.min, spoken.min) > 0 ? theirs.min : spoken.min;
  if (compareVersions(highest, lowest) >= 0) return highest;
  const isOld = compareVersions(theirs.max, spoken.min) < 0;
  throw new Failure(
    'engine_refused',
    `The engine ${engine.name} speaks API ${theirs.min} to ${theirs.max}, and Terrarium ${spoken.min} to ${spoken.max}`,
    { hint: isOld ? 'Update the engine to Docker 25 or newer.' : 'Update Terrarium.' },
  );
}

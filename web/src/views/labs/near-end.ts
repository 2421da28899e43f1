// When the end of a lab is near enough to be told. Pure.
import type { LabView } from '../../../../src/client/index.ts';

/** The server warns five minutes before, or a tenth of the life where that is less: so does the page. */
export function isNearEnd({ expiresAt, appliedAt }: Pick<LabView, 'expiresAt' | 'appliedAt'>, now: number): boolean {
  if (expiresAt === null) return false;
  const life = appliedAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt) - Date.parse(appliedAt);
  return Date.parse(expiresAt) - now <= Math.min(5 * 60_000, life / 10);
}

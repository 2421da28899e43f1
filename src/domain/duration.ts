// Durations as a person writes them: `30s`, `45m`, `2h`, `1h30m`, `7d`. Strict: a lab's end must not hang on a guess.
import { Failure } from '../schemas/failure.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The shortest and the longest that is taken, in milliseconds. */
export const minDuration = SECOND;
export const maxDuration = 30 * DAY;

const HINT = 'Use whole numbers with d, h, m and s, largest first, from 1s to 30d: 30s, 45m, 2h, 1h30m, 7d.';

/**
 * Reads a duration of one second to 30 days; a unit occurs once, larger ones first, each with a whole number (`90m` is fine).
 *
 * @param field the request's field, for the failure
 * @returns milliseconds
 * @throws Failure `invalid_request`
 */
export function parseDuration(text: string, field = 'ttl'): number {
  const refuse = (reason: string): never => {
    const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
    throw new Failure('invalid_request', `The duration ${shown} is not valid: ${reason}.`, { field, hint: HINT });
  };
  const match = /^(?:([0-9]+)d)?(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+)s)?$/.exec(text);
  if (match === null || text === '') return refuse('it is not a number with a unit, or several of them');
  const [, days = '0', hours = '0', minutes = '0', seconds = '0'] = match;
  const duration = Number(days) * DAY + Number(hours) * HOUR + Number(minutes) * MINUTE + Number(seconds) * SECOND;
  if (duration < minDuration) return refuse('it is shorter than 1s');
  if (duration > maxDuration) return refuse('it is longer than 30d');
  return duration;
}

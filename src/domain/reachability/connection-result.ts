// What a verifier tells of one connection, and whether it is what was predicted. Pure.
import type { ReachabilityEntry } from '../../schemas/reachability.ts';
import type { ConnectionResult } from '../../schemas/verification.ts';

/** One connection that is to be made. */
export interface PlannedConnection {
  readonly address: string;
  readonly port: number;
  /** Does it have to be seen whether the connection stays? Whoever accepts for another has to say more than that. */
  readonly isHeld: boolean;
}

export interface MadeConnection {
  readonly result: ConnectionResult;
  /** The words of the program; null where it had no reason for any. */
  readonly detail: string | null;
}

/** How a word spells a connection to the verifier's script. */
export function spellConnection({ address, port, isHeld }: PlannedConnection): string {
  return `${address},${port},${isHeld ? 'held' : 'open'}`;
}

/** The exit code by which the verifier says that the connection was closed at once. */
export const closedCode = 11;

/** @param listing a line `WORD CODE WORDS…` a connection */
export function parseConnections(listing: string): Map<string, MadeConnection> {
  const made = new Map<string, MadeConnection>();
  for (const [, word = '', code, said = ''] of listing.matchAll(/^(\S+,\d+,\w+) (\d+) ?(.*)$/gm))
    made.set(word, readConnection(Number(code), said.trim()));
  return made;
}

function readConnection(code: number, said: string): MadeConnection {
  if (code === 0) return { result: 'open', detail: null };
  if (code === closedCode) return { result: 'closed', detail: null };
  const detail = said === '' ? null : said;
  if (/refused/i.test(said)) return { result: 'refused', detail };
  if (/timed out/i.test(said)) return { result: 'timeout', detail };
  if (/unreachable|no route to host/i.test(said)) return { result: 'unreachable', detail };
  return { result: 'failed', detail };
}

/**
 * Is the result what was predicted? Null where nothing was. What is silent after it was accepted looks like one who waits for a question: no connection
 * can tell them apart.
 */
export function agrees(
  { outcome, seenAs }: Pick<ReachabilityEntry, 'outcome' | 'seenAs'>,
  result: ConnectionResult,
): boolean | null {
  if (outcome === 'unknown') return null;
  if (outcome === 'reaches' || seenAs === 'silent') return result === 'open';
  return seenAs === null ? result !== 'open' : result === seenAs;
}

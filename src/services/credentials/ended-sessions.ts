// Sessions that were ended before their time: kept until that is over, and beside the server's token on disk, so that a restart brings none of them back.
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';

export interface EndedSessions {
  has(id: string): boolean;
  add(id: string, expiresAt: number): void;
}

export interface EndedSessionsParts {
  /** The state directory. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: { error(details: object, message: string): void };
}

export function openEndedSessions({ directory, clock, log }: EndedSessionsParts): EndedSessions {
  const path = join(directory, 'ended-sessions');
  const ended = new Map(readLines(path).filter(([, expiresAt]) => expiresAt > clock.now()));

  /** Those that are over anyway are forgotten now and then. */
  function tidy(): void {
    let isLess = false;
    for (const [id, expiresAt] of ended)
      if (expiresAt <= clock.now()) {
        ended.delete(id);
        isLess = true;
      }
    if (!isLess) return;
    writeFileSync(`${path}.new`, [...ended].map(([id, expiresAt]) => `${id} ${expiresAt}\n`).join(''), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  return {
    has: (id) => ended.has(id),
    add(id, expiresAt) {
      ended.set(id, expiresAt);
      try {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        appendFileSync(path, `${id} ${expiresAt}\n`, { mode: 0o600 });
        tidy();
      } catch (error) {
        log.error({ err: error, file: path }, 'an ended session is remembered only until the server ends');
      }
    },
  };
}

function readLines(path: string): [string, number][] {
  try {
    const lines = readFileSync(path, 'utf8').split('\n');
    return lines.map((line) => line.split(' ')).map(([id = '', expiresAt]) => [id, Number(expiresAt)]);
  } catch {
    // There is none, or nobody may read it: then the sessions that it would name end by their time.
    return [];
  }
}

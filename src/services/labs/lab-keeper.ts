// Removes labs whose time is up, by the engine's clock: at their moment while a server runs, and soon after the start of the next one. Every server
// does; the lab's lock lets one of them.
import type { FastifyBaseLogger } from 'fastify';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { Clock } from '../clock.ts';
import type { LabChanges } from './lab-changes.ts';
import { documentPrefix, isAway, type LabDocument, type LabDocuments, type LabRecord } from './lab-documents.ts';

export interface LabKeeper {
  start(): void;
  /** To be told when a lab's end may have changed. */
  look(mirror: EngineMirror): void;
  close(): Promise<void>;
}

/** Where the engine's clock and ours are further apart than this, one of them is wrong, and nothing is removed. */
const maxClockOffsetMs = 60_000;
/** A warning comes so long before the end, or a tenth of the lab's life where that is less. */
const maxWarningMs = 5 * 60_000;

export function createLabKeeper({
  mirrors,
  documents,
  isBlocked,
  warn,
  removeDue,
  clock,
  intervalMs,
  log,
}: {
  readonly mirrors: readonly EngineMirror[];
  readonly documents: LabDocuments;
  /** Is all that is left of it on engines that do not answer? */
  readonly isBlocked: (mirror: EngineMirror, document: LabDocument) => boolean;
  /** Told once before a lab's end, in good time to put it off. */
  readonly warn: (mirror: EngineMirror, lab: string, expiresAt: string) => void;
  readonly removeDue: LabChanges['removeDue'];
  readonly clock: Clock;
  /** Between two looks where nothing ends in between, in milliseconds. */
  readonly intervalMs: number;
  readonly log: Pick<FastifyBaseLogger, 'info' | 'warn'>;
}): LabKeeper {
  const timers = new Map<EngineMirror, NodeJS.Timeout>();
  /** The end that was warned of last, by engine and lab: one that was put off is another one. */
  const warned = new Map<string, string>();
  const rounds = new Map<EngineMirror, Promise<void>>();
  /** Where something changed during a round. */
  const again = new Set<EngineMirror>();
  let isClosed = false;
  let stops: (() => void)[] = [];

  /** Answers how long it may be until the next look. */
  async function reap(mirror: EngineMirror): Promise<number> {
    if (mirror.status().state !== 'live') return intervalMs;
    const labs = await documents.list(mirror);
    if (Math.abs(mirror.clockOffsetMs) > maxClockOffsetMs) return intervalMs;
    const engineNow = clock.now() + mirror.clockOffsetMs;
    let next = intervalMs;
    for (const [lab, document] of labs) {
      const { record } = document;
      const expiry = record.expiresAt === null ? Number.NaN : Date.parse(record.expiresAt);
      if (Number.isNaN(expiry)) continue;
      if (expiry <= engineNow) {
        if (!isClosed && !(record.ending === true && isBlocked(mirror, document))) await end(mirror, lab);
        continue;
      }
      const warnAt = expiry - Math.min(maxWarningMs, (expiry - Date.parse(record.appliedAt)) / 10);
      if (warnAt <= engineNow) warnOnce(mirror, lab, record.expiresAt ?? '');
      next = Math.min(next, (warnAt > engineNow ? warnAt : expiry) - engineNow + 1);
    }
    return next;
  }

  function warnOnce(mirror: EngineMirror, lab: string, expiresAt: string): void {
    const key = `${mirror.engine.name} ${lab}`;
    if (warned.get(key) === expiresAt) return;
    warned.set(key, expiresAt);
    warn(mirror, lab, expiresAt);
  }

  async function end(mirror: EngineMirror, lab: string): Promise<void> {
    try {
      // Another server may have been faster, or have put it off, before nobody else changed it.
      const isDue = ({ expiresAt }: LabRecord) =>
        expiresAt !== null && Date.parse(expiresAt) <= clock.now() + mirror.clockOffsetMs;
      if (await removeDue(mirror, lab, isDue))
        log.info({ engine: mirror.engine.name, lab }, 'removed: its time was up');
    } catch (error) {
      // Another server is at it.
      if (error instanceof Failure && error.code === 'lab_busy') return;
      if (error instanceof Failure && isAway(error) && mirror.status().state === 'live')
        return log.info(
          { engine: mirror.engine.name, lab, left: error.extra.left },
          'removed as far as engines answer: its time was up',
        );
      log.warn({ err: error, engine: mirror.engine.name, lab }, 'its time is up, and it cannot be removed yet');
    }
  }

  function look(mirror: EngineMirror): void {
    clearTimeout(timers.get(mirror));
    if (isClosed) return;
    if (rounds.has(mirror)) {
      again.add(mirror);
      return;
    }
    const round = reap(mirror)
      .catch(() => intervalMs) // the engine is away: its return is heard of
      .then((delayMs) => {
        rounds.delete(mirror);
        if (again.delete(mirror)) look(mirror);
        else if (!isClosed) timers.set(mirror, setTimeout(() => look(mirror), delayMs).unref());
      });
    rounds.set(mirror, round);
  }

  return {
    look,
    start() {
      stops = mirrors.flatMap((mirror) => [
        mirror.onStatus(({ state }) => {
          // What was left of a lab may be on this one, wherever the lab is at home.
          if (state === 'live') for (const one of mirrors) look(one);
        }),
        // Another server may have put an end off, or set one.
        mirror.onEvent(({ type, id }) => {
          if (type === 'volume' && id.startsWith(documentPrefix)) look(mirror);
        }),
      ]);
      for (const mirror of mirrors) look(mirror);
    },
    async close() {
      isClosed = true;
      for (const stop of stops) stop();
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all(rounds.values());
    },
  };
}

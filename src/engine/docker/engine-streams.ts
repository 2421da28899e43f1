// The engine's streaming answers as async iterables: events, logs, progress of a pull. Leaving a loop early closes the connection.
import type { IncomingMessage } from 'node:http';
import { Failure } from '../../schemas/failure.ts';
import type { AttachedLogs, EngineEvent, LogPiece, PullProgress } from '../engine.ts';
import type { Connection } from './connection.ts';
import { EngineStreamError, FrameParser, RawParser } from './demultiplexer.ts';
import { readLines } from './ndjson.ts';
import { readEvent, readPullProgress } from './translate-facts.ts';

/** An engine that is sending (a log without follow) or working (a pull) is not silent for longer. */
const silenceMs = { logs: 30_000, pull: 120_000 } as const;

/**
 * The event feed. It ends without an error when the signal is aborted, and fails with `engine_unavailable` when the connection ends
 * in any other way: a feed has no end of its own.
 */
export async function* streamEvents(
  connection: Connection,
  { since, signal, onOpen }: { since?: bigint; signal: AbortSignal; onOpen?: () => void },
): AsyncGenerator<EngineEvent, void, undefined> {
  const action = 'follow events';
  try {
    const response = await connection.open({
      method: 'GET',
      path: '/events',
      ...(since !== undefined && { query: { since: formatNanoseconds(since) } }),
      action,
      deadlineMs: 10_000,
      signal,
    });
    onOpen?.();
    for await (const line of readLines(response)) yield readEvent(line);
  } catch (error) {
    if (signal.aborted) return;
    throw connection.translate(error, action);
  }
  if (!signal.aborted) throw connection.translate(new Error('the event feed ended'), action);
}

/** Docker takes seconds with nine decimals; a plain number of nanoseconds would be read as seconds. */
export function formatNanoseconds(since: bigint): string {
  return `${since / 1_000_000_000n}.${String(since % 1_000_000_000n).padStart(9, '0')}`;
}

/** A log as it arrives. Without `follow` it is given up when the engine falls silent. */
export function streamLogs(
  connection: Connection,
  response: IncomingMessage,
  { ref, tty, follow, signal }: { ref: string; tty: boolean; follow: boolean; signal?: AbortSignal },
): AttachedLogs {
  let isAbandoned = false;
  async function* read(): AsyncGenerator<LogPiece, void, undefined> {
    const parser = tty ? new RawParser() : new FrameParser();
    const watchdog = follow ? undefined : watchSilence(response, silenceMs.logs);
    try {
      for await (const chunk of response) {
        watchdog?.refresh();
        const pieces: LogPiece[] = [];
        parser.push(chunk as Buffer, (stream, bytes) => pieces.push({ stream, bytes }));
        yield* pieces;
      }
      parser.end();
    } catch (error) {
      if (isAbandoned || signal?.aborted) return;
      if (error instanceof EngineStreamError) throw describeUnreadable(ref, error);
      throw connection.translate(error, `read the log of container ${ref}`);
    } finally {
      clearTimeout(watchdog);
    }
  }
  return {
    [Symbol.asyncIterator]: read,
    destroy() {
      isAbandoned = true;
      response.destroy();
    },
  };
}

/** Of a log file that is damaged (its disk was full while somebody wrote) Docker 26 shows what is before the damage, and by `tail` what is after it; it follows none. */
function describeUnreadable(ref: string, error: EngineStreamError): Failure {
  const words = error.words.replace(/^Error grabbing logs: /, '');
  return new Failure('engine_refused', `The engine cannot show all of the log of container ${ref}: ${words}`, {
    hint: 'Its file is damaged, by a full disk for instance. Ask for few of the last lines, without follow: tail=10.',
    cause: error,
  });
}

/** The progress of a pull. What the engine says went wrong in the midst of it is the last message; a broken connection is a failure. */
export async function* streamPull(
  connection: Connection,
  open: () => Promise<IncomingMessage>,
  { ref, signal }: { ref: string; signal?: AbortSignal },
): AsyncGenerator<PullProgress, void, undefined> {
  const response = await open();
  const watchdog = watchSilence(response, silenceMs.pull);
  try {
    for await (const line of readLines(response)) {
      watchdog.refresh();
      const progress = readPullProgress(line);
      yield progress;
      if (progress.error !== undefined) return;
    }
  } catch (error) {
    throw connection.translate(signal?.aborted ? signal.reason : error, `pull ${ref}`);
  } finally {
    clearTimeout(watchdog);
    response.destroy();
  }
}

function watchSilence(response: IncomingMessage, limitMs: number): NodeJS.Timeout {
  const giveUp = () => response.destroy(new Error(`nothing came for ${limitMs / 1000} s`));
  return setTimeout(giveUp, limitMs);
}

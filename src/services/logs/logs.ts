// Logs of containers: who may read them, and how they look as text and as lines of JSON.
import type { LogLine, LogsQuery } from '../../schemas/logs.ts';
import { defaultTail } from '../../schemas/logs.ts';
import { authorize, type Principal } from '../access.ts';
import type { Catalogue } from '../catalogue.ts';
import { type LogBatch, openLog } from './log-reading.ts';

export interface LogsCall {
  readonly principal: Principal;
  /** Id, name or prefix of the container. */
  readonly container: string;
  readonly query: LogsQuery;
  /** Aborted when nobody reads any more. */
  readonly signal: AbortSignal;
}

/** Each piece is encoded once it has arrived, and the next is asked for when it has been taken. */
export interface LogsService {
  /** The bytes as the engine kept them (its default driver replaces those that are no UTF-8). Fails with `not_managed`, `container_not_found`, or as the engine does. */
  readText(call: LogsCall): Promise<AsyncIterable<Buffer>>;
  /** The lines of both outputs in the order of the log. Fails like {@link readText}. */
  readLines(call: LogsCall): Promise<AsyncIterable<LogLine[]>>;
  /** Ends every log that is being read. */
  interrupt(): void;
}

export function createLogsService({ catalogue }: { catalogue: Catalogue }): LogsService {
  const shutdown = new AbortController();

  async function open({ principal, container, query, signal }: LogsCall) {
    const { mirror, facts } = catalogue.find(principal, container, query.engine);
    authorize(principal, 'logs', { kind: 'container', facts });
    const batches = await openLog({
      mirror,
      facts,
      tail: query.tail ?? defaultTail,
      follow: query.follow ?? false,
      signal: AbortSignal.any([signal, shutdown.signal]),
    });
    return { batches, tty: facts.tty };
  }

  return {
    async readText(call) {
      const { batches } = await open(call);
      return encodeText(batches);
    },
    async readLines(call) {
      const { batches, tty } = await open(call);
      return encodeLines(batches, tty);
    },
    interrupt() {
      shutdown.abort();
    },
  };
}

const lineBreak = Buffer.from('\n');

async function* encodeText(batches: AsyncIterable<LogBatch>): AsyncGenerator<Buffer> {
  for await (const { records } of batches) {
    yield Buffer.concat(records.flatMap(({ bytes, complete }) => (complete ? [bytes, lineBreak] : [bytes])));
  }
}

async function* encodeLines(batches: AsyncIterable<LogBatch>, tty: boolean): AsyncGenerator<LogLine[]> {
  // A character may begin in one piece of a long line and end in the next.
  const decoders = {
    stdout: new TextDecoder('utf-8', { ignoreBOM: true }),
    stderr: new TextDecoder('utf-8', { ignoreBOM: true }),
  };
  for await (const { stream, records } of batches) {
    yield records.map(({ at, bytes, complete }): LogLine => {
      const text = decoders[stream].decode(bytes, { stream: !complete });
      return {
        stream,
        ...(at === undefined ? {} : { at }),
        // A terminal ends lines with CR LF.
        line: tty && complete && text.endsWith('\r') ? text.slice(0, -1) : text,
        ...(complete ? {} : { partial: true }),
      };
    });
  }
}

// What an attached container or exec is to its user: stdin and two outputs over one hijacked connection. It knows no API calls.
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { AttachedStreams } from '../engine.ts';
import { FrameParser, RawParser } from './demultiplexer.ts';
import { OutputSplitter } from './output-splitter.ts';

/** What a connection is told whose other end was closed before it had taken all that was sent. */
const refusedInput = new Set(['EPIPE', 'ECONNRESET']);

/**
 * Splits a hijacked connection. Both outputs have to be read or resumed (back-pressure holds up the connection); they end and never
 * emit an error: `closed` says whether the connection broke, in the middle of a frame for example.
 *
 * Two breaks cannot be told from an end, so ask the exec's state before believing that the output is whole: a cut between two frames,
 * and a reset after input was sent, which is how the kernel says that a process ended without reading all of it.
 */
export function attachStreams(connection: Duplex, { tty }: { tty: boolean }): AttachedStreams {
  const splitter = new OutputSplitter(tty ? new RawParser() : new FrameParser());
  const sentBefore = countSent(connection);
  let failure: Error | undefined;
  connection.on('error', (error: NodeJS.ErrnoException) => {
    const isInputRefused = countSent(connection) > sentBefore && refusedInput.has(error.code ?? '');
    if (!isInputRefused) failure ??= error;
  });
  splitter.on('error', (error) => {
    failure ??= error;
    connection.destroy();
  });
  connection.pipe(splitter);
  // At the end of its outputs the process is gone. Docker keeps its end open for input then, and what still waits to be sent would keep ours.
  connection.once('end', () => connection.destroy());
  // A destroyed connection has no end that the pipe would hand on.
  connection.once('close', () => splitter.end());
  const closed = Promise.all([onceClosed(connection), onceClosed(splitter)]).then(() =>
    failure === undefined ? {} : { error: failure },
  );
  let isAbandoned = false;
  return {
    stdin: connection,
    stdout: splitter.stdout,
    stderr: splitter.stderr,
    endInput: () => connection.end(),
    destroy() {
      isAbandoned = true;
      connection.destroy();
      splitter.destroy();
    },
    closed: closed.then((result) => (isAbandoned ? {} : result)),
  };
}

/** Bytes that were given to a connection so far, the request that opened it among them. */
function countSent(connection: Duplex): number {
  return connection instanceof Socket ? connection.bytesWritten : 0;
}

function onceClosed(stream: { closed: boolean; once(event: 'close', listener: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) resolve();
    else stream.once('close', resolve);
  });
}

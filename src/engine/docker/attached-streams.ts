// What an attached container or exec is to its user: stdin and two outputs over one hijacked connection. It knows no API calls.
import type { Duplex } from 'node:stream';
import type { AttachedStreams } from '../engine.ts';
import { FrameParser, RawParser } from './demultiplexer.ts';
import { OutputSplitter } from './output-splitter.ts';

/**
 * Splits a hijacked connection. Both outputs have to be read or resumed (back-pressure holds up the connection); they end and never
 * emit an error: `closed` says whether the connection broke, in the middle of a frame for example. A cut between two frames looks like
 * an end, so ask the exec's state for its exit code before believing that the output is whole.
 */
export function attachStreams(connection: Duplex, { tty }: { tty: boolean }): AttachedStreams {
  const splitter = new OutputSplitter(tty ? new RawParser() : new FrameParser());
  let failure: Error | undefined;
  const note = (error: Error) => {
    failure ??= error;
  };
  connection.on('error', note);
  splitter.on('error', (error) => {
    note(error);
    connection.destroy();
  });
  connection.pipe(splitter);
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

function onceClosed(stream: { closed: boolean; once(event: 'close', listener: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => {
    if (stream.closed) resolve();
    else stream.once('close', resolve);
  });
}

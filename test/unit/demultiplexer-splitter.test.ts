// Two readable outputs from one connection: back-pressure reaches the sender, and neither a slow nor a vanished reader loses the other's data.
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { attachStreams } from '../../src/engine/docker/attached-streams.ts';
import { FrameParser } from '../../src/engine/docker/demultiplexer.ts';
import { OutputSplitter } from '../../src/engine/docker/output-splitter.ts';

function frame(type: number, payload: Buffer | string): Buffer {
  const bytes = Buffer.from(payload);
  const header = Buffer.from([type, 0, 0, 0, 0, 0, 0, 0]);
  header.writeUInt32BE(bytes.length, 4);
  return Buffer.concat([header, bytes]);
}

async function readText(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  return text;
}

async function settle(): Promise<void> {
  for (let index = 0; index < 20; index += 1) await turn();
}

test('a reader that stops stops the sender, and gets everything once it goes on', async () => {
  const splitter = new OutputSplitter(new FrameParser());
  splitter.stderr.resume();
  const block = Buffer.alloc(64 * 1024, 'x');
  let written = 0;
  const pump = (async () => {
    for (let index = 0; index < 100; index += 1) {
      if (!splitter.write(frame(1, block))) await new Promise((resolve) => splitter.once('drain', resolve));
      written += 1;
    }
    splitter.end();
  })();
  await settle();
  assert.ok(written < 10, `${written} blocks were taken though nobody reads`);
  let read = 0;
  for await (const chunk of splitter.stdout) read += (chunk as Buffer).length;
  await pump;
  assert.equal(read, 100 * block.length);
});

test('an output that was destroyed is not waited for', async () => {
  const splitter = new OutputSplitter(new FrameParser());
  splitter.stderr.destroy();
  const out = readText(splitter.stdout);
  for (let index = 0; index < 50; index += 1) splitter.write(frame(2, Buffer.alloc(64 * 1024)));
  splitter.end(frame(1, 'still here'));
  assert.equal(await out, 'still here');
});

test('an output that is destroyed while it holds the sender up lets it go', async () => {
  const splitter = new OutputSplitter(new FrameParser());
  const out = readText(splitter.stdout);
  for (let index = 0; index < 4; index += 1) splitter.write(frame(2, Buffer.alloc(64 * 1024)));
  splitter.end(frame(1, 'after all'));
  await settle();
  splitter.stderr.destroy();
  assert.equal(await out, 'after all');
});

test('a connection that ends inside a frame ends the outputs and says so in closed', async () => {
  const connection = new PassThrough();
  const streams = attachStreams(connection, { tty: false });
  const [out, err] = [readText(streams.stdout), readText(streams.stderr)];
  connection.end(Buffer.concat([frame(1, 'whole'), frame(2, 'cut off').subarray(0, 11)]));
  assert.equal(await out, 'whole');
  assert.equal(await err, 'cut');
  assert.match(String((await streams.closed).error), /middle of a frame/);
});

test('a connection that breaks ends the outputs with what came, and never throws', async () => {
  const connection = new PassThrough();
  const streams = attachStreams(connection, { tty: false });
  const out = readText(streams.stdout);
  streams.stderr.resume();
  connection.write(frame(1, 'so far'));
  await settle();
  connection.destroy(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
  assert.equal(await out, 'so far');
  assert.equal((await streams.closed).error?.message, 'reset');
});

test('destroy ends everything without an error', async () => {
  const streams = attachStreams(new PassThrough(), { tty: false });
  const out = readText(streams.stdout);
  streams.destroy();
  assert.equal(await out, '');
  assert.deepEqual(await streams.closed, {});
});

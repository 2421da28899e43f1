// Megabytes a second through the demultiplexer of Docker's stream format, when a program writes lines of 80 bytes; docker-modem's beside it.
import { PassThrough, Writable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { FrameParser } from '../../src/engine/docker/demultiplexer.ts';
import { docker } from '../lab.ts';
import type { Benchmark } from '../report.ts';
import { estimateMedian, median } from '../statistics.ts';

const payloadBytes = 80;
/** What a socket's read hands on at most. */
const chunkBytes = 64 * 1024;
const rounds = 15;
/** Payload of a round. */
const bytes = { ours: 64_000_000, peer: 16_000_000 } as const;

export const demultiplexer: Benchmark = {
  name: 'demultiplexer',
  describe: `demultiplexing frames of ${payloadBytes} bytes`,
  async run(log) {
    const chunks = makeChunks(bytes.peer);
    const rates: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
    for (let round = 0; round < rounds; round++) {
      rates.peer.push(await measurePeer(chunks));
      rates.ours.push(measureOurs(chunks));
    }
    log(
      `ours ${rates.ours.map(Math.round).join(', ')} MB/s; docker-modem ${rates.peer.map(Math.round).join(', ')} MB/s`,
    );
    const ours = estimateMedian(rates.ours);
    return [
      {
        what: `demultiplexer at frames of ${payloadBytes} bytes`,
        value: `${ours.median.toFixed(0)} MB/s`,
        goal: '≥ 100 MB/s',
        holds: ours.median >= 100,
        detail: `payload, from chunks of 64 KiB whose borders cut frames; median of ${rounds} alternating rounds, 95 % CI ${ours.low.toFixed(0)}–${ours.high.toFixed(0)}; docker-modem's demuxStream ${median(rates.peer).toFixed(0)} MB/s`,
      },
    ];
  },
};

/** Frames of both outputs in turns of a hundred, cut anywhere. */
function makeChunks(total: number): Buffer[] {
  const frames = total / payloadBytes;
  const wire = Buffer.alloc(frames * (8 + payloadBytes), 'x');
  for (let i = 0; i < frames; i++) {
    const at = i * (8 + payloadBytes);
    wire.fill(0, at, at + 8);
    wire[at] = Math.floor(i / 100) % 2 === 0 ? 1 : 2;
    wire.writeUInt32BE(payloadBytes, at + 4);
  }
  const chunks: Buffer[] = [];
  for (let at = 0; at < wire.length; at += chunkBytes) chunks.push(wire.subarray(at, at + chunkBytes));
  return chunks;
}

function measureOurs(chunks: readonly Buffer[]): number {
  const parser = new FrameParser();
  let received = 0;
  const began = performance.now();
  for (let turn = 0; turn < bytes.ours / bytes.peer; turn++)
    for (const chunk of chunks)
      parser.push(chunk, (_stream, piece) => {
        received += piece.length;
      });
  parser.end();
  return toRate(received, bytes.ours, performance.now() - began);
}

async function measurePeer(chunks: readonly Buffer[]): Promise<number> {
  let received = 0;
  const sink = () =>
    new Writable({
      write(piece: Buffer, _encoding, done) {
        received += piece.length;
        done();
      },
    });
  const source = new PassThrough();
  docker.modem.demuxStream(source, sink(), sink());
  const began = performance.now();
  for (const chunk of chunks) if (!source.write(chunk)) await new Promise((resolve) => source.once('drain', resolve));
  while (received < bytes.peer) await nextTurn();
  return toRate(received, bytes.peer, performance.now() - began);
}

/** The rate counts only if all came through. */
function toRate(received: number, expected: number, ms: number): number {
  if (received !== expected) throw new Error(`${received} of ${expected} bytes came through`);
  return received / 1e6 / (ms / 1000);
}

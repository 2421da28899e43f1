// Answers that go on as long as something comes, as fast as the client reads: text, or lines of JSON (application/x-ndjson). What fails
// once lines have begun is the last of them: `{ "error": problem }`; text that fails is cut off.
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { toFailure, toProblem } from '../src/plugins/problem-details.ts';

/** Sends the pieces as they come. The iterable is left early when the client goes. */
export function sendPieces(reply: FastifyReply, pieces: AsyncIterable<Buffer>): FastifyReply {
  return reply.send(Readable.from(afterHeaders(reply, pieces), { objectMode: false }));
}

/** Sends each value of each batch on a line of its own. */
export function sendLines(reply: FastifyReply, batches: AsyncIterable<readonly unknown[]>): FastifyReply {
  return sendPieces(reply.type('application/x-ndjson'), encodeLines(reply, batches));
}

/** It may be long until the first piece comes: the client is told at once that there will be an answer. */
async function* afterHeaders(reply: FastifyReply, pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  reply.raw.flushHeaders();
  yield* pieces;
}

async function* encodeLines(reply: FastifyReply, batches: AsyncIterable<readonly unknown[]>): AsyncGenerator<Buffer> {
  try {
    for await (const batch of batches) {
      if (batch.length > 0) yield Buffer.from(batch.map((value) => `${JSON.stringify(value)}\n`).join(''));
    }
  } catch (error) {
    const failure = toFailure(error);
    reply.request.failure = failure;
    yield Buffer.from(`${JSON.stringify({ error: toProblem(failure) })}\n`);
  }
}

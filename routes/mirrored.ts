// Answers from the mirrors: bytes that were encoded before, their ETag, and how old they are while an engine is away.
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { MirroredAnswer } from '../src/services/containers/reading.ts';

/** Sends what was encoded before, or 304 where the client has it. */
export function sendMirrored(
  request: Pick<FastifyRequest, 'headers'>,
  reply: FastifyReply,
  { body, etag, ageMs }: MirroredAnswer,
): FastifyReply {
  reply.header('etag', etag).header('cache-control', 'private, no-cache');
  if (ageMs !== null) reply.header('x-terrarium-stale', 'true').header('age', String(Math.floor(ageMs / 1000)));
  if (hasVersion(request.headers['if-none-match'], etag)) return reply.status(304).send();
  return reply.type('application/json; charset=utf-8').send(body);
}

/** RFC 9110 §13.1.2: `*`, or a list of tags compared weakly. */
function hasVersion(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  return ifNoneMatch.split(',').some((tag) => ['*', etag, `W/${etag}`].includes(tag.trim()));
}

// Answers encoded once and sent many times: bytes and their strong ETag, kept as long as nothing that they show has changed.
import { createHash } from 'node:crypto';

/** A JSON document, ready to be sent. */
export interface Encoded {
  readonly body: Buffer;
  /** Strong, quoted: of the bytes, so it survives a restart of the server and a change that shows in none of them. */
  readonly etag: string;
}

export interface EncodedAnswers {
  /** The answer kept under `key`, else `make()` encoded and kept. */
  encode(key: string, make: () => unknown): Encoded;
}

/** More questions than this are not kept apart within one revision: whoever asks that variously pays for it. */
const capacity = 512;

/** @param sources what the answers are derived from; their revisions grow with each change */
export function createEncodedAnswers(sources: readonly { readonly revision: number }[]): EncodedAnswers {
  let kept = '';
  let answers = new Map<string, Encoded>();

  return {
    encode(key, make) {
      const current = sources.map(({ revision }) => revision).join('.');
      if (current !== kept || answers.size >= capacity) {
        kept = current;
        answers = new Map();
      }
      const known = answers.get(key);
      if (known !== undefined) return known;
      const body = Buffer.from(JSON.stringify(make()));
      const encoded = { body, etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"` };
      answers.set(key, encoded);
      return encoded;
    },
  };
}

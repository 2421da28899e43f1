// A token as the tokens file keeps it. One SHA-256 is enough for 256 random bits; looking a hash up tells by its time nothing of use about the token.
import { createHash } from 'node:crypto';

export function hashToken(token: string): string {
  return `sha256:${createHash('sha256').update(token).digest('hex')}`;
}

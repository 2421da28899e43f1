// A tokens file of one test, and the tokens of those whom it names. Written as an editor or a tool would: whole, and renamed into place.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { formatTokensFile, type TokensFileEntry } from '../../src/domain/principals/tokens-file.ts';
import { hashToken } from '../../src/services/credentials/token-hash.ts';
import { defer } from './defer.ts';
import type { Cleanup } from './engine.ts';

/** What a test says of a principal; the rest is usual. */
export type Person = Partial<Omit<TokensFileEntry, 'name' | 'tokens'>>;

export interface TokensFile {
  readonly path: string;
  /** Writes the file anew with these principals in it, each with the token that it had before. */
  write(people: Readonly<Record<string, Person>>): Promise<void>;
  tokenOf(name: string): string;
  headersOf(name: string): { readonly authorization: string };
}

export async function makeTokensFile(cleanup: Cleanup, people: Readonly<Record<string, Person>>): Promise<TokensFile> {
  const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-tokens-'));
  defer(cleanup, () => rm(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'tokens.json');
  const tokens = new Map<string, string>();

  function tokenOf(name: string): string {
    const token = tokens.get(name) ?? `trm_${randomBytes(32).toString('base64url')}`;
    tokens.set(name, token);
    return token;
  }

  async function write(now: Readonly<Record<string, Person>>): Promise<void> {
    const entries = Object.entries(now).map(([name, person]) => ({
      name,
      role: 'operator' as const,
      expiresAt: null,
      rights: [],
      quotas: {},
      ...person,
      tokens: [hashToken(tokenOf(name))],
    }));
    await writeFile(`${file}.new`, formatTokensFile(entries), { mode: 0o600 });
    await rename(`${file}.new`, file);
  }

  await write(people);
  return { path: file, write, tokenOf, headersOf: (name) => ({ authorization: `Bearer ${tokenOf(name)}` }) };
}

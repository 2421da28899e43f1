// The tokens file: who may log in, as whom, and with how much. Pure: a text becomes entries, or a refusal that names the entry and the field. A token
// has 256 random bits, so one SHA-256 keeps it: nobody can try that many, and what is slow (bcrypt) guards words that people choose. Anything else
// is refused, and a hash of something else never fits, because only tokens of this form are looked up at all.
import { type Quotas, quotaNames } from '../../schemas/credentials.ts';
import { type Right, type Role, rightNames, roles } from '../../schemas/roles.ts';
import { parseMemoryLimit } from '../byte-size.ts';

/** One principal as the file says. */
export interface TokensFileEntry {
  readonly name: string;
  readonly role: Role;
  /** `sha256:` and 64 hexadecimal digits each. Two while a token is changed for another. */
  readonly tokens: readonly string[];
  /** Milliseconds since the epoch; null: it does not end. */
  readonly expiresAt: number | null;
  readonly rights: readonly Right[];
  /** Where the file says nothing, the settings of the server count. */
  readonly quotas: Partial<Quotas>;
}

/** What is wrong with a file, in words that name the place. */
export class TokensFileError extends Error {
  override readonly name = 'TokensFileError';
}

/** 32 bytes in base64url, after a word by which scanners of repositories know what leaked. */
export const tokenPattern = /^trm_[A-Za-z0-9_-]{43}$/;
const hashPattern = /^sha256:[0-9a-f]{64}$/;

/** A name is a label of a container, and stands in messages. */
export const principalNamePattern = /^[a-z0-9][a-z0-9._-]{0,31}$/;
/** `admin` holds TERRARIUM_TOKEN. */
const reservedNames: ReadonlySet<string> = new Set(['admin']);

const maxTokens = 4;
const entryFields = ['name', 'role', 'tokens', 'expiresAt', 'rights', 'quotas'];

/** @throws {TokensFileError} */
export function parseTokensFile(text: string): TokensFileEntry[] {
  const root = parseJson(text);
  const file = requireObject(root, 'the file', ['principals']);
  if (!Array.isArray(file.principals)) throw new TokensFileError('"principals" is not a list');
  const entries = file.principals.map((one: unknown, index) => readEntry(one, `principals[${index}]`));
  refuseRepeated(
    entries.map(({ name }) => name),
    (name) => `there are two principals "${name}"; put both tokens into one`,
  );
  refuseRepeated(
    entries.flatMap(({ tokens }) => tokens),
    (token) => `two principals have the token ${token.slice(0, 19)}…; whose would it be?`,
  );
  return entries;
}

/** One entry a line, so that a difference shows who was changed. */
export function formatTokensFile(entries: readonly TokensFileEntry[]): string {
  const lines = entries.map((entry) => `    ${formatEntry(entry)}`);
  return `{\n  "principals": [\n${lines.join(',\n')}${lines.length === 0 ? '' : '\n'}  ]\n}\n`;
}

/** The entry as a line of the file. */
export function formatEntry({ name, role, tokens, expiresAt, rights, quotas }: TokensFileEntry): string {
  return JSON.stringify({
    name,
    role,
    tokens,
    ...(expiresAt !== null && { expiresAt: new Date(expiresAt).toISOString() }),
    ...(rights.length > 0 && { rights }),
    ...(Object.keys(quotas).length > 0 && { quotas }),
  });
}

/** A file that is written at this moment is not whole: JSON that is cut off is no JSON, so it never counts. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TokensFileError(`it is no JSON: ${(error as Error).message}`);
  }
}

function readEntry(value: unknown, place: string): TokensFileEntry {
  const entry = requireObject(value, place, entryFields);
  const { name, role, tokens } = entry;
  if (typeof name !== 'string' || !principalNamePattern.test(name))
    throw new TokensFileError(
      `${place}.name is ${show(name)}; it must be up to 32 of a-z, 0-9, ".", "_" and "-", a letter or digit first`,
    );
  const who = `${place} ("${name}")`;
  if (reservedNames.has(name)) throw new TokensFileError(`${place}.name is "${name}", which holds TERRARIUM_TOKEN`);
  const known = roles.find((one) => one === role);
  if (known === undefined)
    throw new TokensFileError(`${who}.role is ${show(role)}; it must be one of ${roles.join(', ')}`);
  return {
    name,
    role: known,
    tokens: readTokens(tokens, who),
    expiresAt: readTime(entry.expiresAt, who),
    rights: readRights(entry.rights, who, known),
    quotas: readQuotas(entry.quotas, who),
  };
}

function readTokens(value: unknown, who: string): string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > maxTokens)
    throw new TokensFileError(`${who}.tokens must be a list of 1 to ${maxTokens} hashes`);
  return value.map((token: unknown, index) => {
    if (typeof token === 'string' && hashPattern.test(token)) return token;
    // What it holds may be a token: it is not repeated.
    throw new TokensFileError(
      `${who}.tokens[${index}] is no hash of a token: "sha256:" and 64 hexadecimal digits, as "terrarium token create" prints it. A token itself, and weaker hashes, are not taken`,
    );
  });
}

function readTime(value: unknown, who: string): number | null {
  if (value === undefined || value === null) return null;
  const isTime =
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(value);
  const time = isTime ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(time))
    throw new TokensFileError(`${who}.expiresAt is ${show(value)}; it must be a time such as "2027-01-31T18:00:00Z"`);
  return time;
}

function readRights(value: unknown, who: string, role: Role): Right[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new TokensFileError(`${who}.rights is not a list`);
  if (role !== 'operator')
    throw new TokensFileError(`${who}.rights are of an operator only: an admin has all, a viewer those that look`);
  return value.map((right: unknown) => {
    const known = rightNames.find((one) => one === right);
    if (known === undefined)
      throw new TokensFileError(`${who}.rights names ${show(right)}; there are ${rightNames.join(', ')}`);
    return known;
  });
}

function readQuotas(value: unknown, who: string): Partial<Quotas> {
  if (value === undefined) return {};
  const quotas = requireObject(value, `${who}.quotas`, quotaNames);
  const read = Object.entries(quotas).map(([name, limit]) => {
    if (limit === null) return [name, null];
    if (name === 'memory' && typeof limit === 'string') return [name, readMemory(limit, who)];
    if (typeof limit === 'number' && Number.isSafeInteger(limit) && limit >= 0) return [name, limit];
    throw new TokensFileError(
      `${who}.quotas.${name} is ${show(limit)}; it must be a whole number${name === 'memory' ? ' of bytes, or a size such as "8g"' : ''}, or null for none`,
    );
  });
  return Object.fromEntries(read);
}

function readMemory(value: string, who: string): number {
  try {
    return parseMemoryLimit(value);
  } catch {
    throw new TokensFileError(`${who}.quotas.memory is ${show(value)}; it must be a size such as "8g"`);
  }
}

function requireObject(value: unknown, place: string, fields: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TokensFileError(`${place} is not an object`);
  const unknown = Object.keys(value).find((field) => !fields.includes(field));
  if (unknown !== undefined)
    throw new TokensFileError(`${place} has ${show(unknown)}, which is no field; there are ${fields.join(', ')}`);
  return value as Readonly<Record<string, unknown>>;
}

function refuseRepeated(values: readonly string[], describe: (value: string) => string): void {
  const seen = new Set<string>();
  for (const value of values) {
    if (seen.has(value)) throw new TokensFileError(describe(value));
    seen.add(value);
  }
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'absent';
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

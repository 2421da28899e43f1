// From the bytes of daemon.json to its values, as dockerd reads them: decoded, parsed, its keys compared with the flags of the command line, and each value
// given its type. Says what does not fit.

import { type Findings, type Remark, toldAtMost } from './findings.ts';
import { decodeFile, hasByteOrderMark, trimSpace } from './go/file-text.ts';
import { type JsonMember, type JsonMistake, type JsonValue, readJson } from './go/json.ts';
import { findField, type Misfit } from './go/types.ts';
import { type Mend, SourceText } from './mending.ts';
import {
  flagDefaults,
  flagOnly,
  flatKeys,
  isKnownKey,
  type Key,
  type Switch,
  settings,
  suggestedKeys,
  type Values,
} from './settings.ts';

/** What was read. */
export interface Reading {
  readonly values: Values;
  /** Switches as they are in effect, those that the file does not name included. */
  readonly switches: Readonly<Record<Switch, boolean>>;
  /** Every key that dockerd takes to be set: also what lies one level deep in an object that is no value. */
  readonly set: ReadonlyMap<string, JsonValue>;
}

/** Reads a file; null where dockerd would know nothing of what is in it. */
export function readConfig(bytes: Uint8Array, findings: Findings): Reading | null {
  const members = readMembers(bytes, findings);
  if (members === null) return null;
  const set = flatten(members);
  refuseUnknownKeys(members, findings);
  const values = readValues(members, findings);
  const reading = { values, switches: readSwitches(values, set), set };
  remarkDuplicates(members, findings);
  remarkFlagNames(members, set, findings);
  return reading;
}

const jsonFix =
  'Write one JSON object: { "key": value, … }, with names in double quotes, without comments and without a comma after the last member';

function readMembers(bytes: Uint8Array, findings: Findings): readonly JsonMember[] | null {
  const decoded = decodeFile(bytes);
  if ('badOffset' in decoded) {
    // dockerd tells the length of the file, not the place.
    findings.error('read', `failed to decode configuration JSON at offset ${bytes.length}: encoding: invalid UTF-8`, {
      key: null,
      code: 'not_utf8',
      message: `The file is not UTF-8: byte ${decoded.badOffset + 1} (0x${(bytes[decoded.badOffset] ?? 0).toString(16).padStart(2, '0')}) begins no character`,
      fix: 'Save the file as UTF-8',
    });
    return null;
  }
  if (hasByteOrderMark(bytes))
    findings.info({
      key: null,
      code: 'byte_order_mark',
      message: 'The file begins with a byte-order mark; dockerd reads over it, other programs may not',
      fix: 'Save the file as UTF-8 without a byte-order mark',
    });
  findings.readFrom(new SourceText(decoded.text));
  const text = trimSpace(decoded.text);
  const skipped = decoded.text.indexOf(text);
  if (text === '') return [];
  const json = readJson(text);
  if ('mistake' in json) {
    findings.error('read', json.mistake.says, describeMistake(json.mistake, text, decoded.text, skipped));
    return null;
  }
  const { value } = json;
  if (value.kind === 'null') return [];
  if (value.kind !== 'object') {
    findings.error('read', `json: cannot unmarshal ${value.kind} into Go value of type map[string]interface {}`, {
      key: null,
      code: 'not_an_object',
      message: `The file holds ${article(value.kind)}; dockerd needs an object with its keys`,
      fix: jsonFix,
    });
    return null;
  }
  findings.readFrom(new SourceText(decoded.text, value.members, skipped));
  const huge = findHugeNumber(value);
  if (huge !== undefined)
    findings.error('read', `json: cannot unmarshal number ${huge} into Go value of type float64`, {
      key: null,
      code: 'number_too_large',
      message: `${huge} is more than a floating-point number can hold, and dockerd reads every number of the file as one first`,
      fix: 'Write a smaller number',
    });
  return value.members;
}

function describeMistake(mistake: JsonMistake, text: string, fileText: string, skipped: number): Remark {
  const { line, column, found } = mistake;
  const before = fileText.slice(0, skipped).split('\n');
  const indent = line === 1 ? (before.at(-1)?.length ?? 0) : 0;
  const place = `line ${line + before.length - 1}, column ${column + indent}`;
  const what =
    found === ''
      ? `The file ends too early, at ${place}: a bracket, a brace or a quotation mark is not closed`
      : `The file is no JSON: ${JSON.stringify(found)} cannot stand at ${place}`;
  const at = skipped + mistake.at;
  const correction = correctMistake(mistake, text);
  return {
    key: null,
    code: 'malformed_json',
    message: what,
    fix: jsonFix,
    at: [at, at + found.length],
    mends: correction === null ? [] : [shiftCorrection(correction, skipped)],
  };
}

type Correction = Extract<Mend, { kind: 'correct' }>;

/** The slips that everybody makes: a comma too many or too few, and comments. */
function correctMistake({ at, found, says }: JsonMistake, text: string): Correction | null {
  if (found === '/' || found === '#') {
    const [comment = ''] = /^(\/\/[^\n]*|#[^\n]*|\/\*[\s\S]*?\*\/)/.exec(text.slice(at)) ?? [];
    return comment === '' ? null : { kind: 'correct', at: [at, at + comment.length], text: '' };
  }
  const written = text.slice(0, at).trimEnd();
  if ((found === '}' || found === ']') && written.endsWith(','))
    return { kind: 'correct', at: [written.length - 1, written.length], text: '' };
  const isComplete = says.endsWith('after object key:value pair') || says.endsWith('after array element');
  if (isComplete && /["{[\d]/.test(found)) return { kind: 'correct', at: [written.length, written.length], text: ',' };
  return null;
}

function shiftCorrection({ at: [start, end], ...correction }: Correction, by: number): Correction {
  return { ...correction, at: [start + by, end + by] };
}

/** Go reads a number into 64 bits first, wherever it stands. */
function findHugeNumber(value: JsonValue): string | undefined {
  const open: JsonValue[] = [value];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.kind === 'number' && !Number.isFinite(Number(next.text))) return next.text;
    if (next.kind === 'array') for (const item of next.items.toReversed()) open.push(item);
    if (next.kind === 'object') for (const { value: inner } of next.members.toReversed()) open.push(inner);
  }
  return undefined;
}

/** The last member of each name, as a map of Go's keeps it. */
function lastMembers(members: readonly JsonMember[]): Map<string, JsonMember> {
  const last = new Map<string, JsonMember>();
  for (const member of members) last.set(member.name, member);
  return last;
}

/** The keys as dockerd compares them with its flags: the members of an object stand beside it, unless the object is a value itself. */
function flatten(members: readonly JsonMember[]): Map<string, JsonValue> {
  const set = new Map<string, JsonValue>();
  const nested: JsonMember[] = [];
  for (const { name, value } of lastMembers(members).values()) {
    if (value.kind === 'object' && !flatKeys.has(name))
      for (const member of lastMembers(value.members).values()) nested.push(member);
    else set.set(name, value);
  }
  // Which of two wins is chance in dockerd; here it is the one that stands where it belongs.
  for (const { name, value } of nested) if (!set.has(name)) set.set(name, value);
  return set;
}

function refuseUnknownKeys(members: readonly JsonMember[], findings: Findings): void {
  const unknown: { name: string; within?: string }[] = [];
  for (const { name, value } of lastMembers(members).values()) {
    if (value.kind !== 'object' || flatKeys.has(name)) {
      if (!isKnownKey(name)) unknown.push({ name });
    } else {
      for (const inner of lastMembers(value.members).keys())
        if (!isKnownKey(inner)) unknown.push({ name: inner, within: name });
    }
  }
  const names = [...new Set(unknown.map(({ name }) => name))];
  const says = `the following directives don't match any configuration option: ${names.join(', ')}`;
  for (const [i, { name, within }] of unknown.entries()) {
    const meant = i < toldAtMost ? suggest(name) : undefined;
    findings.error('read', says, {
      key: within === undefined ? name : `${within}.${name}`,
      code: 'unknown_key',
      message:
        within === undefined
          ? `dockerd knows no key ${JSON.stringify(name)}`
          : `dockerd takes the members of ${JSON.stringify(within)} for keys of its own, and knows no ${JSON.stringify(name)}`,
      fix:
        name === 'proxies'
          ? 'Write an object: { "http-proxy": …, "https-proxy": …, "no-proxy": … }'
          : meant === undefined
            ? `Remove "${name}"`
            : `Write "${meant}", or remove it`,
      mends:
        within !== undefined || name === 'proxies'
          ? []
          : [
              ...(meant === undefined ? [] : [{ kind: 'rename' as const, key: name, to: meant }]),
              { kind: 'remove', key: name },
            ],
    });
  }
}

/** A key that somebody may have meant: the same but for case and dashes, or one or two letters away. */
function suggest(name: string): string | undefined {
  const plain = (key: string) => key.toLowerCase().replaceAll(/[-_ ]/g, '');
  if (name.length > 64) return undefined;
  return (
    suggestedKeys.find((key) => plain(key) === plain(name)) ??
    suggestedKeys.find((key) => plain(key) === `${plain(name)}s`) ??
    (name.length > 3 ? suggestedKeys.find((key) => distance(key, name) <= 2) : undefined)
  );
}

/** Levenshtein's. */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (const [i, char] of [...one].entries()) {
    const next = [i + 1];
    for (let j = 0; j < other.length; j += 1)
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (char === other[j] ? 0 : 1)));
    row = next;
  }
  return row[other.length] ?? 0;
}

function readValues(members: readonly JsonMember[], findings: Findings): Values {
  const values: Record<string, unknown> = {};
  const misfits: (Misfit & { key: Key; value: JsonValue })[] = [];
  for (const { name, value } of members) {
    const key = findField(Object.keys(settings), name) as Key | undefined;
    if (key === undefined) continue;
    const { where, type } = settings[key];
    const before = misfits.length;
    values[key] = type.read(
      value,
      { struct: 'Config', path: where + key },
      (misfit) => misfits.push({ ...misfit, key, value }),
      values[key] as never,
    );
    if (misfits.length > before) delete values[key];
  }
  // A value that reads itself and cannot ends Go's reading at once; of the others it tells the first.
  for (const { says, key, value } of misfits.toSorted((one, other) => Number(other.hard) - Number(one.hard)))
    findings.error('read', says, describeMisfit(says, key, value));
  return values as Values;
}

function describeMisfit(says: string, key: Key, value: JsonValue): Remark {
  const address = /^invalid IP address: (.*)$/s.exec(says)?.[1];
  if (address !== undefined)
    return {
      key,
      code: 'invalid_address',
      message: `"${key}" wants an IP address, and ${JSON.stringify(address)} is none`,
      fix: address.includes('/')
        ? 'Write the address without a prefix length'
        : 'Write a literal IPv4 or IPv6 address; names are not looked up',
      mends:
        value.kind === 'string' && address.includes('/')
          ? [{ kind: 'set', key, value: JSON.stringify(address.replace(/\/.*$/s, '')) }]
          : [],
    };
  if (says.startsWith('json: '))
    return {
      key,
      code: 'wrong_type',
      message: `"${key}" wants ${wanted(says)}, not ${article(foundIn(says))}`,
      fix: fixType(key, says, value),
      mends: mendType(key, says, value),
    };
  return {
    key,
    code: 'invalid_value',
    message: `"${key}" cannot be read: ${says}`,
    fix: key === 'default-shm-size' ? 'Write a size in quotes: "64m", "1g"' : 'Write a value that dockerd can read',
  };
}

const wantedTypes: Readonly<Record<string, string>> = {
  string: 'a string',
  bool: 'true or false',
  int: 'a whole number',
  int64: 'a whole number',
  uint32: 'a whole number',
  '[]string': 'a list of strings',
  'net.IP': 'an IP address as a string',
  '[]net.IP': 'a list of IP addresses',
  'log.OutputFormat': 'a string',
  'map[string]string': 'an object of strings',
  'map[string]bool': 'an object of true and false',
  '[]*ipamutils.NetworkToSplit': 'a list of { "base": "10.10.0.0/16", "size": 24 }',
  'ipamutils.NetworkToSplit': 'an object { "base": "10.10.0.0/16", "size": 24 }',
};

function wanted(says: string): string {
  const type = / of type (.*)$/.exec(says)?.[1] ?? '';
  return wantedTypes[type] ?? 'an object';
}

function foundIn(says: string): string {
  return /cannot unmarshal (\S+( \S+)?) into/.exec(says)?.[1] ?? 'value';
}

function fixType(key: Key, says: string, value: JsonValue): string {
  if (value.kind === 'string' && wanted(says).startsWith('a list')) return `Write a list: "${key}": [${value.raw}]`;
  if (value.kind === 'string' && /^(true|false|\d+)$/.test(value.value) && !wanted(says).includes('string'))
    return `Write it without quotes: "${key}": ${value.value}`;
  if ((value.kind === 'number' || value.kind === 'bool') && wanted(says) === 'a string')
    return `Write it in quotes: "${key}": "${value.kind === 'number' ? value.text : value.value}"`;
  return `Write ${wanted(says)}`;
}

/** What {@link fixType} says in full. */
function mendType(key: Key, says: string, value: JsonValue): Mend[] {
  const [, written] = fixType(key, says, value).split(`"${key}": `);
  return written === undefined ? [] : [{ kind: 'set', key, value: written }];
}

function article(kind: string): string {
  if (kind === 'bool') return 'true or false';
  if (kind.startsWith('number ')) return `${kind.slice(7)}, which is none`;
  return `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;
}

/** Switches are set by the file twice: as a flag of its name, by whatever the file says there, and as a field. */
function readSwitches(values: Values, set: ReadonlyMap<string, JsonValue>): Record<Switch, boolean> {
  const entries = Object.entries(flagDefaults).map(([name, byDefault]) => {
    const asFlag = parseBool(set.get(name)) ?? byDefault;
    // What Go finds empty in the file (false) it takes from the flags, and there the file's false stands too.
    return [name, values[name as Switch] === true ? true : asFlag];
  });
  return Object.fromEntries(entries) as Record<Switch, boolean>;
}

/** strconv.ParseBool of a value as Go prints it. */
export function parseBool(value: JsonValue | undefined): boolean | undefined {
  const printed =
    value?.kind === 'bool'
      ? String(value.value)
      : value?.kind === 'string'
        ? value.value
        : value?.kind === 'number'
          ? String(Number(value.text))
          : '';
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(printed)) return true;
  return ['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(printed) ? false : undefined;
}

function remarkDuplicates(members: readonly JsonMember[], findings: Findings): void {
  const seen = new Map<string, number[]>();
  for (const { name, line } of members) {
    const lines = seen.get(name);
    if (lines === undefined) seen.set(name, [line]);
    else lines.push(line);
  }
  for (const [name, lines] of seen) {
    if (lines.length === 1) continue;
    findings.warning({
      key: name,
      code: 'duplicate_key',
      message: `"${name}" stands there ${lines.length} times (lines ${lines.slice(0, 9).join(', ')}${lines.length > 9 ? ', …' : ''}); the last one counts`,
      fix: 'Keep one of them',
      mends: [{ kind: 'remove-earlier', key: name }],
    });
  }
}

/** Names that dockerd lets pass and reads nothing from. */
function remarkFlagNames(
  members: readonly JsonMember[],
  set: ReadonlyMap<string, JsonValue>,
  findings: Findings,
): void {
  const atTop = new Set(members.filter(({ value }) => value.kind !== 'object').map(({ name }) => name));
  const holders = new Map<string, string>();
  for (const { name: holder, value } of members)
    if (value.kind === 'object' && !flatKeys.has(holder))
      for (const { name } of value.members) if (!holders.has(name)) holders.set(name, holder);
  for (const name of set.keys()) {
    const holder = holders.get(name);
    if (holder !== undefined && !atTop.has(name)) {
      if (holder.toLowerCase() === 'proxies' || name in flagDefaults || name === 'validate') continue;
      findings.warning({
        key: `${holder}.${name}`,
        code: 'misplaced_key',
        message: `"${name}" inside of "${holder}" passes dockerd's check of names, and is then not read`,
        fix: `Write "${name}" at the top of the file`,
      });
      continue;
    }
    if (!Object.hasOwn(flagOnly, name) || name === 'validate') continue;
    const meant = flagOnly[name];
    findings.warning({
      key: name,
      code: 'no_effect',
      message: `"${name}" is the name of a flag: dockerd accepts it in the file, and reads nothing from it`,
      fix:
        meant === null || meant === undefined
          ? 'Remove it'
          : meant === 'proxies'
            ? `Write "proxies": { "${name}": … }`
            : `Write "${meant}"`,
      mends:
        meant === null || meant === undefined
          ? [{ kind: 'remove', key: name }]
          : meant === 'proxies'
            ? []
            : [{ kind: 'rename', key: name, to: meant }],
    });
  }
}

// The form's fields as texts, which is what its link holds, and the request that they make. Pure: what is wrong with a value the server says, but for
// what could not even be sent.
import type { CreateBodies } from '../../../../src/client/index.ts';
import { readWords } from './words.ts';

export const modes = ['closed', 'bridged', 'joined', 'open'] as const satisfies readonly (keyof CreateBodies)[];
export type CreateMode = (typeof modes)[number];

const forAll = [
  'name',
  'image',
  'command',
  'entrypoint',
  'env',
  'workingDir',
  'user',
  'tty',
  'stdin',
  'autoRemove',
  'restart',
  'labels',
  'lab',
  'ttl',
  'engine',
  'memory',
  'cpus',
  'pids',
  'capabilities',
  'pull',
] as const;
const onNetwork = ['hostname', 'network', 'ip', 'ip6', 'aliases', 'dns'] as const;

/** What each mode has a place for. */
const fieldsOf = {
  closed: [...forAll, 'hostname'],
  bridged: [...forAll, ...onNetwork],
  joined: [...forAll, 'target', 'rejoin'],
  open: [...forAll, ...onNetwork, 'ports', 'publishAll', 'host'],
} as const;

export type FieldName = (typeof fieldsOf)[CreateMode][number];
/** A field that is not there, or empty, is not sent. Lists have a line for each. */
export type CreateForm = Readonly<Partial<Record<FieldName, string>>>;

export function hasField(mode: CreateMode, field: FieldName): boolean {
  return (fieldsOf[mode] as readonly FieldName[]).includes(field);
}

/** The form that a link's query holds. What it has beyond that is none of ours. */
export function readForm(query: Readonly<Record<string, string>>): CreateForm {
  const known: ReadonlySet<string> = new Set(Object.values(fieldsOf).flat());
  return Object.fromEntries(Object.entries(query).filter(([name, value]) => known.has(name) && value !== ''));
}

/** Why a text cannot be sent as what it should be. */
export type FormProblem = 'unclosed' | 'noEquals' | 'noNumber';

export interface ReadRequest<Mode extends CreateMode = CreateMode> {
  readonly body: CreateBodies[Mode];
  /** Where it has any, the body is not to be sent. */
  readonly problems: Readonly<Partial<Record<FieldName, FormProblem>>>;
}

/** What `POST /containers/MODE` gets. */
export function readRequest(mode: CreateMode, form: CreateForm): ReadRequest {
  const problems: Partial<Record<FieldName, FormProblem>> = {};
  const text = (field: FieldName) => (hasField(mode, field) && form[field] !== '' ? form[field] : undefined);
  const lines = (field: FieldName) => {
    const found = listLines(text(field));
    return found.length === 0 ? undefined : found;
  };
  const items = (field: FieldName) => {
    const found = (text(field) ?? '').split(/[\s,]+/).filter((item) => item !== '');
    return found.length === 0 ? undefined : found;
  };
  const words = (field: FieldName) => {
    const read = readWords(text(field) ?? '');
    if (read === null) problems[field] = 'unclosed';
    return read === null || read.length === 0 ? undefined : read;
  };
  const flag = (field: FieldName) => (text(field) === undefined ? undefined : text(field) === 'yes');
  const number = (field: FieldName) => {
    const given = text(field);
    if (given === undefined) return undefined;
    const value = Number(given);
    if (!Number.isFinite(value) || given.trim() === '') problems[field] = 'noNumber';
    return value;
  };
  const pairs = (field: FieldName) => {
    const found = lines(field);
    if (found?.some((line) => line.indexOf('=') < 1)) problems[field] = 'noEquals';
    return found;
  };
  const labels = pairs('labels');
  const limits = present({ memory: text('memory'), cpus: number('cpus'), pids: number('pids') });
  const body = present({
    name: text('name'),
    target: text('target') ?? (mode === 'joined' ? '' : undefined),
    image: text('image'),
    command: words('command'),
    network: text('network'),
    ports: lines('ports'),
    publishAll: flag('publishAll'),
    host: flag('host'),
    ip: text('ip'),
    ip6: text('ip6'),
    aliases: items('aliases'),
    dns: items('dns'),
    rejoin: text('rejoin'),
    entrypoint: words('entrypoint'),
    env: pairs('env'),
    workingDir: text('workingDir'),
    user: text('user'),
    hostname: text('hostname'),
    tty: flag('tty'),
    stdin: flag('stdin'),
    autoRemove: flag('autoRemove'),
    restart: text('restart'),
    labels: labels === undefined ? undefined : Object.fromEntries(labels.map(splitPair)),
    lab: text('lab'),
    ttl: text('ttl'),
    engine: text('engine'),
    limits: Object.keys(limits).length === 0 ? undefined : limits,
    capabilities: items('capabilities'),
    pull: text('pull'),
  });
  return { body: body as unknown as CreateBodies[CreateMode], problems };
}

/** The form's field that a problem's field is about, and which line of it; null where it is none of the form's. */
export function findField(mode: CreateMode, field: string | undefined): { name: FieldName; line: number } | null {
  const path = (field ?? '').replace(/^\/|^body\./, '').split(/[.[\]]+/);
  const [first = '', second = ''] = path;
  const name = (first === 'limits' ? second : first) as FieldName;
  return hasField(mode, name) ? { name, line: /^\d+$/.test(second) ? Number(second) : 0 } : null;
}

export function listLines(text = ''): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function splitPair(line: string): readonly [name: string, value: string] {
  const at = line.indexOf('=');
  return [line.slice(0, at), line.slice(at + 1)];
}

function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

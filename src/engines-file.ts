// Reads the file of engines: each with a name, an endpoint, and what it is reached with. One problem, told with its place and the way out, is enough
// for the server not to start: an engine that is left out in silence would be missed much later.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { isLoopback } from './domain/http/address.ts';
import { type LabProblem, type LabSource, type MemberPath, problemAt, readSource } from './domain/lab/lab-source.ts';
import { judge } from './domain/lab/schema-problems.ts';
import { findSshFault, findTlsFault, type SshFiles, type TlsFiles } from './engine/docker/credential-files.ts';
import { type Endpoint, formatEndpoint, parseEndpoint } from './engine/docker/endpoint.ts';
import { type EngineEntry, EnginesFile } from './schemas/engines-file.ts';
import { Failure } from './schemas/failure.ts';

/** One engine as the configuration has it. */
export interface EngineConfig {
  readonly name: string;
  readonly endpoint: string;
  /** Allows plain tcp:// beyond loopback, and host mode over it. */
  readonly insecure: boolean;
  /** By which containers are placed. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Speak TLS, with these. */
  readonly tls?: TlsFiles;
  /** For ssh:// */
  readonly ssh?: SshFiles;
}

const kind = { file: 'a file of engines', whole: 'file', maxLength: 262_144 };

/** Reads the file at `file`. Throws an Error whose message is one line: the place, the member at fault, and the way out. */
export function readEnginesFile(file: string): EngineConfig[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`it cannot be read: ${(error as Error).message}`);
  }
  const reading = readSource(text, kind);
  if ('problems' in reading) throw describe(reading.problems);
  const { source } = reading;
  const misshapen = findMisshapen(source);
  if (misshapen.length > 0) throw describe(misshapen);
  const folder = path.dirname(path.resolve(file));
  const { engines } = source.value as EnginesFile;
  const configs = engines.map((entry) => toConfig(entry, folder));
  const problems = [
    ...findRepeated(
      source,
      engines.map(({ name }) => name),
      'name',
    ),
    ...configs.flatMap((config, index) => findProblems(source, config, index)),
  ];
  if (problems.length === 0) problems.push(...findRepeated(source, configs.map(describeEndpoint), 'endpoint'));
  if (problems.length > 0) throw describe(problems);
  return configs;
}

/** What keeps the file from being one, engine by engine. */
function findMisshapen(source: LabSource): LabProblem[] {
  const { value } = source;
  const hint = 'It begins with "engines:", and below it "- name: local" and "  endpoint: unix:///var/run/docker.sock".';
  if (value === null || value === undefined) return [problemAt(source, [], 'The file is empty', hint)];
  if (typeof value !== 'object' || Array.isArray(value)) return [problemAt(source, [], 'The file must be a map', hint)];
  const { engines } = value as { engines?: unknown };
  const { items, ...list } = EnginesFile.properties.engines;
  const frame = { ...EnginesFile, properties: { engines: list } };
  const problems = judge(source, frame, value, []);
  if (problems.length > 0 || !Array.isArray(engines)) return problems;
  return engines.flatMap((entry, index) => judge(source, items, entry, ['engines', String(index)]));
}

function toConfig({ tls, ssh, insecure = false, ...entry }: EngineEntry, folder: string): EngineConfig {
  return {
    ...entry,
    insecure,
    ...(tls !== undefined && { tls: resolveAll(tls, folder) }),
    ...(ssh !== undefined && { ssh: resolveAll(ssh, folder) }),
  };
}

function resolveAll<Files extends object>(files: Files, folder: string): Files {
  return Object.fromEntries(
    Object.entries(files).map(([member, file]: [string, string]) => [
      member,
      file.startsWith('~/') ? path.join(homedir(), file.slice(2)) : path.resolve(folder, file),
    ]),
  ) as Files;
}

/** What is wrong with one engine that has the right members. */
function findProblems(source: LabSource, config: EngineConfig, index: number): LabProblem[] {
  const at = (...members: string[]): MemberPath => ['engines', index, ...members];
  const { endpoint: text, insecure, tls, ssh } = config;
  let endpoint: Endpoint;
  try {
    endpoint = parseEndpoint(text, { tls: tls !== undefined });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return [problemAt(source, at('endpoint'), error.message, error.hint)];
  }
  if (tls !== undefined && endpoint.kind !== 'tls')
    return [problemAt(source, at('tls'), `"tls" is for tcp:// only, not for ${endpoint.kind}://`, 'Leave it out.')];
  if (ssh !== undefined && endpoint.kind !== 'ssh')
    return [
      problemAt(source, at('ssh'), '"ssh" is for ssh:// only', 'Leave it out, or begin the endpoint with ssh://.'),
    ];
  if (insecure && endpoint.kind !== 'tcp')
    return [
      problemAt(
        source,
        at('insecure'),
        '"insecure" is for plain tcp:// only',
        'Leave it out: nothing is insecure here.',
      ),
    ];
  if (endpoint.kind === 'tcp' && !insecure) {
    if (!isLoopback(endpoint.host)) {
      const why = 'plain tcp:// beyond loopback gives root on the engine to whoever listens in';
      const hint = 'Give it "tls:" with ca, cert and key; or say "insecure: true" to use it all the same.';
      return [problemAt(source, at('endpoint'), `${formatEndpoint(endpoint)}: ${why}`, hint)];
    }
  }
  const [section, fault] = tls === undefined ? ['ssh', findSshFault(ssh ?? {})] : ['tls', findTlsFault(tls)];
  return fault === undefined ? [] : [problemAt(source, at(section, fault.member), fault.message, fault.hint)];
}

function describeEndpoint({ endpoint, tls }: EngineConfig): string {
  return formatEndpoint(parseEndpoint(endpoint, { tls: tls !== undefined }));
}

/** An engine under two names would have every container twice. */
function findRepeated(source: LabSource, values: readonly string[], member: 'name' | 'endpoint'): LabProblem[] {
  return values.flatMap((value, index) => {
    const first = values.indexOf(value);
    if (first === index) return [];
    const { line } = source.placeOf(['engines', first]);
    return [
      problemAt(
        source,
        ['engines', index, member],
        `The ${member} "${value}" is that of the engine in line ${line} too`,
        'Leave one of them out.',
      ),
    ];
  });
}

function describe(problems: readonly LabProblem[]): Error {
  const [first] = [...problems].sort((one, other) => one.line - other.line || one.column - other.column);
  if (first === undefined) throw new Error('a file of engines was refused and nothing is wrong with it');
  const { line, column, path: member, message, hint } = first;
  const named = member === '' || message.includes(`"${member}"`) ? message : `${member}: ${message}`;
  const more = problems.length === 1 ? '' : ` (and ${problems.length - 1} more)`;
  return new Error(`line ${line}, column ${column}: ${named}.${hint === undefined ? '' : ` ${hint}`}${more}`);
}

// The environment, validated once at start into a frozen Config. Nothing else reads process.env.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseMemoryLimit } from './domain/byte-size.ts';
import { isLoopback, normalizeHost, normalizeOrigin } from './domain/http/address.ts';
import { findTlsFault } from './engine/docker/credential-files.ts';
import { type Endpoint, hidePassword, parseEndpoint } from './engine/docker/endpoint.ts';
import { type EngineConfig, readEnginesFile } from './engines-file.ts';
import { Failure } from './schemas/failure.ts';
import { type SettingName, settings } from './settings.ts';

/** How the server runs. Durations in milliseconds. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** null: generated at the first start and kept in `stateDir`, mode 0600. */
  readonly token: string | null;
  readonly stateDir: string;
  /** Named principals; null: there is the one token only. */
  readonly tokensFile: string | null;
  /** Where changes and refusals are written down; null: in the log. */
  readonly auditFile: string | null;
  readonly observer: 'probe' | 'helper';
  /** May the host's packet filter be read: `off` leaves unknown what it does. */
  readonly rules: 'read' | 'off';
  readonly helperImage: string;
  readonly defaultImage: string;
  /** Host header values (without or with port) accepted beside those of the listening address; lower case. */
  readonly allowedHosts: readonly string[];
  /** Origins (scheme://host[:port], as browsers write them) accepted beside the server's own. */
  readonly allowedOrigins: readonly string[];
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  readonly engines: readonly EngineConfig[];
  /** Registries (`host[:port]`, `docker.io`) from which images may be pulled. */
  readonly registries: readonly string[];
  readonly heartbeatMs: number;
  readonly janitorIntervalMs: number;
  /** Labs that one principal may have, and containers that these may come to. */
  readonly maxContainers: number;
  readonly maxLabs: number;
  readonly maxLabContainers: number;
  /** WebSockets, followed answers and subscriptions of one principal at a time. */
  readonly maxStreams: number;
  /** Bytes: the sum of the memory limits of one principal's containers; null: no limit. */
  readonly maxMemory: number | null;
  /** Requests a second allowed to one principal. */
  readonly rateLimit: number;
}

export type { EngineConfig };

/** One bad setting, in words that name the variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Shorter tokens can be guessed. */
export const minTokenLength = 16;

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Reads and validates the environment. Throws a ConfigError that names the variable, what it holds, and what is allowed. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const { text, integer, list, oneOf } = reader(env);
  const config: Config = {
    host: readListenHost(text('TERRARIUM_HOST')),
    port: integer('TERRARIUM_PORT', 0, 65535),
    token: readToken(text('TERRARIUM_TOKEN')),
    stateDir: readStateDir(env),
    tokensFile: text('TERRARIUM_TOKENS_FILE') || null,
    auditFile: text('TERRARIUM_AUDIT_FILE') || null,
    observer: oneOf('TERRARIUM_OBSERVER', ['probe', 'helper']),
    rules: oneOf('TERRARIUM_RULES', ['read', 'off']),
    helperImage: text('TERRARIUM_HELPER_IMAGE'),
    defaultImage: text('TERRARIUM_DEFAULT_IMAGE'),
    allowedHosts: list('TERRARIUM_ALLOWED_HOSTS').map(readAllowedHost),
    allowedOrigins: list('TERRARIUM_ALLOWED_ORIGINS').map(readAllowedOrigin),
    logLevel: oneOf('TERRARIUM_LOG_LEVEL', logLevels),
    engines: readEngines({
      file: text('TERRARIUM_ENGINES_FILE'),
      endpoint: text('DOCKER_HOST'),
      insecure: oneOf('TERRARIUM_INSECURE_ENGINE', ['true', 'false']) === 'true',
      verifyTls: text('DOCKER_TLS_VERIFY') !== '',
      certificates: text('DOCKER_CERT_PATH'),
    }),
    registries: list('TERRARIUM_REGISTRIES'),
    heartbeatMs: integer('TERRARIUM_HEARTBEAT_MS', 100, 600_000),
    janitorIntervalMs: integer('TERRARIUM_JANITOR_MS', 100, 3_600_000),
    maxContainers: integer('TERRARIUM_MAX_CONTAINERS', 1, 1_000_000),
    maxLabs: integer('TERRARIUM_MAX_LABS', 1, 100_000),
    maxLabContainers: integer('TERRARIUM_MAX_LAB_CONTAINERS', 1, 1_000_000),
    maxStreams: integer('TERRARIUM_MAX_STREAMS', 1, 1_000_000),
    maxMemory: readMaxMemory(text('TERRARIUM_MAX_MEMORY')),
    rateLimit: integer('TERRARIUM_RATE_LIMIT', 10, 1_000_000),
  };
  refuseOpenDoors(config);
  return Object.freeze(config);
}

/** Readers of single values. An empty variable is an absent one. */
function reader(env: NodeJS.ProcessEnv) {
  const text = (name: SettingName): string => {
    const value = env[name];
    return value === undefined || value === '' ? (settings.find((one) => one.name === name)?.default ?? '') : value;
  };
  const integer = (name: SettingName, min: number, max: number): number => {
    const raw = text(name);
    const value = Number(raw);
    if (!/^\d+$/.test(raw) || value < min || value > max)
      throw new ConfigError(`${name} is "${raw}"; it must be a whole number from ${min} to ${max}`);
    return value;
  };
  const list = (name: SettingName): string[] =>
    text(name)
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  const oneOf = <const T extends string>(name: SettingName, allowed: readonly T[]): T => {
    const raw = text(name);
    const value = allowed.find((one) => one === raw);
    if (value === undefined) throw new ConfigError(`${name} is "${raw}"; it must be one of ${allowed.join(', ')}`);
    return value;
  };
  return { text, integer, list, oneOf };
}

/** Without the brackets of an IPv6 address: Node listens on `::1`. */
function readListenHost(value: string): string {
  const bare = value.replace(/^\[(.*)\]$/, '$1');
  if (normalizeHost(bare.includes(':') ? `[${bare}]` : bare)?.port !== null)
    throw new ConfigError(`TERRARIUM_HOST is "${value}"; it must be an address or a host name, without a port`);
  return bare;
}

function readMaxMemory(value: string): number | null {
  if (value === '') return null;
  try {
    return parseMemoryLimit(value);
  } catch {
    throw new ConfigError(`TERRARIUM_MAX_MEMORY is "${value}"; it must be a size such as 8g`);
  }
}

/** The error never shows the token. */
function readToken(value: string): string | null {
  if (value === '') return null;
  if (!/^[\x21-\x7e]+$/.test(value))
    throw new ConfigError(
      'TERRARIUM_TOKEN holds a blank or a character that is not visible ASCII; a header cannot carry it',
    );
  if (value.length < minTokenLength)
    throw new ConfigError(
      `TERRARIUM_TOKEN has ${value.length} characters; it must have at least ${minTokenLength} (openssl rand -hex 32 makes a good one)`,
    );
  return value;
}

function readStateDir(env: NodeJS.ProcessEnv): string {
  const value = env.TERRARIUM_STATE_DIR;
  if (value !== undefined && value !== '') return value;
  const base = env.XDG_STATE_HOME;
  return join(base === undefined || base === '' ? join(homedir(), '.local', 'state') : base, 'terrarium');
}

function readAllowedHost(value: string): string {
  const host = normalizeHost(value);
  if (host === undefined)
    throw new ConfigError(
      `TERRARIUM_ALLOWED_HOSTS names "${value}"; it must be a host name or address, with or without :port`,
    );
  return host.port === null ? host.name : `${host.name}:${host.port}`;
}

function readAllowedOrigin(value: string): string {
  const origin = normalizeOrigin(value);
  if (origin === undefined)
    throw new ConfigError(
      `TERRARIUM_ALLOWED_ORIGINS names "${value}"; it must look like https://host or http://host:port`,
    );
  return origin;
}

/** What the environment says of engines. */
interface EngineSettings {
  readonly file: string;
  readonly endpoint: string;
  readonly insecure: boolean;
  readonly verifyTls: boolean;
  readonly certificates: string;
}

/** Those of the file, or the one that the docker command would use. */
function readEngines(given: EngineSettings): EngineConfig[] {
  const { file, insecure } = given;
  if (file === '') return [readLocalEngine(given)];
  if (insecure)
    throw new ConfigError(
      'TERRARIUM_INSECURE_ENGINE is "true" beside TERRARIUM_ENGINES_FILE; write "insecure: true" at the engine in that file instead',
    );
  try {
    return readEnginesFile(file);
  } catch (error) {
    throw new ConfigError(`TERRARIUM_ENGINES_FILE names "${file}"; ${(error as Error).message}`, { cause: error });
  }
}

function readLocalEngine({ endpoint, insecure, verifyTls, certificates }: EngineSettings): EngineConfig {
  const parsed = parseOrExplain(endpoint, verifyTls);
  if (parsed.kind === 'tls') return { name: 'local', endpoint, insecure: false, tls: readCertificates(certificates) };
  if (parsed.kind === 'tcp' && !insecure && !isLoopback(parsed.host))
    throw new ConfigError(
      `DOCKER_HOST is "${endpoint}": plain TCP beyond loopback gives root on the engine to whoever listens in; set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH, or TERRARIUM_INSECURE_ENGINE=true to use it all the same`,
    );
  return { name: 'local', endpoint, insecure };
}

/** The three files, as the docker command has them. Of our own certificate and key none is needed where the engine asks for none. */
function readCertificates(folder: string): NonNullable<EngineConfig['tls']> {
  const base = folder === '' ? join(homedir(), '.docker') : folder;
  const isThere = (file: string) => existsSync(join(base, file));
  const hasOwn = isThere('cert.pem') || isThere('key.pem');
  const tls = {
    ca: join(base, 'ca.pem'),
    ...(hasOwn && { cert: join(base, 'cert.pem'), key: join(base, 'key.pem') }),
  };
  const fault = findTlsFault(tls);
  if (fault !== undefined)
    throw new ConfigError(
      `DOCKER_TLS_VERIFY is set, and DOCKER_CERT_PATH is "${folder}": ${fault.message}. The folder has to hold ca.pem, cert.pem and key.pem`,
    );
  return tls;
}

function parseOrExplain(endpoint: string, tls: boolean): Endpoint {
  try {
    return parseEndpoint(endpoint, { tls });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { message, hint = '' } = error;
    throw new ConfigError(`DOCKER_HOST is "${hidePassword(endpoint)}"; ${message}. ${hint}`.trim(), { cause: error });
  }
}

/** Beyond loopback nothing is reachable by default: whoever opens it says which token and which names count. */
function refuseOpenDoors({ host, token, tokensFile, allowedHosts }: Config): void {
  if (isLoopback(host)) return;
  const missing = [
    ...(token === null && tokensFile === null ? ['TERRARIUM_TOKEN'] : []),
    ...(allowedHosts.length === 0 ? ['TERRARIUM_ALLOWED_HOSTS'] : []),
  ];
  if (missing.length > 0)
    throw new ConfigError(
      `TERRARIUM_HOST is "${host}", which is reachable from other machines; set ${missing.join(' and ')} too, or listen on 127.0.0.1`,
    );
}

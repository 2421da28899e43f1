// The environment, validated once at start into a frozen Config. Nothing else reads process.env.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isLoopback, normalizeHost, normalizeOrigin } from './domain/http/address.ts';
import { parseEndpoint } from './engine/docker/endpoint.ts';
import { Failure } from './schemas/failure.ts';
import { type SettingName, settings } from './settings.ts';

/** How the server runs. Durations in milliseconds. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** null: generated at the first start and kept in `stateDir`, mode 0600. */
  readonly token: string | null;
  readonly stateDir: string;
  readonly observer: 'probe' | 'helper';
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
  /** Requests a second allowed to one principal. */
  readonly rateLimit: number;
}

export interface EngineConfig {
  readonly name: string;
  readonly endpoint: string;
  /** Allows plain tcp:// beyond loopback, and host mode over it. */
  readonly insecure: boolean;
}

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
    observer: oneOf('TERRARIUM_OBSERVER', ['probe', 'helper']),
    helperImage: text('TERRARIUM_HELPER_IMAGE'),
    defaultImage: text('TERRARIUM_DEFAULT_IMAGE'),
    allowedHosts: list('TERRARIUM_ALLOWED_HOSTS').map(readAllowedHost),
    allowedOrigins: list('TERRARIUM_ALLOWED_ORIGINS').map(readAllowedOrigin),
    logLevel: oneOf('TERRARIUM_LOG_LEVEL', logLevels),
    engines: [
      readLocalEngine(text('DOCKER_HOST'), oneOf('TERRARIUM_INSECURE_ENGINE', ['true', 'false']) === 'true', env),
    ],
    registries: list('TERRARIUM_REGISTRIES'),
    heartbeatMs: integer('TERRARIUM_HEARTBEAT_MS', 100, 600_000),
    janitorIntervalMs: integer('TERRARIUM_JANITOR_MS', 100, 3_600_000),
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

function readLocalEngine(endpoint: string, insecure: boolean, env: NodeJS.ProcessEnv): EngineConfig {
  const parsed = parseOrExplain(endpoint);
  if (parsed.kind === 'tcp') {
    // Speaking plain HTTP where TLS was asked for would hide from the user that anyone can listen in.
    if (env.DOCKER_TLS_VERIFY !== undefined && env.DOCKER_TLS_VERIFY !== '')
      throw new ConfigError(
        'DOCKER_TLS_VERIFY is set, but engines over TLS are not supported; use a Unix socket, or a tunnel to one',
      );
    if (!insecure && !isLoopback(parsed.host))
      throw new ConfigError(
        `DOCKER_HOST is "${endpoint}": plain TCP beyond loopback gives root on the engine to whoever listens in; set TERRARIUM_INSECURE_ENGINE=true to use it all the same`,
      );
  }
  return { name: 'local', endpoint, insecure };
}

function parseOrExplain(endpoint: string): ReturnType<typeof parseEndpoint> {
  try {
    return parseEndpoint(endpoint);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw new ConfigError(`DOCKER_HOST is "${endpoint}"; ${error.message}. ${error.hint ?? ''}`.trim(), {
      cause: error,
    });
  }
}

/** Beyond loopback nothing is reachable by default: whoever opens it says which token and which names count. */
function refuseOpenDoors({ host, token, allowedHosts }: Config): void {
  if (isLoopback(host)) return;
  const missing = [
    ...(token === null ? ['TERRARIUM_TOKEN'] : []),
    ...(allowedHosts.length === 0 ? ['TERRARIUM_ALLOWED_HOSTS'] : []),
  ];
  if (missing.length > 0)
    throw new ConfigError(
      `TERRARIUM_HOST is "${host}", which is reachable from other machines; set ${missing.join(' and ')} too, or listen on 127.0.0.1`,
    );
}

// Translates an inspect back into the create body that makes such a container again. Pure; it keeps what our create body knows and drops
// the rest, so nothing that Terrarium would never send can come in this way.
import type { CreateBody, DockerHostConfig } from '../../domain/container/create-body.ts';

/** The parts of `GET /containers/{id}/json` that a create body is read from: they have the body's own names. */
export interface BodyJson {
  readonly Config?: Partial<Omit<CreateBody, 'HostConfig' | 'NetworkingConfig'>>;
  readonly HostConfig?: Partial<DockerHostConfig>;
}

const configFields = [
  'Cmd',
  'Entrypoint',
  'Env',
  'WorkingDir',
  'User',
  'Hostname',
  'Tty',
  'OpenStdin',
  'StdinOnce',
  'AttachStdin',
  'AttachStdout',
  'AttachStderr',
  'ExposedPorts',
] as const satisfies readonly (keyof CreateBody)[];

const hostFields = [
  'PortBindings',
  'PublishAllPorts',
  'AutoRemove',
  'RestartPolicy',
  'Dns',
  'CapAdd',
  'CapDrop',
  'SecurityOpt',
  'Memory',
  'NanoCpus',
  'PidsLimit',
  'LogConfig',
  'Init',
  'ReadonlyRootfs',
] as const satisfies readonly (keyof DockerHostConfig)[];

/** Reads the body. Networks beyond the first, and addresses on them, are not part of it. */
export function readBody({ Config: config = {}, HostConfig: host = {} }: BodyJson): CreateBody {
  const networkMode = host.NetworkMode ?? 'default';
  const isJoined = networkMode.startsWith('container:');
  return {
    Image: config.Image ?? '',
    Labels: config.Labels ?? {},
    ...pick(config, isJoined ? configFields.filter((field) => field !== 'Hostname') : configFields),
    HostConfig: { NetworkMode: networkMode, ...pick(host, hostFields) },
  };
}

function pick<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  const given = keys.filter((key) => from[key] !== undefined && from[key] !== null && from[key] !== '');
  return Object.fromEntries(given.map((key) => [key, from[key]])) as Pick<T, K>;
}

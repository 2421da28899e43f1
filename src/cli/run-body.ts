// What the flags of `terrarium run` mean as the body of a create. Pure: what does not fit together the server refuses, by name.
import type { CreateBodies, CreateOpen } from '../client/node.ts';
import { UsageError } from './errors.ts';

export type RunMode = keyof CreateBodies;

export interface RunFlags {
  readonly name?: string;
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly rm?: boolean;
  readonly env?: readonly string[];
  readonly entrypoint?: string;
  readonly workdir?: string;
  readonly user?: string;
  readonly hostname?: string;
  readonly label?: readonly string[];
  readonly memory?: string;
  readonly cpus?: string;
  readonly pidsLimit?: number;
  readonly capAdd?: readonly string[];
  readonly restart?: string;
  readonly pull?: string;
  readonly lab?: string;
  readonly ttl?: string;
  readonly engine?: string;
  readonly place?: string;
  readonly network?: string;
  readonly ip?: string;
  readonly ip6?: string;
  readonly networkAlias?: readonly string[];
  readonly dns?: readonly string[];
  readonly target?: string;
  readonly publish?: readonly string[];
  readonly publishAll?: boolean;
  readonly host?: boolean;
}

/** A create body with every field that was given, also those that its mode has no place for: the server names them. */
export type RunBody = CreateOpen & { target?: string };

/** @param env the environment, of which `-e NAME` takes a value */
export function toCreateBody(
  mode: RunMode,
  [image, ...command]: readonly string[],
  flags: RunFlags,
  env: NodeJS.ProcessEnv,
): RunBody {
  const limits = withoutAbsent({ memory: flags.memory, cpus: readCpus(flags.cpus), pids: flags.pidsLimit });
  const isBare = command.length === 0 && !flags.interactive && !flags.tty;
  return withoutAbsent({
    name: flags.name,
    image,
    command: command.length === 0 ? undefined : command,
    // Without a command it gets a terminal by itself, so that a shell stays up.
    tty: isBare ? undefined : flags.tty === true,
    stdin: isBare ? undefined : flags.interactive === true,
    entrypoint: flags.entrypoint === undefined ? undefined : flags.entrypoint === '' ? [] : [flags.entrypoint],
    env: flags.env === undefined ? undefined : readEnv(flags.env, env),
    workingDir: flags.workdir,
    user: flags.user,
    hostname: flags.hostname,
    autoRemove: flags.rm,
    restart: flags.restart,
    labels: flags.label === undefined ? undefined : readLabels(flags.label),
    lab: flags.lab,
    ttl: flags.ttl,
    engine: flags.engine,
    placement: readPlacement(flags.place),
    limits: Object.keys(limits).length === 0 ? undefined : limits,
    capabilities: flags.capAdd?.map((name) => name.toUpperCase().replace(/^CAP_/, '')),
    pull: flags.pull,
    ip: flags.ip,
    ip6: flags.ip6,
    aliases: flags.networkAlias,
    dns: flags.dns,
    ports: flags.publish,
    publishAll: flags.publishAll,
    ...readNetwork(mode, flags),
  }) as RunBody;
}

/** docker's `--network` says by its value what are four modes here. */
function readNetwork(mode: RunMode, { network, target, host }: RunFlags): Partial<RunBody> {
  const given = withoutAbsent({ target, host }) as Partial<RunBody>;
  if (network === undefined) return given;
  const [kind, name] = network.split(/:(.*)/s);
  const meant =
    kind === 'container' ? 'joined' : network === 'none' ? 'closed' : network === 'host' ? 'open' : undefined;
  if (meant === undefined) return { ...given, network };
  if (meant !== mode)
    throw new UsageError(
      `--network ${network} makes a container that is ${meant}, not ${mode}`,
      `terrarium run ${meant}${meant === 'joined' ? ` --target ${name ?? 'CONTAINER'}` : meant === 'open' ? ' --host' : ''} makes it`,
    );
  if (meant === 'joined') return { ...given, target: target ?? name ?? '' };
  return meant === 'open' ? { ...given, host: true } : given;
}

/** `least-loaded`, or labels that the engine has to have. */
function readPlacement(text: string | undefined): RunBody['placement'] | undefined {
  if (text === undefined || text === 'least-loaded') return text;
  const labels = text.split(',').map((part) => /^([^=]+)=(.*)$/s.exec(part)?.slice(1));
  if (labels.some((label) => label === undefined))
    throw new UsageError(
      `--place is "${text}"`,
      'It has to be least-loaded, or labels of engines, such as room=a,gpu=yes',
    );
  return { labels: Object.fromEntries(labels as [string, string][]) };
}

function readCpus(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const cpus = Number(text);
  if (text.trim() === '' || Number.isNaN(cpus))
    throw new UsageError(`--cpus is "${text}"; it has to be a number, such as 0.5`);
  return cpus;
}

/** A name without a value takes the one it has here, and is left out where it has none, as docker has it. */
function readEnv(entries: readonly string[], env: NodeJS.ProcessEnv): string[] {
  return entries.flatMap((entry) => {
    if (entry.includes('=')) return [entry];
    return env[entry] === undefined ? [] : [`${entry}=${env[entry]}`];
  });
}

function readLabels(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(entries.map((entry) => [entry.split('=')[0] ?? '', entry.split('=').slice(1).join('=')]));
}

function withoutAbsent<Fields extends object>(fields: Fields): Partial<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Fields>;
}

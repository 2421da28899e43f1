// From a create request to the exact body that the engine gets. Pure: names, clock, networks and targets are given; nothing is made, and every
// refusal that does not need the engine happens here, before anything exists.
import type { CreateRequest } from '../../schemas/create.ts';
import { defaultLimits } from '../../schemas/create.ts';
import { Failure } from '../../schemas/failure.ts';
import { parseMemoryLimit } from '../byte-size.ts';
import { parseDuration } from '../duration.ts';
import { parseImageReference } from '../image-reference.ts';
import { label } from '../labels.ts';
import { refuseLockName } from '../lock-names.ts';
import { findStartObstacle } from '../ports/start-obstacle.ts';
import { parseRestartPolicy } from '../restart-policy.ts';
import { readUserLabels } from '../user-labels.ts';
import { planAttachment } from './attachment-plan.ts';
import { type ContainerSpec, toCreateBody } from './container-spec.ts';
import type { CreateBody } from './create-body.ts';
import type { ContainerFacts, NetworkFacts } from './facts.ts';
import type { ContainerLookup } from './join-chain.ts';

/** What the engine and the server know that the request does not say. */
export interface CreateContext {
  readonly name: string;
  readonly owner: string;
  readonly defaultImage: string;
  /** Milliseconds since the epoch, by the engine's clock. */
  readonly engineNow: number;
  readonly specHash: string;
  /** Hash of (principal, Idempotency-Key), where one was given. */
  readonly requestKey: string | null;
  /** Labels of ours beside those that every container gets. */
  readonly marks?: Readonly<Record<string, string>>;
  readonly engine: {
    readonly name: string;
    /** null where not known (yet). */
    readonly cpus: number | null;
    /** Why the host's network namespace is not to be had here; null where it is. */
    readonly hostRefusal: string | null;
  };
  /** By exact name or id. */
  readonly network: (nameOrId: string) => NetworkFacts | undefined;
  readonly container: ContainerLookup;
  /** Of a joined container: the container that `target` means. */
  readonly target: ContainerFacts | null;
}

export interface CreatePlan {
  readonly name: string;
  readonly spec: ContainerSpec;
  /** What is sent, whole and unchanged. */
  readonly body: CreateBody;
  /** The lab's own bridge, which has to exist before the container starts; null where none is used. */
  readonly labNetwork: string | null;
  readonly warnings: readonly string[];
  /** Why it could be made but not started: told by a dry run, refused by a create. */
  readonly obstacle: Failure | null;
}

/** @throws Failure naming the field */
export function planCreate(request: CreateRequest, context: CreateContext): CreatePlan {
  refuseLockName(context.name);
  const { attachment, labNetwork, warnings, labels } = planAttachment(request, context);
  const interactive = request.command === undefined || request.command.length === 0;
  const image = request.image ?? context.defaultImage;
  parseImageReference(image);
  const autoRemove = request.autoRemove ?? false;
  const spec: ContainerSpec = {
    image,
    command: request.command ?? null,
    entrypoint: request.entrypoint ?? null,
    env: readEnv(request.env),
    workingDir: readWorkingDir(request.workingDir),
    user: request.user ?? null,
    hostname: request.mode === 'joined' ? null : (request.hostname ?? null),
    tty: request.tty ?? interactive,
    stdin: request.stdin ?? interactive,
    autoRemove,
    restart: parseRestartPolicy(request.restart ?? 'no', autoRemove),
    labels: { ...readUserLabels(request.labels), ...ourLabels(request, context), ...labels },
    capabilities: request.capabilities ?? [],
    limits: readLimits(request.limits, context),
    attachment,
  };
  if (interactive && !spec.tty && !spec.stdin) {
    warnings.push('Without command, tty and stdin a shell image ends as soon as it has started.');
  }
  const obstacle = attachment.kind === 'network' ? findStartObstacle(attachment.ports) : null;
  return { name: context.name, spec, body: toCreateBody(spec), labNetwork, warnings, obstacle };
}

function readEnv(env: CreateRequest['env']): string[] {
  if (env === undefined) return [];
  return Array.isArray(env) ? env : Object.entries(env).map(([name, value]) => `${name}=${value}`);
}

function readWorkingDir(path: string | undefined): string | null {
  if (path === undefined || path.startsWith('/')) return path ?? null;
  throw new Failure('invalid_request', `The working directory "${path}" is not an absolute path`, {
    field: 'workingDir',
    hint: 'Begin it with a slash.',
  });
}

function ourLabels(request: CreateRequest, context: CreateContext): Record<string, string> {
  return {
    [label.managed]: 'true',
    [label.mode]: request.mode,
    [label.owner]: context.owner,
    [label.specHash]: context.specHash,
    ...(request.lab !== undefined && { [label.lab]: request.lab }),
    ...context.marks,
    ...(context.requestKey !== null && { [label.request]: context.requestKey }),
    ...(request.ttl !== undefined && {
      [label.expiresAt]: new Date(context.engineNow + parseDuration(request.ttl)).toISOString(),
    }),
  };
}

function readLimits(limits: CreateRequest['limits'] = {}, { engine }: CreateContext): ContainerSpec['limits'] {
  const memory = limits.memory === undefined ? defaultLimits.memory : parseMemoryLimit(limits.memory);
  if (memory === 0) {
    throw new Failure('invalid_request', 'A memory limit of 0 would be none, and a container is never without', {
      field: 'limits.memory',
      hint: 'Leave it out for the default of 512m, or give at least 6m.',
    });
  }
  const cpus = limits.cpus ?? Math.min(defaultLimits.cpus, engine.cpus ?? defaultLimits.cpus);
  if (engine.cpus !== null && cpus > engine.cpus) {
    throw new Failure('engine_refused', `The engine ${engine.name} has ${engine.cpus} CPUs; ${cpus} were asked for`, {
      field: 'limits.cpus',
      hint: `Ask for no more than ${engine.cpus}.`,
    });
  }
  return { memory, cpus, pids: limits.pids ?? defaultLimits.pids };
}

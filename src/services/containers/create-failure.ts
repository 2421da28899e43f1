// Completes what an engine says about a failed create or start: the field it is about, who holds the port, which target does not run.

import { findBlame } from '../../domain/container/engine-blame.ts';
import type { ContainerFacts, PortBinding } from '../../domain/container/facts.ts';
import { followJoins, isAlive, joinTarget } from '../../domain/container/join-chain.ts';
import { expandHostPorts, findPortHolders } from '../../domain/ports/holder.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import type { ErrorCode } from '../../schemas/error-codes.ts';
import { Failure, type FailureDetails } from '../../schemas/failure.ts';
import { maySee, type Principal } from '../access.ts';

/** The field that a code is about, whatever the words. */
const fields: Partial<Record<ErrorCode, string>> = {
  image_not_found: 'image',
  name_taken: 'name',
  network_not_found: 'network',
  address_in_use: 'ip',
  port_in_use: 'ports',
};

/** The same failure with more to it. */
export function amend(failure: Failure, changes: FailureDetails & { code?: ErrorCode; detail?: string }): Failure {
  const { code = failure.code, detail = failure.message, ...details } = changes;
  return new Failure(code, detail, {
    ...(failure.hint !== undefined && { hint: failure.hint }),
    ...(failure.field !== undefined && { field: failure.field }),
    ...(failure.retryAfter !== undefined && { retryAfter: failure.retryAfter }),
    cause: failure.cause,
    ...details,
    extra: { ...failure.extra, ...details.extra },
  });
}

/** Names the field of the request, where the engine's failure is about one. */
export function blameField(failure: Failure, request: Readonly<Record<string, unknown>>): Failure {
  if (failure.field !== undefined) return failure;
  if (failure.code === 'engine_refused') {
    const blame = findBlame(failure.message, request);
    return blame === undefined ? failure : amend(failure, blame);
  }
  const field = fields[failure.code];
  return field === undefined ? failure : amend(failure, { field });
}

/** Completes the failure of a start, from what the mirror knows of this container and the others. */
export function explainStart(failure: Failure, facts: StartedFacts, mirror: EngineMirror): Failure {
  if (failure.code === 'port_in_use') return namePortHolder(failure, facts.portBindings, mirror);
  if (failure.code === 'container_not_found' || failure.code === 'container_not_running')
    return nameTarget(failure, facts, mirror);
  return failure;
}

/** Names are the engine's, so that one is taken cannot be hidden; by what can. */
export function hideHolder(principal: Principal, mirrors: readonly EngineMirror[], failure: Failure): Failure {
  const { id } = (failure.extra.holder ?? {}) as { readonly id?: string };
  if (failure.code !== 'name_taken' || id === undefined || principal.sees === 'all') return failure;
  const facts = mirrors.flatMap((mirror) => mirror.container(id) ?? [])[0];
  if (facts !== undefined && maySee(principal, { kind: 'container', facts })) return failure;
  const [, name] = /"([^"]*)" is already in use/.exec(failure.message) ?? [];
  return amend(failure, {
    detail: name === undefined ? 'The name is already in use' : `The name "${name}" is already in use`,
    extra: { holder: null },
  });
}

/** What a start is explained from: facts, or a plan that has come no further. */
export type StartedFacts = Pick<ContainerFacts, 'networkMode' | 'portBindings'>;

function namePortHolder(failure: Failure, bindings: readonly PortBinding[], mirror: EngineMirror): Failure {
  const port = typeof failure.extra.port === 'number' ? failure.extra.port : null;
  const wanted = bindings.filter(({ hostPort }) => port === null || expandHostPorts(hostPort).includes(port));
  const containers = [...mirror.containers()];
  const searches = wanted.map((binding) => findPortHolders(binding, containers));
  const holder = searches.flatMap(({ holders }) => holders)[0]?.container;
  const subject = port === null ? 'A host port' : `Host port ${port}`;
  if (holder !== undefined) {
    return amend(failure, {
      detail: `${subject} is already in use by the container "${holder.name}"`,
      extra: { holder: { id: holder.id, name: holder.name } },
    });
  }
  const [candidate] = searches.flatMap(({ candidates }) => candidates);
  return amend(failure, {
    detail: `${subject} is already in use on the host, by ${
      candidate === undefined
        ? 'a process that is no container'
        : `a process that is no container, or by one that shares the host's namespace, such as "${candidate.name}"`
    }`,
    extra: { holder: null },
  });
}

function nameTarget(failure: Failure, facts: StartedFacts, mirror: EngineMirror): Failure {
  const ref = joinTarget(facts.networkMode);
  if (ref === null) return failure;
  const target = mirror.container(ref);
  if (target === undefined) {
    return amend(failure, {
      code: 'state_conflict',
      detail: `The target ${ref.slice(0, 12)} that it is joined to is gone`,
      field: 'target',
      hint: 'If a container of the same name took its place, POST …/rejoin; else delete this one and join another.',
    });
  }
  const { targets } = followJoins(target, (id) => mirror.container(id));
  const stopped = [target, ...targets].find((one) => !isAlive(one)) ?? target;
  return amend(failure, {
    code: 'container_not_running',
    detail: `The target "${stopped.name}" is not running (it is ${stopped.state})`,
    field: 'target',
    hint: `Start it first: POST /api/v1/containers/${stopped.name}/start`,
  });
}

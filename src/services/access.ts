// The one place where rights are decided. Every service method asks before it acts; routes and domain rules never decide.
import type { ContainerFacts } from '../domain/container/facts.ts';
import { followJoins, isAlive, locateNamespace } from '../domain/container/join-chain.ts';
import type { EngineMirror } from '../engine/mirror.ts';
import { Failure } from '../schemas/failure.ts';
import { isHelper, isManaged } from './catalogue.ts';

/** Who calls. `name` becomes the owner label of what they make. Today every token is an admin's. */
export interface Principal {
  readonly name: string;
  readonly role: 'admin';
}

/** What can be asked for. `list_all` is about what Terrarium does not manage too. */
export type Action =
  | 'list'
  | 'list_all'
  | 'get'
  | 'create'
  | 'join'
  | 'host'
  | 'lifecycle'
  | 'delete'
  | 'exec'
  | 'terminal'
  | 'logs'
  | 'observe'
  | 'events'
  | 'list_images'
  | 'pull';

/** What an action is about. */
export type AccessObject =
  | { readonly kind: 'container'; readonly facts: ContainerFacts }
  | { readonly kind: 'engine'; readonly name: string }
  | { readonly kind: 'image'; readonly ref: string };

/** Never given on a container that we do not manage, whoever asks: they change it, or show what its owner keeps in it. */
const managedOnly: ReadonlySet<Action> = new Set(['lifecycle', 'delete', 'exec', 'terminal', 'logs']);

/** What may be done to a helper of ours by anyone but ourselves: look at it. */
const onHelpers: ReadonlySet<Action> = new Set(['get', 'list_all', 'observe']);

/**
 * Returns where `principal` may do `action` to `object`, and throws otherwise: `forbidden`, or `not_managed` for what is never allowed on a
 * container that Terrarium does not manage.
 */
export function authorize(principal: Principal, action: Action, object: AccessObject): void {
  if (principal.role !== 'admin') {
    throw new Failure('forbidden', `${principal.name} may not ${action} here`);
  }
  if (object.kind !== 'container') return;
  const { facts } = object;
  if (isHelper(facts) && !onHelpers.has(action)) {
    throw new Failure('not_managed', `Container "${facts.name}" is a helper of Terrarium's own; it cannot be used`, {
      hint: 'It goes away by itself when nobody watches any more.',
    });
  }
  if (managedOnly.has(action) && !isManaged(facts)) {
    throw new Failure('not_managed', `Container "${facts.name}" is not managed by Terrarium, which only looks at it`, {
      hint: 'Use the tool that made it, or create one here: POST /api/v1/containers/{closed|bridged|joined|open}',
    });
  }
}

/**
 * Joining asks for rights on the target through its whole chain, and for the `host` right where that ends, or may end, in the host's
 * namespace.
 */
export function authorizeJoin(principal: Principal, mirror: EngineMirror, target: ContainerFacts): void {
  const lookup = (id: string) => mirror.container(id);
  const chain = followJoins(target, lookup);
  for (const facts of [target, ...chain.targets]) authorize(principal, 'join', { kind: 'container', facts });
  const place = isAlive(target) ? locateNamespace(target, chain, lookup).kind : 'dead';
  if (place === 'host' || place === 'unknown')
    authorize(principal, 'host', { kind: 'engine', name: mirror.engine.name });
}

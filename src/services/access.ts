// The one place where rights are decided. Every service method asks before it acts; routes and domain rules never decide. What a principal may not
// see does not exist for it: a search leaves it out, so that it answers as the unknown does; what it may see and not touch is `forbidden`.
import type { ContainerFacts, NetworkFacts } from '../domain/container/facts.ts';
import { followJoins, isAlive, locateNamespace } from '../domain/container/join-chain.ts';
import { isHelper, isManaged } from '../domain/container/managed.ts';
import { label } from '../domain/labels.ts';
import type { EngineMirror } from '../engine/mirror.ts';
import { Failure } from '../schemas/failure.ts';
import { type Right, type Role, rightNames } from '../schemas/roles.ts';

/** Who calls. `name` becomes the owner label of what they make. */
export interface Principal {
  readonly name: string;
  readonly role: Role;
  /** Beyond the role. An admin has all. */
  readonly rights: ReadonlySet<Right>;
  /** `own`: containers, networks and labs of others, and what Terrarium does not manage, do not exist for them. */
  readonly sees: 'all' | 'own';
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
  | 'rules'
  | 'verify'
  | 'events'
  | 'create_network'
  | 'delete_network'
  | 'connect'
  | 'change_lab'
  | 'list_images'
  | 'pull'
  | 'daemon_config'
  | 'read_environment'
  | 'metrics'
  | 'invite';

/** What an action is about. */
export type AccessObject =
  | { readonly kind: 'container'; readonly facts: ContainerFacts }
  | { readonly kind: 'network'; readonly facts: NetworkFacts }
  | { readonly kind: 'lab'; readonly name: string; readonly owner: string | null }
  | { readonly kind: 'engine'; readonly name: string }
  | { readonly kind: 'image'; readonly ref: string }
  | { readonly kind: 'file'; readonly name: string }
  | { readonly kind: 'server' };

/** What a viewer may do: all that only looks, and shows nothing that its owner keeps inside. */
const viewerMay: ReadonlySet<Action> = new Set([
  'list',
  'list_all',
  'get',
  'observe',
  'rules',
  'events',
  'list_images',
  'daemon_config',
  'metrics',
]);

/** Reading the host's rules changes nothing either. */
const viewerRights: readonly Right[] = ['list_all', 'rules', 'daemon_config'];

/** Actions that need a right, whatever the role. The numbers are of the whole server. */
const rightOf: Partial<Record<Action, Right>> = {
  list_all: 'list_all',
  host: 'host',
  rules: 'rules',
  pull: 'pull',
  daemon_config: 'daemon_config',
  metrics: 'list_all',
};

/** Never given on a container that we do not manage, whoever asks: they change it, or show what its owner keeps in it. */
const managedOnly: ReadonlySet<Action> = new Set([
  'lifecycle',
  'delete',
  'connect',
  'exec',
  'terminal',
  'logs',
  'verify',
]);

/** What may be done to what others own by who sees it. */
const looking: ReadonlySet<Action> = new Set(['list', 'list_all', 'get', 'observe', 'events']);

/** What may be done to a helper of ours by anyone but ourselves: look at it. */
const onHelpers: ReadonlySet<Action> = new Set(['get', 'list_all', 'observe']);

/** Networks that every engine has, and that are nobody's: containers of all may be on `bridge`, as the lecture has it. */
const sharedNetworks: ReadonlySet<string> = new Set(['bridge', 'host', 'none']);

/** A principal with what its role and its rights come to. */
export function describePrincipal(name: string, role: Role, granted: Iterable<Right> = []): Principal {
  const rights = new Set(role === 'admin' ? rightNames : role === 'viewer' ? viewerRights : granted);
  return Object.freeze({ name, role, rights, sees: rights.has('list_all') ? 'all' : 'own' });
}

/** Who sees what `principal` sees, under its name, and changes nothing. */
export function describeViewerOf({ name, rights, sees }: Principal): Principal {
  const kept = new Set(viewerRights.filter((right) => rights.has(right)));
  return Object.freeze({ name, role: 'viewer', rights: kept, sees });
}

/**
 * Returns where `principal` may do `action` to `object`, and throws otherwise: `forbidden`, `not_managed` for what is never allowed on a container or
 * network that Terrarium does not manage, and what an unknown object has where it may not even be seen.
 */
export function authorize(principal: Principal, action: Action, object: AccessObject): void {
  requireRole(principal, action);
  if (!maySee(principal, object)) throw unknown(object);
  if (object.kind === 'network' && action === 'delete_network') requireManagedNetwork(object.facts);
  if (object.kind === 'container') requireUsable(action, object.facts);
  if (!looking.has(action) && !isOwn(principal, action, object)) throw describeForeign(object);
}

/** The cause of a failure that says there is none: there is, and it is not to be known. For the books, never for an answer. */
export class OutOfSight extends Error {
  override readonly name = 'OutOfSight';
}

/** Does it exist for them? */
export function maySee(principal: Principal, object: AccessObject): boolean {
  if (principal.sees === 'all') return true;
  switch (object.kind) {
    case 'container':
      return isOwnedBy(principal, object.facts);
    case 'network':
      return isOwnedBy(principal, object.facts) || isShared(object.facts);
    case 'lab':
      return object.owner === principal.name;
    default:
      return true;
  }
}

/** Would {@link authorize} return? */
export function allows(principal: Principal, action: Action, object: AccessObject): boolean {
  try {
    authorize(principal, action, object);
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

/** May they do it at all, whatever it is about? */
export function may({ role, rights }: Principal, action: Action): boolean {
  const right = rightOf[action];
  return (role !== 'viewer' || viewerMay.has(action)) && (right === undefined || rights.has(right));
}

/** May `principal` see the environment variables that a lab file gives to its containers? They are where passwords are. */
export function mayReadEnvironment(principal: Principal, owner: string): boolean {
  return principal.role === 'admin' || (principal.role === 'operator' && owner === principal.name);
}

function requireRole(principal: Principal, action: Action): void {
  if (may(principal, action)) return;
  if (principal.role === 'viewer')
    throw new Failure('forbidden', `This login may only look: "${action}" is not among its rights`, {
      hint: 'Log in with a token, or by a login URL, that gives more rights.',
    });
  const right = rightOf[action];
  throw new Failure('forbidden', `${principal.name} has not the right "${right}", which "${action}" needs`, {
    hint: 'An admin gives rights in the tokens file: "rights" of its entry. GET /api/v1/session shows those that you have.',
  });
}

function isOwnedBy({ name }: Principal, { labels }: { readonly labels: Readonly<Record<string, string>> }): boolean {
  return labels[label.managed] === 'true' && labels[label.owner] === name;
}

function isShared({ name, labels }: NetworkFacts): boolean {
  return sharedNetworks.has(name) && labels[label.managed] !== 'true';
}

function isOwn(principal: Principal, action: Action, object: AccessObject): boolean {
  if (principal.role === 'admin') return true;
  switch (object.kind) {
    case 'container':
      return isOwnedBy(principal, object.facts);
    case 'network':
      return isOwnedBy(principal, object.facts) || (action === 'connect' && isShared(object.facts));
    case 'lab':
      return object.owner === principal.name;
    default:
      return true;
  }
}

/** As if there were none. Searches have left it out before: this is for what was found by other ways. */
function unknown(object: AccessObject): Failure {
  switch (object.kind) {
    case 'network':
      return new Failure('network_not_found', 'There is no such network', { hint: 'GET /api/v1/networks lists them.' });
    case 'lab':
      return new Failure('lab_not_found', `There is no lab "${object.name}"`, { hint: 'GET /api/v1/labs lists them.' });
    default:
      return new Failure('container_not_found', 'There is no such container', {
        hint: 'GET /api/v1/containers lists them.',
      });
  }
}

function describeForeign(object: AccessObject): Failure {
  const what =
    object.kind === 'container' || object.kind === 'network'
      ? `${object.kind} "${object.facts.name}"`
      : object.kind === 'lab'
        ? `lab "${object.name}"`
        : object.kind;
  return new Failure('forbidden', `The ${what} is not yours: you may look at it, and not use or change it`, {
    hint: 'Ask its owner, or an admin.',
  });
}

function requireUsable(action: Action, facts: ContainerFacts): void {
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

/** That containers of ours may be on it is nobody's loss; that it goes would be. */
function requireManagedNetwork({ name, labels }: NetworkFacts): void {
  if (labels[label.managed] === 'true') return;
  throw new Failure('not_managed', `Network "${name}" is not managed by Terrarium, which only looks at it`, {
    hint: 'Use the tool that made it. Docker removes its own networks bridge, host and none for nobody.',
  });
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

// Says why a known field has no place in a model, and what to do instead. Docker refuses most of these only when the container is made, and
// some it drops in silence; here they are refused by name before anything exists.
import type { Mode } from '../../schemas/container.ts';
import { Failure } from '../../schemas/failure.ts';

interface Misplaced {
  readonly why: string;
  readonly hint: string;
}

const ofTheTarget = (what: string): Misplaced => ({
  why: `${what} of its target's network namespace`,
  hint: 'Give it to the target, or leave it out: a joined container has what its target has.',
});
const needsNetwork: Misplaced = {
  why: 'a closed container is on no network: it has lo only',
  hint: 'Use POST /api/v1/containers/bridged.',
};
const needsOpen: Misplaced = {
  why: 'nothing of it is reachable from outside',
  hint: 'Use POST /api/v1/containers/open.',
};
const needsJoined: Misplaced = {
  why: 'it has a network namespace of its own',
  hint: 'Use POST /api/v1/containers/joined.',
};
const joinedFields: Readonly<Record<string, Misplaced>> = {
  hostname: ofTheTarget('the host name is part'),
  dns: ofTheTarget('name servers are part'),
  links: ofTheTarget('links are part'),
  mac: ofTheTarget('the MAC address is part'),
  macAddress: ofTheTarget('the MAC address is part'),
  network: ofTheTarget('networks are those'),
  ip: ofTheTarget('addresses are those'),
  ip6: ofTheTarget('addresses are those'),
  aliases: ofTheTarget('names on a network are those'),
  ports: ofTheTarget('published ports are those'),
  publishAll: ofTheTarget('published ports are those'),
  placement: { why: 'it goes where its target is', hint: 'Leave it out.' },
  host: { why: 'it shares the namespace of its target', hint: 'Use POST /api/v1/containers/open with host: true.' },
};
const onNetworkFields = ['network', 'ip', 'ip6', 'aliases', 'dns'];
const openFields = ['ports', 'publishAll', 'host'];
const joinFields = ['target', 'rejoin'];

const each = (names: readonly string[], misplaced: Misplaced) =>
  Object.fromEntries(names.map((name) => [name, misplaced]));

const misplacedFields: Readonly<Record<Mode, Readonly<Record<string, Misplaced>>>> = {
  closed: {
    ...each(onNetworkFields, needsNetwork),
    ...each(openFields, needsOpen),
    ...each(joinFields, needsJoined),
  },
  bridged: { ...each(openFields, needsOpen), ...each(joinFields, needsJoined) },
  joined: joinedFields,
  open: each(joinFields, needsJoined),
};

/**
 * Refuses the first field of `body` that belongs to another model. A field that belongs to none is the schema's to refuse.
 *
 * @throws Failure `invalid_request`
 */
export function refuseMisplacedFields(mode: Mode, body: unknown): void {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return;
  const known = misplacedFields[mode];
  const field = Object.keys(body).find((name) => Object.hasOwn(known, name));
  const misplaced = field === undefined ? undefined : known[field];
  if (field === undefined || misplaced === undefined) return;
  throw new Failure('invalid_request', `A container of model ${mode} takes no "${field}": ${misplaced.why}`, {
    field,
    hint: misplaced.hint,
  });
}

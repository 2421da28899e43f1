// A check in a sentence: what its author asserts, whether it holds or not.
import {
  type CheckKind,
  checkKinds,
  type LabCheck,
  type NeighbourChoice,
  type PathOfPort,
  type Peer,
} from '../../schemas/lab-check.ts';
import { readNeighbour } from './check-neighbour.ts';

/** Which kind of check it is. */
export function kindOf(check: LabCheck): CheckKind {
  const kind = checkKinds.find((one) => Object.hasOwn(check, one));
  if (kind === undefined) throw new Error('a check that asserts nothing passed the schema');
  return kind;
}

export function describeClaim(check: LabCheck): string {
  if ('daemonConfig' in check) {
    const { boots, bridge, finds = [] } = check.daemonConfig;
    const words = [
      `an engine ${boots ? 'starts' : 'does not start'} with this daemon.json`,
      ...(bridge === undefined ? [] : [`docker0 has ${bridge}`]),
      ...(finds.length === 0 ? [] : [`it is found to have ${finds.join(', ')}`]),
    ];
    return words.join('; ');
  }
  const { container } = check;
  if ('listens' in check) {
    const {
      port,
      protocol = 'tcp',
      address,
    } = typeof check.listens === 'number' ? { port: check.listens } : check.listens;
    return `${container} listens on ${protocol}/${port}${address === undefined ? '' : ` at ${address}`}`;
  }
  if ('published' in check) {
    const {
      port,
      protocol = 'tcp',
      hostPort,
      hostIp,
      dynamic,
    } = typeof check.published === 'number' ? { port: check.published } : check.published;
    const host = hostPort === undefined && hostIp === undefined ? '' : ` as ${hostIp ?? '*'}:${hostPort ?? '*'}`;
    const chosen =
      dynamic === undefined ? '' : dynamic ? ', on a port that the engine chose' : ', on the port asked for';
    return `port ${port}/${protocol} of ${container} is published${host}${chosen}`;
  }
  if ('interfaces' in check) return `${container} has the interfaces ${check.interfaces.join(', ')} and no others`;
  if ('address' in check)
    return `${container} has an address ${check.address.includes('/') ? 'in ' : ''}${check.address}`;
  if ('sharesNamespaceWith' in check) return `${container} shares the ${spellNeighbour(check.sharesNamespaceWith)}`;
  if ('isolatedFrom' in check) return `${container} does not share the ${spellNeighbour(check.isolatedFrom)}`;
  if ('reaches' in check) return `${container} reaches ${spellPeer(check.reaches)}`;
  if ('cannotReach' in check) return `${container} cannot reach ${spellPeer(check.cannotReach)}`;
  if ('route' in check) {
    const { to, via, interface: device } = check.route;
    return `${container} has a route to ${to}${via === undefined ? '' : ` via ${via}`}${device === undefined ? '' : ` on ${device}`}`;
  }
  if ('path' in check) return describePath(container, check.path);
  return `in ${container}, ${check.exec.command.join(' ')} ends with ${check.exec.exitCode ?? 0}`;
}

function describePath(
  container: string,
  { port, protocol = 'tcp', from = 'outside', reaches = true, carriedBy }: PathOfPort,
): string {
  const source = typeof from === 'string' ? (from === 'host' ? 'the host' : 'outside') : from.container;
  const by = carriedBy === undefined ? '' : `, carried by ${carriedBy}`;
  return `a packet from ${source} ${reaches ? 'arrives' : 'does not arrive'} at ${protocol}/${port} of ${container}${by}`;
}

function spellNeighbour(spec: NeighbourChoice): string {
  const { container, kinds } = readNeighbour(spec);
  const names = kinds.map((kind) => (kind === 'net' ? 'network' : kind)).join(', ');
  return `${names} namespace${kinds.length > 1 ? 's' : ''} of ${container ?? 'the host'}`;
}

function spellPeer({ container, address, port }: Peer): string {
  return `${container ?? address}:${port}`;
}

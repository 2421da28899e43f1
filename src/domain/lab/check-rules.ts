// The checks and steps of a lab file: they are about containers that it has, and in words that can be compared with what is seen.
import type { DaemonConfigCheck, LabCheck, NeighbourChoice, Peer } from '../../schemas/lab-check.ts';
import { parseAddress, parseSubnet } from '../subnet.ts';
import { readNeighbour } from './check-neighbour.ts';
import type { Report } from './lab-rules.ts';
import type { MemberPath } from './lab-source.ts';

export function findCheckProblems(report: Report): void {
  const { checks = {}, steps = [] } = report.file;
  for (const [name, check] of Object.entries(checks)) judgeCheck(report, ['checks', name], check);
  for (const [index, { check }] of steps.entries()) {
    const path = ['steps', index, 'check'];
    for (const [at, name] of (Array.isArray(check) ? check : [check]).entries()) {
      if (name !== undefined && !Object.hasOwn(checks, name))
        report.unknown(Array.isArray(check) ? [...path, at] : path, 'check', name, Object.keys(checks));
    }
  }
}

function judgeCheck(report: Report, path: MemberPath, check: LabCheck): void {
  if ('daemonConfig' in check) {
    judgeDaemonConfig(report, [...path, 'daemonConfig'], check.daemonConfig);
    return;
  }
  refer(report, [...path, 'container'], check.container);
  if ('sharesNamespaceWith' in check)
    judgeOther(report, path, 'sharesNamespaceWith', check.container, check.sharesNamespaceWith);
  else if ('isolatedFrom' in check) judgeOther(report, path, 'isolatedFrom', check.container, check.isolatedFrom);
  else if ('reaches' in check) judgePeer(report, [...path, 'reaches'], check.reaches);
  else if ('cannotReach' in check) judgePeer(report, [...path, 'cannotReach'], check.cannotReach);
  else if ('address' in check) judgeAddress(report, [...path, 'address'], check.address, 'an address or a subnet');
  else if ('listens' in check && typeof check.listens === 'object' && check.listens.address !== undefined)
    judgeAddress(report, [...path, 'listens', 'address'], check.listens.address);
  else if ('published' in check && typeof check.published === 'object' && check.published.hostIp !== undefined)
    judgeAddress(report, [...path, 'published', 'hostIp'], check.published.hostIp);
  else if ('route' in check) {
    const { to, via } = check.route;
    if (to !== 'default' && parseSubnet(to) === null)
      report.at([...path, 'route', 'to'], `"${to}" is neither "default" nor a subnet`, 'Write it like 10.20.0.0/24.');
    if (via !== undefined) judgeAddress(report, [...path, 'route', 'via'], via);
  } else if ('path' in check) {
    const { from, reaches, carriedBy } = check.path;
    if (typeof from === 'object') refer(report, [...path, 'path', 'from', 'container'], from.container);
    if (reaches === false && carriedBy !== undefined)
      report.at([...path, 'path', 'carriedBy'], 'What does not arrive is carried by nobody', 'Leave it out.');
  }
}

function refer(report: Report, path: MemberPath, name: string): void {
  const { containers } = report.file;
  if (!Object.hasOwn(containers, name)) report.unknown(path, 'container', name, Object.keys(containers));
}

function judgeOther(report: Report, path: MemberPath, field: string, container: string, spec: NeighbourChoice): void {
  const isLong = typeof spec === 'object';
  const at = isLong && spec.container !== undefined ? [...path, field, 'container'] : [...path, field];
  if (isLong && (spec.container === undefined) === (spec.host === undefined))
    report.at(at, 'It takes one of "container" and "host"', 'Write { container: NAME, kinds: [net] }.');
  const { container: other } = readNeighbour(spec);
  if (other === container) report.at(at, 'The check compares a container with itself', 'Name another one.');
  else if (other !== null) refer(report, at, other);
}

/** What can be told only of an engine that starts. */
function judgeDaemonConfig(report: Report, path: MemberPath, { boots, bridge }: DaemonConfigCheck): void {
  if (bridge === undefined) return;
  if (!boots) report.at([...path, 'bridge'], 'An engine that does not start makes no docker0', 'Leave it out.');
  else if (parseSubnet(bridge) === null || !bridge.includes('/'))
    report.at([...path, 'bridge'], `"${bridge}" is not an address with a prefix length`, 'Write it like 10.20.0.1/24.');
}

function judgePeer(report: Report, path: MemberPath, { container, address }: Peer): void {
  if ((container === undefined) === (address === undefined))
    report.at(path, 'It takes one of "container" and "address"', 'Write { container: NAME, port: 80 }.');
  if (container !== undefined) refer(report, [...path, 'container'], container);
  if (address !== undefined) judgeAddress(report, [...path, 'address'], address);
}

function judgeAddress(report: Report, path: MemberPath, text: string, what = 'an IP address'): void {
  const isOne = parseAddress(text) !== null || (what !== 'an IP address' && parseSubnet(text) !== null);
  if (!isOne) report.at(path, `"${text}" is not ${what}`, 'Write it like 10.20.0.5.');
}

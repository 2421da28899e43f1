// What a lab file must be beyond its shape: every reference leads somewhere, nothing waits for itself, and nothing in it can only fail on the
// engine. Each rule tells all that breaks it.
import { Failure } from '../../schemas/failure.ts';
import type { LabContainer, LabFile } from '../../schemas/lab.ts';
import { planCreate } from '../container/create-planner.ts';
import type { ContainerFacts, NetworkFacts, PortBinding } from '../container/facts.ts';
import { parseDuration } from '../duration.ts';
import { readNeighbour } from './check-neighbour.ts';
import { findCheckProblems } from './check-rules.ts';
import { findClosestName } from './closest-name.ts';
import { networkOf } from './container-network.ts';
import { toCreateRequest } from './desired-lab.ts';
import { defaultNetwork, dockerBridge } from './lab-identity.ts';
import { type LabProblem, type LabSource, type MemberPath, problemAt, problemAtName } from './lab-source.ts';
import { allNeedsOf, findCircle } from './needs.ts';
import { findNetworkProblems, readSubnets } from './network-rules.ts';
import { describePortClash, findPortClash } from './port-rules.ts';

/** Tells problems of one file. */
export interface Report {
  readonly file: LabFile;
  at(path: MemberPath, message: string, hint?: string): void;
  atName(path: MemberPath, message: string, hint?: string): void;
  /** Tells what `read` refuses, at the place that its field names below `path`. */
  translate(path: MemberPath, read: () => unknown): void;
  /** A name that leads nowhere. */
  unknown(path: MemberPath, what: string, name: string, known: readonly string[]): void;
}

export function findRuleProblems(source: LabSource, file: LabFile): LabProblem[] {
  const problems: LabProblem[] = [];
  const report: Report = {
    file,
    at: (path, message, hint) => problems.push(problemAt(source, path, message, hint)),
    atName: (path, message, hint) => problems.push(problemAtName(source, path, message, hint)),
    translate: (path, read) => translate(report, path, read),
    unknown(path, what, name, known) {
      const meant = findClosestName(name, known);
      const listed = known.length === 0 ? `The lab has no ${what}.` : `Known: ${shortList(known)}.`;
      const hint = meant === null ? listed : `Did you mean "${meant}"? ${listed}`;
      problems.push(problemAt(source, path, `The lab has no ${what} "${name}"`, hint));
    },
  };
  if (Object.keys(file.containers).length === 0) report.at(['containers'], 'The lab has no container', 'Describe one.');
  if (file.ttl !== undefined) report.translate(['ttl'], () => parseDuration(file.ttl ?? ''));
  findNetworkProblems(report);
  const bindings = new Map<string, readonly PortBinding[]>();
  for (const [name, container] of Object.entries(file.containers)) judgeContainer(report, name, container, bindings);
  judgeOrder(report);
  judgeAddresses(report);
  judgePorts(report, bindings);
  findCheckProblems(report);
  return problems.sort((one, other) => one.line - other.line || one.column - other.column);
}

function judgeContainer(
  report: Report,
  name: string,
  container: LabContainer,
  bindings: Map<string, readonly PortBinding[]>,
): void {
  const { file } = report;
  const path = ['containers', name];
  const refer = (at: MemberPath, other: string) => {
    if (other === name) report.at(at, `"${name}" cannot need itself`, 'Name another container.');
    else if (!Object.hasOwn(file.containers, other))
      report.unknown(at, 'container', other, Object.keys(file.containers));
  };
  if (container.mode === 'joined') refer([...path, 'target'], container.target);
  for (const [index, other] of (container.after ?? []).entries()) refer([...path, 'after', index], other);
  for (const [index, check] of (container.ready ?? []).entries()) {
    if (!Object.hasOwn(file.checks ?? {}, check))
      report.unknown([...path, 'ready', index], 'check', check, Object.keys(file.checks ?? {}));
  }
  const network = networkOf(container);
  if (network !== null && !isKnownNetwork(file, network)) {
    const at = [...path, 'network'];
    if (network === 'none') report.at(at, '"none" is no network', 'Write mode: closed.');
    else if (network === 'host')
      report.at(at, `"host" is the host's own namespace`, 'Write mode: open and host: true.');
    else report.unknown(at, 'network', network, [...Object.keys(file.networks ?? {}), defaultNetwork, dockerBridge]);
    return;
  }
  report.translate(path, () => bindings.set(name, planAlone(file, name)));
}

function isKnownNetwork(file: LabFile, name: string): boolean {
  return name === dockerBridge || name === defaultNetwork || Object.hasOwn(file.networks ?? {}, name);
}

/** Plans it as if everything that it refers to were there: what is refused then is refused whatever the engine holds. */
function planAlone(file: LabFile, name: string): PortBinding[] {
  const request = toCreateRequest(file, name, { lab: 'lab', instances: null }, null);
  const { spec, obstacle } = planCreate(request, {
    name: request.name ?? name,
    owner: '',
    defaultImage: 'busybox:latest',
    engineNow: 0,
    specHash: '',
    requestKey: null,
    engine: { name: '', cpus: null, hostRefusal: null },
    network: (ref) => ({ ...someNetwork, name: ref }),
    container: () => undefined,
    target: request.mode === 'joined' ? { ...someTarget, networkMode: endsInHost(file, name) ? 'host' : 'none' } : null,
  });
  if (obstacle !== null) throw obstacle;
  return spec.attachment.kind === 'network' ? [...spec.attachment.ports] : [];
}

/** Does its chain of joins end at a container in the host's namespace? */
function endsInHost(file: LabFile, name: string): boolean {
  const seen = new Set<string>();
  for (let next = file.containers[name]; next !== undefined; ) {
    if (next.mode !== 'joined') return next.mode === 'open' && next.host === true;
    if (seen.has(next.target)) return false;
    seen.add(next.target);
    next = file.containers[next.target];
  }
  return false;
}

const someNetwork: NetworkFacts = {
  id: 'n',
  name: '',
  driver: 'bridge',
  scope: 'local',
  internal: false,
  attachable: true,
  ingress: false,
  ipv6: true,
  createdAt: '',
  labels: {},
  options: {},
  subnets: [],
};

const someTarget: ContainerFacts = {
  id: 't',
  name: 'target',
  image: '',
  imageId: '',
  command: [],
  state: 'running',
  pid: 1,
  exitCode: 0,
  missedTarget: false,
  createdAt: '',
  startedAt: '2026-01-01T00:00:00Z',
  finishedAt: null,
  networkMode: 'none',
  pidMode: '',
  sandboxKey: '',
  hostname: '',
  tty: false,
  openStdin: false,
  autoRemove: false,
  memoryLimit: 0,
  privileged: false,
  capAdd: [],
  labels: {},
  portBindings: [],
  publishAll: false,
  exposedPorts: [],
  ports: [],
  endpoints: [],
};

/** What others may be waited for, and never in a circle. */
function judgeOrder(report: Report): void {
  const { containers, checks = {} } = report.file;
  const circle = findCircle(containers);
  const [first] = circle ?? [];
  if (circle !== null && first !== undefined && circle.length > 1) {
    const way = [...circle, first].map((name) => `"${name}"`).join(' needs ');
    report.atName(
      ['containers', first],
      `Nothing of this circle can be first: ${way}`,
      'Leave out one target or after.',
    );
    return;
  }
  for (const [name, { ready = [] }] of Object.entries(containers)) {
    if (ready.length === 0) continue;
    const there = allNeedsOf(containers, name).add(name);
    for (const [index, checkName] of ready.entries()) {
      const check = checks[checkName];
      const missing = check === undefined ? undefined : namedIn(check).find((one) => !there.has(one));
      if (missing === undefined || !Object.hasOwn(containers, missing)) continue;
      report.at(
        ['containers', name, 'ready', index],
        `The check "${checkName}" is about "${missing}", which "${name}" does not wait for`,
        `Add after: [${missing}], or choose a check about what is there by then.`,
      );
    }
  }
}

/** The containers that a check is about. */
function namedIn(check: NonNullable<LabFile['checks']>[string]): string[] {
  if ('daemonConfig' in check) return [];
  const others: (string | null | undefined)[] = [check.container];
  if ('sharesNamespaceWith' in check) others.push(readNeighbour(check.sharesNamespaceWith).container);
  if ('isolatedFrom' in check) others.push(readNeighbour(check.isolatedFrom).container);
  if ('path' in check && typeof check.path.from === 'object') others.push(check.path.from.container);
  if ('reaches' in check) others.push(check.reaches.container);
  if ('cannotReach' in check) others.push(check.cannotReach.container);
  return others.filter((name) => typeof name === 'string');
}

/** Addresses of a container's own choice: within the subnet that its network chose, and nobody else's. */
function judgeAddresses(report: Report): void {
  const { containers, networks = {} } = report.file;
  const taken = new Map<string, string>();
  for (const [name, container] of Object.entries(containers)) {
    if (container.mode !== 'bridged' && container.mode !== 'open') continue;
    const network = networkOf(container);
    if (network === null || network === dockerBridge) continue;
    const spec = networks[network] ?? {};
    for (const field of ['ip', 'ip6'] as const) {
      const address = container[field];
      if (address === undefined) continue;
      const path = ['containers', name, field];
      const holder = taken.get(`${network} ${address}`);
      if (holder !== undefined)
        report.at(path, `"${holder}" has the address ${address} already`, 'Choose another one.');
      taken.set(`${network} ${address}`, name);
      if (spec.external === true) continue;
      const problem = readSubnets(spec).refuse(field, address);
      if (problem !== null) report.at(path, problem.message, problem.hint);
    }
  }
}

/** `bindings` are those of each container that could be planned. */
function judgePorts(report: Report, bindings: ReadonlyMap<string, readonly PortBinding[]>): void {
  const { containers, engine: home = '' } = report.file;
  const clash = findPortClash(bindings, (name) => containers[name]?.engine ?? home);
  if (clash === null) return;
  const { path, message, hint } = describePortClash(clash);
  report.at(path, message, hint);
}

/** A refusal of what the file says, at the place that its field names. */
function translate(report: Report, path: MemberPath, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const field = error.field === undefined || path.at(-1) === error.field ? [] : splitField(error.field);
    const hint = error.hint?.replace(
      /[;,]? ?(?:or )?[Uu]se POST \/api\/v1\/containers\/(\w+)( with)?/,
      (_, mode, more = '') => ` Or write mode: ${mode}${more}`,
    );
    report.at([...path, ...field], error.message, hint);
  }
}

/** `limits.memory`, `ports[1]`; the name of a label has dots of its own. */
function splitField(field: string): MemberPath {
  if (field.startsWith('labels.')) return ['labels', field.slice('labels.'.length)];
  return field.split(/[.[\]]+/).filter((part) => part !== '');
}

function shortList(names: readonly string[]): string {
  return names.length > 20 ? `${names.slice(0, 20).join(', ')}, …` : names.join(', ');
}

// What a look at a container says about a check: does it hold, by which evidence, and if not, what to look for. Pure: everything seen is given.

import type { DaemonConfigVerdict } from '../../schemas/daemon-config.ts';
import type { Ifconfig } from '../../schemas/ifconfig.ts';
import type { LabCheck, Peer } from '../../schemas/lab-check.ts';
import type { NamespaceKind } from '../../schemas/namespaces.ts';
import type { Socket } from '../../schemas/netstat.ts';
import type { PacketPath, Path } from '../../schemas/packet-path.ts';
import type { LivePort, PortBinding } from '../container/facts.ts';
import { contains, formatSubnet, parseAddress, parseSubnet } from '../subnet.ts';

export interface Verdict {
  readonly holds: boolean;
  readonly evidence: string;
  /** Only where it does not hold. */
  readonly hint: string | null;
}

type Spec<Kind extends string> =
  Extract<LabCheck, Readonly<Record<Kind, unknown>>> extends infer Check
    ? Check extends Readonly<Record<Kind, infer Value>>
      ? Value
      : never
    : never;

const passed = (evidence: string): Verdict => ({ holds: true, evidence, hint: null });
const failed = (evidence: string, hint: string): Verdict => ({ holds: false, evidence, hint });

export function judgeListens(spec: Spec<'listens'>, sockets: readonly Socket[]): Verdict {
  const { port, protocol = 'tcp', address } = typeof spec === 'number' ? { port: spec } : spec;
  const bound = sockets.filter((socket) => isListener(socket) && familyOf(socket) === protocol);
  const onPort = bound.filter(({ local }) => local.port === port);
  const fitting = onPort.filter(({ local }) =>
    address === undefined ? !isLoopback(local.address) : isSame(local.address, address),
  );
  if (fitting.length > 0) return passed(listEnds(fitting));
  if (onPort.length === 0)
    return failed(
      bound.length === 0 ? `nothing listens on ${protocol}` : `what listens: ${listEnds(bound)}`,
      `Nothing listens on ${protocol}/${port}: is the program running, and on which port?`,
    );
  const wanted = address === undefined ? 'an address that others can reach' : address;
  return failed(`it listens on ${listEnds(onPort)}`, `It does not listen on ${wanted}: bind it there, or to 0.0.0.0.`);
}

export function judgePublished(
  spec: Spec<'published'>,
  { ports, portBindings }: { readonly ports: readonly LivePort[]; readonly portBindings: readonly PortBinding[] },
): Verdict {
  const { port, protocol = 'tcp', hostPort, hostIp, dynamic } = typeof spec === 'number' ? { port: spec } : spec;
  const ofPort = ports.filter((one) => one.containerPort === port && one.protocol === protocol);
  const fitting = ofPort.filter(
    (one) =>
      (hostPort === undefined || one.hostPort === hostPort) && (hostIp === undefined || isSame(one.hostIp, hostIp)),
  );
  const chosen = fitting.filter((one) => dynamic === undefined || isDynamic(one, portBindings) === dynamic);
  if (chosen.length > 0) return passed(listPorts(chosen));
  if (fitting.length > 0)
    return failed(
      `published: ${listPorts(fitting)}, ${dynamic ? 'as was asked for' : 'as the engine chose'}`,
      dynamic
        ? 'Publish the container port alone (2222, or 127.0.0.1::2222): then the engine chooses the port of the host.'
        : 'Name the port of the host too: 8080:2222, or 127.0.0.1:8080:2222.',
    );
  if (ofPort.length === 0)
    return failed(
      ports.length === 0 ? 'no port of it is published' : `published: ${listPorts(ports)}`,
      `Publish it: ports: [${port}], or joined containers: on the container that they are joined to.`,
    );
  return failed(
    `published: ${listPorts(ofPort)}`,
    'The container port is published elsewhere on the host: see "ports" of the container.',
  );
}

export function judgeInterfaces(spec: Spec<'interfaces'>, { interfaces }: Pick<Ifconfig, 'interfaces'>): Verdict {
  const up = interfaces.filter(({ flags }) => flags.includes('UP')).map(({ name }) => name);
  const missing = spec.filter((name) => !up.includes(name));
  const more = up.filter((name) => !spec.includes(name));
  const evidence = `up: ${up.length === 0 ? 'none' : up.join(', ')}`;
  if (missing.length === 0 && more.length === 0) return passed(evidence);
  const words = [
    ...(missing.length > 0 ? [`${missing.join(', ')} is missing`] : []),
    ...(more.length > 0 ? [`${more.join(', ')} is there too`] : []),
  ];
  return failed(
    evidence,
    `${words.join('; ')}: each network that a container is on is an interface, and lo is always there.`,
  );
}

export function judgeAddress(spec: Spec<'address'>, { interfaces }: Pick<Ifconfig, 'interfaces'>): Verdict {
  const wanted = parseAddress(spec);
  const subnet = spec.includes('/') ? (parseSubnet(spec)?.subnet ?? null) : null;
  const all = interfaces.flatMap(({ name, ipv4, ipv6 }) =>
    [...ipv4, ...ipv6].map(({ address }) => ({ name, address })),
  );
  const fitting = all.filter(({ address }) => {
    const parsed = parseAddress(address);
    if (parsed === null) return false;
    return subnet === null
      ? wanted !== null && parsed.value === wanted.value && parsed.family === wanted.family
      : contains(subnet, parsed);
  });
  const list = (ends: typeof all) => ends.map(({ name, address }) => `${address} on ${name}`).join(', ');
  if (fitting.length > 0) return passed(list(fitting));
  const what = subnet === null ? spec : `an address in ${formatSubnet(subnet)}`;
  return failed(
    all.length === 0 ? 'it has no address' : `it has ${list(all)}`,
    `It does not have ${what}: is it on the right network?`,
  );
}

export function judgeRoute(spec: Spec<'route'>, { routes }: Pick<Ifconfig, 'routes'>): Verdict {
  const subnet = spec.to === 'default' ? null : (parseSubnet(spec.to)?.subnet ?? null);
  const toIt = routes.filter(({ destination, prefix, reject }) => {
    if (reject) return false;
    if (subnet === null) return prefix === 0;
    return prefix === subnet.prefix && parseAddress(destination)?.value === subnet.base;
  });
  const fitting = toIt.filter(
    (route) =>
      (spec.via === undefined || (route.gateway !== null && isSame(route.gateway, spec.via))) &&
      (spec.interface === undefined || route.interface === spec.interface),
  );
  const list = (ones: readonly Ifconfig['routes'][number][]) =>
    ones
      .map(
        (one) =>
          `${one.destination}/${one.prefix}${one.gateway === null ? '' : ` via ${one.gateway}`} dev ${one.interface}`,
      )
      .join(', ');
  if (fitting.length > 0) return passed(list(fitting));
  if (toIt.length > 0) return failed(`the route is ${list(toIt)}`, 'There is a route to it, by another way.');
  return failed(
    routes.length === 0 ? 'it has no route' : `its routes: ${list(routes)}`,
    `It has no route to ${spec.to}: is it on a network that leads there?`,
  );
}

/** A namespace as it was seen; the inode is what the kernel calls it. */
export interface SeenNamespace {
  readonly id: string;
  readonly inode: number | null;
}

/** Is it one namespace? The inode decides where both were seen. */
export function judgeNamespaces(
  wantsSame: boolean,
  one: SeenNamespace,
  other: SeenNamespace,
  otherName: string,
): Verdict {
  const isSeen = one.inode !== null && other.inode !== null;
  const same = isSeen ? one.inode === other.inode : one.id === other.id;
  const evidence = isSeen
    ? same
      ? `both are in net:[${one.inode}]`
      : `net:[${one.inode}] and net:[${other.inode}]`
    : `${one.id} and ${other.id}`;
  if (same === wantsSame) return passed(evidence);
  if (wantsSame)
    return failed(
      evidence,
      `It is not in the namespace of "${otherName}": join it (mode: joined), or rejoin it after a restart of its target.`,
    );
  return failed(evidence, `It shares the namespace of "${otherName}", and with it interfaces, addresses and ports.`);
}

/** Of two containers on different engines, whose numbers say nothing of each other. */
export function judgeElsewhere(wantsSame: boolean, engines: readonly [string, string], otherName: string): Verdict {
  const evidence = `it is on the engine ${engines[0]}, "${otherName}" on ${engines[1]}: two machines share no namespace`;
  if (!wantsSame) return passed(evidence);
  return failed(evidence, 'Put both on one engine: what shares a namespace is on one machine.');
}

/** Of one kind of namespace: the container's own number, and whether it is the other's too. */
export interface ComparedKind {
  readonly kind: NamespaceKind;
  readonly inode: number;
  readonly isSame: boolean;
}

/** Are they one namespace, in each of these kinds? `other` is the name of a container, or null for the host. */
export function judgeKinds(wantsSame: boolean, compared: readonly ComparedKind[], other: string | null): Verdict {
  const spell = ({ kind, inode, isSame }: ComparedKind) => `${kind}:[${inode}] ${isSame ? 'shared' : 'its own'}`;
  const evidence = compared.map(spell).join(', ');
  const wrong = compared.filter(({ isSame }) => isSame !== wantsSame).map(({ kind }) => kind);
  if (wrong.length === 0) return passed(evidence);
  const whose = other === null ? 'the host' : `"${other}"`;
  return failed(
    evidence,
    wantsSame
      ? `It is in another ${wrong.join(', ')} namespace than ${whose}.`
      : `It shares the ${wrong.join(', ')} namespace of ${whose}.`,
  );
}

/** What becomes of the packet; null where that cannot be told. */
export function judgePath(spec: Spec<'path'>, { paths }: Pick<PacketPath, 'paths'>): Verdict | null {
  const { reaches: wantsToReach = true, carriedBy } = spec;
  const arriving = paths.filter(({ verdict }) => verdict.reaches === true);
  const fitting = arriving.filter((path) => carriedBy === undefined || path.carriedBy === carriedBy);
  if (wantsToReach && fitting.length > 0) return passed(fitting.map(spellPath).join('; '));
  if (!wantsToReach && arriving.length > 0)
    return failed(arriving.map(spellPath).join('; '), 'It does arrive: is the port published, and for whom?');
  if (paths.some(({ verdict }) => verdict.reaches === null)) return null;
  const evidence = (arriving.length > 0 ? arriving : paths).map(spellPath).join('; ');
  if (!wantsToReach) return passed(evidence);
  if (arriving.length > 0) return failed(evidence, `It arrives, and is not carried by ${carriedBy}.`);
  return failed(evidence, 'It does not arrive: GET /api/v1/containers/{id}/ports/{port}/path shows each hop.');
}

function spellPath({ destination: { address, port }, carriedBy, hops, verdict }: Path): string {
  const end = `${address.includes(':') ? `[${address}]` : address}:${port}: ${verdict.sentence}`;
  const rewriting =
    carriedBy === 'dnat' ? hops.filter(({ kind }) => kind === 'dnat').flatMap(({ rules }) => rules) : [];
  const rules = rewriting.filter(({ text }) => /-j DNAT\b/.test(text)).map(({ text }) => text);
  const by = carriedBy === null ? '' : `, carried by ${carriedBy}`;
  return `${end}${by}${rules.length > 0 ? ` (${rules.join('; ')})` : ''}`;
}

export function judgeDaemonConfig(
  { boots, bridge, finds = [] }: Spec<'daemonConfig'>,
  verdict: Pick<DaemonConfigVerdict, 'verdict' | 'bridge' | 'problems'>,
): Verdict {
  const address = verdict.bridge?.address ?? null;
  const found = verdict.problems.map(({ key, code, message }) => `${key ?? 'file'}: ${message} (${code})`);
  const evidence = [
    verdict.verdict === 'boots' ? 'it starts' : 'it does not start',
    ...(address === null ? [] : [`docker0 has ${address}`]),
    ...found,
  ].join('; ');
  if ((verdict.verdict === 'boots') !== boots)
    return failed(evidence, boots ? 'Mend what is told of the file.' : 'Nothing in the file keeps an engine from it.');
  if (bridge !== undefined && bridge !== address) return failed(evidence, `docker0 does not get ${bridge}: see "bip".`);
  const missing = finds.filter((code) => verdict.problems.every((problem) => problem.code !== code));
  if (missing.length > 0) return failed(evidence, `Nothing of the file is ${missing.join(', ')}.`);
  return passed(evidence);
}

/** How a connection that was made ended. */
export interface Attempt {
  readonly address: string;
  readonly port: number;
  /** `open`, or in one word what it came to: refused, timeout, unreachable, … */
  readonly result: string;
  readonly detail: string | null;
}

/** Several attempts: a container with several addresses is reached by one of them. */
export function judgeReach(
  wantsToReach: boolean,
  attempts: readonly Attempt[],
  peer: Peer,
  noAddress = `"${peer.container ?? peer.address ?? ''}" has no address`,
): Verdict {
  if (attempts.length === 0) {
    const evidence = noAddress;
    if (!wantsToReach) return passed(evidence);
    return failed(evidence, 'A closed container, or one that does not run, can be reached by nobody.');
  }
  const open = attempts.filter(({ result }) => result === 'open');
  const list = (ones: readonly Attempt[]) =>
    ones
      .map(({ address, port, result }) => `${address}:${port}: ${result === 'open' ? 'connected' : result}`)
      .join(', ');
  if (open.length > 0) {
    if (wantsToReach) return passed(list(open));
    return failed(list(open), 'It does connect: are the two on a common network, or is the port published?');
  }
  if (!wantsToReach) return passed(list(attempts));
  const hints: Readonly<Record<string, string>> = {
    refused: 'It is reachable, and nothing listens on this port there.',
    timeout: 'Packets get lost on the way: another network, or a rule that drops them. See GET /api/v1/reachability.',
    unreachable: 'There is no way there: is it on a network that leads there?',
  };
  const [first] = attempts;
  return failed(list(attempts), hints[first?.result ?? ''] ?? 'See GET /api/v1/reachability for what stops it.');
}

export function judgeExec(
  spec: Spec<'exec'>,
  result: {
    readonly exitCode: number | null;
    readonly stdout: string;
    readonly stderr: string;
    readonly timedOut: boolean;
  },
): Verdict {
  const { exitCode = 0, stdout, stderr } = spec;
  const said = shorten(result.stdout.trim() === '' || stderr !== undefined ? result.stderr : result.stdout);
  if (result.timedOut)
    return failed(`it did not end in time; ${said}`, 'Give it more time with timeoutMs, or a command that ends.');
  const evidence = `exit code ${result.exitCode}${said === '' ? '' : `: ${said}`}`;
  if (result.exitCode !== exitCode) return failed(evidence, `The exit code should be ${exitCode}.`);
  if (stdout !== undefined && !result.stdout.includes(stdout))
    return failed(evidence, `Its output should contain ${JSON.stringify(stdout)}.`);
  if (stderr !== undefined && !result.stderr.includes(stderr))
    return failed(evidence, `Its standard error should contain ${JSON.stringify(stderr)}.`);
  return passed(evidence);
}

/** Was no port of the host asked for, by the publication that this one came of? */
function isDynamic({ containerPort, protocol, hostIp, hostPort }: LivePort, bindings: readonly PortBinding[]): boolean {
  const origins = bindings.filter(
    (one) =>
      one.containerPort === containerPort &&
      one.protocol === protocol &&
      (one.hostIp === '' ? isAnyAddress(hostIp) : isSame(one.hostIp, hostIp)),
  );
  // Two publications of one port at one address: the one that names a port of the host is the one that has it.
  return !origins.some((one) => one.hostPort === String(hostPort));
}

function isAnyAddress(text: string): boolean {
  return parseAddress(text)?.value === 0n;
}

function isListener({ protocol, state, remote }: Socket): boolean {
  if (protocol.startsWith('tcp')) return state === 'LISTEN';
  return protocol.startsWith('udp') && remote.port === 0;
}

function familyOf({ protocol }: Socket): string {
  return protocol.replace('6', '');
}

function isLoopback(text: string): boolean {
  const address = parseAddress(text);
  if (address === null) return false;
  return address.family === 'ipv4' ? address.value >> 24n === 127n : address.value === 1n;
}

function isSame(one: string, other: string): boolean {
  const [left, right] = [parseAddress(one), parseAddress(other)];
  return left !== null && right !== null && left.family === right.family && left.value === right.value;
}

function listEnds(sockets: readonly Socket[]): string {
  const spell = ({ protocol, local }: Socket) =>
    `${local.address.includes(':') ? `[${local.address}]` : local.address}:${local.port}/${protocol}`;
  return [...new Set(sockets.map(spell))].slice(0, 20).join(', ');
}

function listPorts(ports: readonly LivePort[]): string {
  return ports
    .map(
      ({ containerPort, protocol, hostIp, hostPort }) =>
        `${containerPort}/${protocol} -> ${hostIp.includes(':') ? `[${hostIp}]` : hostIp}:${hostPort}`,
    )
    .join(', ');
}

function shorten(text: string): string {
  const line = text.trim();
  return line.length > 500 ? `${line.slice(0, 500)}…` : line;
}

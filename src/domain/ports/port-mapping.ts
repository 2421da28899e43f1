// Port mappings: the strings of `docker run -p`, taken, refused and read exactly as the Docker CLI does (26.1, held by a differential
// test), and their way into Docker's JSON. It opens no port and asks no engine.
import { type Protocol, protocols } from '../../schemas/container.ts';
import { Failure } from '../../schemas/failure.ts';
import type { DockerPortBinding } from '../container/create-body.ts';
import type { PortBinding } from '../container/facts.ts';
import { parseIpAddress } from './ip-address.ts';

/** Docker's two fields of a create body: keys are `80/tcp`, sorted as the CLI sends them. */
export interface DockerPorts {
  readonly ExposedPorts: Readonly<Record<string, Readonly<Record<string, never>>>>;
  readonly PortBindings: Readonly<Record<string, readonly DockerPortBinding[]>>;
}

/** Every port of every protocol once. More than that can never be published, and would only cost memory. */
const MAX_BINDINGS = 65_535 * protocols.length;

const FOUR_FORMS =
  'Use one of the four forms: containerPort, hostPort:containerPort, ip::containerPort or ip:hostPort:containerPort, ' +
  'each with /tcp, /udp or /sctp if need be; a port may be a range (8000-8010), an IPv6 address stands in brackets.';

/**
 * Reads the strings of `docker run -p`. One string gives one binding, or one for each port of a range; the order is the
 * given one, and duplicates stay (they fail when the container starts, as with Docker).
 *
 * Who refuses what: the Docker CLI itself judges the form, the numbers (0 to 65535), the ranges, the protocol (any case)
 * and that `ip` is a literal address; the engine then takes all that the CLI lets pass, and refuses at the start what
 * this host cannot do (a foreign address, a port in use). The CLI's leniences are kept: leading zeros, an empty host part (`:80`,
 * `::80`, `[]::80`), what follows a second `/` or a second `-`, and its named form (`published=8080,target=80`). An IPv6 address
 * without brackets is refused, as the CLI that Debian builds does; the one Docker builds takes it.
 *
 * Refused on purpose, though the CLI takes it: container port 0, which nothing can listen on. And, against exhaustion of our
 * memory only, more than 196,605 bindings in all.
 *
 * @throws Failure `invalid_request`, its field `ports[i]`
 */
export function parsePortMappings(specs: readonly string[]): PortBinding[] {
  const bindings: PortBinding[] = [];
  for (const [index, spec] of specs.entries()) {
    const refuse: Refuse = (reason, hint = FOUR_FORMS) => {
      throw new Failure('invalid_request', `The port mapping ${quote(spec)} is not valid: ${reason}.`, {
        field: `ports[${index}]`,
        hint,
      });
    };
    const mapping = readMapping(spec, refuse);
    if (bindings.length + mapping.last - mapping.first >= MAX_BINDINGS) {
      refuse(`with it there are more than ${MAX_BINDINGS} bindings`, 'Publish the ports that are needed only.');
    }
    for (const binding of expand(mapping)) bindings.push(binding);
  }
  return bindings;
}

/** The bindings as the Docker CLI sends them in a create body. */
export function toDockerPorts(bindings: readonly PortBinding[]): DockerPorts {
  const byPort = new Map<string, DockerPortBinding[]>();
  for (const { containerPort, protocol, hostIp, hostPort } of bindings) {
    const key = `${containerPort}/${protocol}`;
    const list = byPort.get(key) ?? [];
    list.push({ HostIp: hostIp, HostPort: hostPort });
    byPort.set(key, list);
  }
  const keys = [...byPort.keys()].sort();
  return {
    ExposedPorts: Object.fromEntries(keys.map((key) => [key, {}])),
    PortBindings: Object.fromEntries(keys.map((key) => [key, byPort.get(key) ?? []])),
  };
}

/** Throws the failure for this string. */
type Refuse = (reason: string, hint?: string) => never;

/** One string, read: container ports `first` to `last`, and the host's, null where none was named. */
interface Mapping {
  readonly first: number;
  readonly last: number;
  readonly protocol: Protocol;
  readonly hostIp: string;
  readonly host: Range | null;
}

interface Range {
  readonly first: number;
  readonly last: number;
}

function readMapping(spec: string, refuse: Refuse): Mapping {
  const parts = (spec.includes('=') ? fromNamedForm(spec, refuse) : spec).split(':');
  const [rawPort = '', rawProtocol = ''] = (parts.at(-1) ?? '').split('/');
  const rawHostPort = parts.at(-2) ?? '';
  const hostIp = readHostIp(parts.slice(0, -2).join(':'), refuse);

  if (rawPort === '') refuse('it names no container port');
  const { first, last } =
    parseRange(rawPort) ?? refuse(`${quote(rawPort)} is not a container port (1 to 65535) or a range of them`);
  const host = rawHostPort === '' ? null : (parseRange(rawHostPort) ?? refuseHostPort(rawHostPort, refuse));
  if (host && first !== last && host.last - host.first !== last - first) {
    refuse(
      `the ranges ${quote(rawPort)} and ${quote(rawHostPort)} differ in size`,
      'Give both sides the same number of ports, or one container port.',
    );
  }
  const protocol = parseProtocol(rawProtocol) ?? refuse(`${quote(rawProtocol)} is not a protocol`);
  // Last, so that it is said only of what is right otherwise.
  if (first === 0)
    refuse('nothing can listen on container port 0', 'Name the port that the program in the container listens on.');
  return { first, last, protocol, hostIp, host };
}

/** One binding for each container port. A host range for a single one is passed on: the engine takes its first free port. */
function* expand({ first, last, protocol, hostIp, host }: Mapping): Generator<PortBinding> {
  for (let containerPort = first; containerPort <= last; containerPort += 1) {
    yield { containerPort, protocol, hostIp, hostPort: hostPortOf(containerPort - first) };
  }

  function hostPortOf(offset: number): string {
    if (host === null) return '';
    return first === last && host.first !== host.last ? `${host.first}-${host.last}` : `${host.first + offset}`;
  }
}

/** The CLI's other notation, `published=8080,target=80,protocol=udp`: it rewrites it to the short one before reading it; so do we. */
function fromNamedForm(spec: string, refuse: Refuse): string {
  const values = new Map([['protocol', 'tcp']]);
  for (const pair of spec.split(',')) {
    const equals = pair.indexOf('=');
    if (equals < 1) refuse(`${quote(pair)} is not name=value`);
    values.set(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return `${values.get('published') ?? ''}:${values.get('target') ?? ''}/${values.get('protocol') ?? ''}`;
}

function readHostIp(raw: string, refuse: Refuse): string {
  const bracketed = /^\[([^[\]]*)\]$/.exec(raw)?.[1];
  const address = bracketed ?? raw;
  if (address === '') return '';
  if (parseIpAddress(address) === null) refuse(`${quote(raw)} is not an IP address`);
  if (bracketed === undefined && address.includes(':')) {
    refuse(`the IPv6 address ${quote(raw)} is not in brackets`, `Write [${address}].`);
  }
  return address;
}

function refuseHostPort(raw: string, refuse: Refuse): never {
  if (parseIpAddress(raw) === null) return refuse(`${quote(raw)} is not a host port (0 to 65535) or a range of them`);
  return refuse(
    `${quote(raw)} is an address where a host port belongs`,
    'With an address there are two colons: ip::containerPort for a port the engine chooses, or ip:hostPort:containerPort.',
  );
}

/** `80` or `80-90`; the CLI ignores what follows a second dash. Null where it is none, or runs backwards. */
function parseRange(text: string): Range | null {
  const [from = '', to = from] = text.split('-');
  const first = parsePort(from);
  const last = parsePort(to);
  return first === null || last === null || last < first ? null : { first, last };
}

/** Decimal digits up to 65535, leading zeros allowed; null for anything else. */
function parsePort(text: string): number | null {
  return /^[0-9]+$/.test(text) && Number(text) <= 65_535 ? Number(text) : null;
}

/** Any case; empty means tcp. */
function parseProtocol(text: string): Protocol | null {
  const name = text === '' ? 'tcp' : text.toLowerCase();
  return protocols.find((protocol) => protocol === name) ?? null;
}

/** The culprit in quotes, no longer than a line. */
function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}

// What dockerd listens on, as it binds it at its start: in the order of the alphabet, each address once. And what is dangerous about it.
import { parseAddress } from '../subnet.ts';
import type { Findings } from './findings.ts';
import { formatAddress } from './go/cidr.ts';
import { classifyHost, isListenAddress, type ListenAddress, parseListenAddress, spellListenAddress } from './hosts.ts';
import type { Reading } from './reading.ts';
import { usesTls } from './validation.ts';

/** Every address once, in dockerd's order; without `hosts`, its default socket. */
export function listenAddresses(hosts: readonly (string | undefined)[] | undefined): ListenAddress[] {
  const entries = hosts === undefined || hosts.length === 0 ? [''] : hosts;
  const read = entries.map((entry) => parseListenAddress(entry ?? '')).filter(isListenAddress);
  const bySpelling = new Map(read.map((address) => [spellListenAddress(address), address]));
  return [...bySpelling.entries()].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, address]) => address);
}

const loading = 'failed to load listeners: ';

/** Binds them, one after the other. */
export function bindListeners(reading: Reading, existing: readonly string[], findings: Findings): void {
  const bound: ListenAddress[] = [];
  for (const address of listenAddresses(reading.values.hosts)) {
    bindOne(address, bound, existing, reading, findings);
    bound.push(address);
  }
  remarkHosts(reading, findings);
}

function bindOne(
  address: ListenAddress,
  bound: readonly ListenAddress[],
  existing: readonly string[],
  reading: Reading,
  findings: Findings,
) {
  const spelt = spellListenAddress(address);
  const refuse = (
    says: string,
    code: 'not_supported' | 'name_not_found' | 'address_not_here' | 'already_bound' | 'out_of_range' | 'file_missing',
    message: string,
    fix: string,
  ) => findings.error('start', loading + says, { key: 'hosts', code, message, fix });
  switch (address.protocol) {
    case 'npipe':
      return refuse(
        'invalid protocol format: "npipe"',
        'not_supported',
        `${spelt} is a named pipe, which only Windows has`,
        'Write "unix:///var/run/docker.sock"',
      );
    case 'fd':
      return refuse(
        'no sockets found via socket activation: make sure the service was started by systemd',
        'not_supported',
        `${spelt} takes sockets that systemd hands over; dockerd, started without, has none`,
        'Leave "fd://" to the unit (ExecStart=… -H fd://), and write "unix:///var/run/docker.sock" here',
      );
    case 'unix':
      return bindUnix(address.address, reading, refuse);
    case 'tcp':
      return bindTcp(address, bound, existing, refuse);
  }
}

type Refuse = (
  says: string,
  code: 'not_supported' | 'name_not_found' | 'address_not_here' | 'already_bound' | 'out_of_range' | 'file_missing',
  message: string,
  fix: string,
) => void;

/** Folders that every host has. */
const usualFolders =
  /^\/(var\/)?run\/[^/]+$|^\/(tmp|etc|var|var\/lib|var\/tmp|opt|srv|root|home|mnt|run|usr|dev\/shm)\/[^/]+$|^\/[^/]+$|^[^/@]+$/;

function bindUnix(path: string, { values }: Reading, refuse: Refuse) {
  const creating = `can't create unix socket ${path}: `;
  const { group } = values;
  if (group !== undefined && group !== '' && group !== 'docker' && !isUsualGroup(group))
    return refuse(
      `group ${group} not found`,
      'name_not_found',
      `"group" names ${JSON.stringify(group)}, which a fresh host does not have`,
      'Make the group first (groupadd), or remove the key',
    );
  if (new TextEncoder().encode(path).length > 107)
    return refuse(
      `${creating}listen unix ${path}: bind: invalid argument`,
      'out_of_range',
      `${path} is longer than the 107 bytes that the path of a socket may have`,
      'Write a shorter path',
    );
  if (path.startsWith('@'))
    return refuse(
      `${creating}chown ${path}: no such file or directory`,
      'not_supported',
      `${path} is an abstract socket, and dockerd wants a file to change its owner`,
      'Write a path that begins with "/"',
    );
  if (/^\/(etc|tmp|var|var\/run|run|usr|opt|home|root|srv|mnt|dev|proc|sys)\/?$/.test(path))
    return refuse(
      `${creating}is a directory`,
      'already_bound',
      `${path} is a folder`,
      'Write the path of a file, such as "unix:///var/run/docker.sock"',
    );
  const { 'data-root': data = '', 'exec-root': exec = '' } = values;
  const ownFolders = [data || '/var/lib/docker', exec || '/var/run/docker', '/run/docker'];
  if (!usualFolders.test(path) && !ownFolders.includes(path.slice(0, path.lastIndexOf('/'))))
    return refuse(
      `${creating}listen unix ${path}: bind: no such file or directory`,
      'file_missing',
      `The folder of ${path} does not exist on a fresh host, and dockerd does not make it`,
      'Make the folder first, or write "unix:///var/run/docker.sock"',
    );
}

/** By number every group can be named. */
export function isUsualGroup(group: string): boolean {
  return (
    /^-?\d+$/.test(group) ||
    [
      'root',
      'daemon',
      'adm',
      'sudo',
      'wheel',
      'nogroup',
      'nobody',
      'users',
      'bin',
      'sys',
      'docker',
      'staff',
      'video',
      'audio',
      'disk',
      'kvm',
      'tty',
      'mail',
      'games',
    ].includes(group)
  );
}

function bindTcp(address: ListenAddress, bound: readonly ListenAddress[], existing: readonly string[], refuse: Refuse) {
  const { host, port } = address;
  const kind = classifyHost(host);
  const spelt = spellListenAddress(address);
  if (kind === 'name')
    return refuse(
      `failed to lookup ${host} address in host specification`,
      'name_not_found',
      `${spelt}: the name ${JSON.stringify(host)} has to be known when dockerd starts, and a fresh host knows localhost only`,
      'Write an address, such as "tcp://127.0.0.1:2375"',
    );
  const rivals = bound.filter((other) => other.protocol === 'tcp' && other.port === port);
  const isSame = (other: ListenAddress) => resolve(other.host) === resolve(host);
  const isEverywhere = (other: ListenAddress) => classifyHost(other.host) === 'everywhere';
  if (rivals.some(isSame) && host !== 'localhost')
    return refuse(
      `failed to allocate daemon listening port ${port} (err: Bind for ${resolve(host)}:${port} failed: port is already allocated)`,
      'already_bound',
      `Two entries of "hosts" are the same place: port ${port} of ${host}`,
      'Keep one of them',
    );
  if (rivals.some(isSame))
    return refuse(
      `failed to allocate daemon listening port ${port} (err: Bind for 127.0.0.1:${port} failed: port is already allocated)`,
      'already_bound',
      `localhost is 127.0.0.1, and "hosts" has port ${port} there twice`,
      'Keep one of them',
    );
  if (port > 65_535)
    return refuse(
      `listen tcp: address ${port}: invalid port`,
      'out_of_range',
      `${spelt}: there is no port ${port}`,
      'Write 1 to 65535; 2376 with TLS is usual',
    );
  const covers = rivals.find((other) => isEverywhere(other) || kind === 'everywhere');
  if (covers !== undefined)
    return refuse(
      `listen tcp ${host === '::' ? `0.0.0.0:${port}` : address.address}: bind: address already in use`,
      'already_bound',
      `${spellListenAddress(covers)} and ${spelt} cannot both be bound: one of them is every address`,
      'Keep one of them',
    );
  if (kind === 'elsewhere' && !existing.some((cidr) => cidr.slice(0, cidr.indexOf('/')) === host))
    return refuse(
      `listen tcp ${address.address}: bind: cannot assign requested address`,
      'address_not_here',
      `${spelt}: a fresh host has no address ${host}; dockerd listens before it makes docker0`,
      'Write an address that the host has when dockerd starts; where it has this one, this is no mistake',
    );
  if (kind === 'link_local')
    return refuse(
      `listen tcp ${address.address}: bind: invalid argument`,
      'address_not_here',
      `${spelt}: a link-local address is none without its interface, and dockerd takes no zone`,
      'Write another address',
    );
}

/** One spelling of an address; of names a fresh host knows one. */
function resolve(host: string): string {
  if (host === 'localhost') return '127.0.0.1';
  const address = parseAddress(host);
  return address === null ? host : formatAddress(address);
}

/** What to do instead of listening without TLS. */
export const tlsAdvice =
  'Use TLS: "tlsverify": true with "tlscacert", "tlscert" and "tlskey", on port 2376; or SSH (docker -H ssh://…) and no tcp:// at all';

function remarkHosts(reading: Reading, findings: Findings): void {
  const { values } = reading;
  if (values.hosts === undefined || values.hosts.length === 0) return;
  findings.warning({
    key: 'hosts',
    code: 'flag_conflict',
    message:
      'Where systemd starts dockerd with -H (the unit of Docker\'s own packages has -H fd://), "hosts" is then given twice, and dockerd refuses to start',
    fix: 'Override the unit: ExecStart= and ExecStart=/usr/bin/dockerd, without -H; or give the addresses there and remove "hosts"',
  });
  const isVerified = usesTls(reading) && values.tlsverify !== false;
  for (const address of listenAddresses(values.hosts)) {
    if (address.protocol === 'unix' && address.address.startsWith('/etc/'))
      findings.warning({
        key: 'hosts',
        code: 'file_overwritten',
        message: `dockerd deletes ${address.address} before it makes its socket there`,
        fix: 'Write "unix:///var/run/docker.sock"',
      });
    if (address.protocol !== 'tcp' || isVerified) continue;
    const kind = classifyHost(address.host);
    if (kind === 'loopback')
      findings.warning({
        key: 'hosts',
        code: 'unauthenticated_tcp',
        message: `${spellListenAddress(address)} asks nobody for a password: every user and every program of this host is root there, and so is every container in host mode`,
        fix: tlsAdvice,
      });
    else
      findings.warning({
        key: 'hosts',
        code: 'open_to_the_network',
        message: `${spellListenAddress(address)} without verified TLS gives root on this host to whoever reaches the port: everybody on the network${kind === 'everywhere' ? ', and every container, through the address of docker0' : ''}`,
        fix: tlsAdvice,
      });
    if (kind !== 'loopback' && values.tls === undefined && values.tlsverify === undefined)
      findings.info({
        key: 'hosts',
        code: 'slow_start',
        message: `dockerd waits 16 s at its start, because ${spellListenAddress(address)} is open and "tls" is not said`,
        fix: '"tls": false starts at once; TLS is better',
      });
  }
}

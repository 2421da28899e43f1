// A router of our own between a client and a server, each in a network namespace: packets of real connections pass the rules that a test loads. Needs
// root; takes everything away after the test.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { defer } from './defer.ts';
import { type Cleanup, runCommand } from './engine.ts';

export type Variant = 'nft' | 'legacy';
export type Family = 'ipv4' | 'ipv6';

/** Where everybody is. `client` and `server` have the router as their gateway. */
export const places = {
  ipv4: { client: '10.77.1.2', near: '10.77.1.1', far: '10.77.2.1', server: '10.77.2.2', server2: '10.77.2.3' },
  ipv6: { client: 'fd77:1::2', near: 'fd77:1::1', far: 'fd77:2::1', server: 'fd77:2::2', server2: 'fd77:2::3' },
} as const;

/** Interfaces of the router. */
export const nearDevice = 'rc0';
export const farDevice = 'rs0';

/** Where something listens, on the server and on the router. */
export const openPorts = { server: [80, 81], router: [80, 8080] } as const;

export interface Call {
  readonly from: 'client' | 'router';
  readonly address: string;
  readonly port: number;
  readonly timeoutMs: number;
}

export interface RouterLab {
  /** Replaces all rules of a family; throws with what the program says. */
  load(family: Family, rules: string): Promise<void>;
  save(family: Family): Promise<string>;
  /** Makes connections, all at once: `open`, `refused`, `unreachable` or `timeout` for each. */
  call(calls: readonly Call[]): Promise<string[]>;
}

export function whyNoRouterLab(): string | false {
  if (process.platform !== 'linux') return 'network namespaces need Linux';
  return process.getuid?.() === 0 ? false : 'network namespaces need root';
}

const prefix = 'tt-router-';
let count = 0;

export async function makeRouterLab(cleanup: Cleanup, variant: Variant): Promise<RouterLab> {
  await sweep();
  count += 1;
  const names = { client: '', router: '', server: '' };
  for (const role of ['client', 'router', 'server'] as const) {
    const name = `${prefix}${process.pid}-${count}-${role}`;
    names[role] = name;
    await run('ip', 'netns', 'add', name);
    defer(cleanup, async () => void (await runCommand('ip', ['netns', 'delete', name])));
  }
  const inside = (role: keyof typeof names) => `ip netns exec ${names[role]}`;
  const { ipv4, ipv6 } = places;
  const macs = {
    client: '02:00:00:00:01:02',
    near: '02:00:00:00:01:01',
    far: '02:00:00:00:02:01',
    server: '02:00:00:00:02:02',
  };
  const client = [ipv4.client, ipv6.client];
  const server = [ipv4.server, ipv4.server2, ipv6.server, ipv6.server2];
  const [near, far] = [
    [ipv4.near, ipv6.near],
    [ipv4.far, ipv6.far],
  ];
  const withPrefix = (addresses: readonly string[]) =>
    addresses.map((address) => `${address}/${address.includes(':') ? 64 : 24}`);
  const ends = [
    {
      role: 'client',
      device: 'c0',
      mac: macs.client,
      addresses: withPrefix(client),
      neighbours: { addresses: near, mac: macs.near },
    },
    {
      role: 'router',
      device: nearDevice,
      mac: macs.near,
      addresses: withPrefix(near),
      neighbours: { addresses: client, mac: macs.client },
    },
    {
      role: 'router',
      device: farDevice,
      mac: macs.far,
      addresses: withPrefix(far),
      neighbours: { addresses: server, mac: macs.server },
    },
    {
      role: 'server',
      device: 's0',
      mac: macs.server,
      addresses: withPrefix(server),
      neighbours: { addresses: far, mac: macs.far },
    },
  ] as const;
  const script = [
    `ip link add ${nearDevice} netns ${names.router} type veth peer name c0 netns ${names.client}`,
    `ip link add ${farDevice} netns ${names.router} type veth peer name s0 netns ${names.server}`,
    // Answers are not limited in number, and nothing is sent twice.
    ...(['client', 'router', 'server'] as const).map(
      (role) =>
        `${inside(role)} sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0 net.ipv4.tcp_synack_retries=0 net.ipv4.ip_forward=${Number(role === 'router')} net.ipv6.conf.all.forwarding=${Number(role === 'router')}`,
    ),
    ...ends.flatMap(({ role, device, mac, addresses, neighbours }) => [
      `${inside(role)} ip link set lo up`,
      // Nothing may cross the rules that no test sent: no neighbour is asked for, no router, no group.
      `ip -n ${names[role]} link set ${device} address ${mac} addrgenmode none`,
      ...addresses.map(
        (address) =>
          `ip -n ${names[role]} address add ${address} dev ${device}${address.includes(':') ? ' nodad' : ''}`,
      ),
      `ip -n ${names[role]} link set ${device} up`,
      ...neighbours.addresses.map(
        (address) =>
          `ip -n ${names[role]} neighbour add ${address} dev ${device} lladdr ${neighbours.mac} nud permanent`,
      ),
    ]),
    ...(['client', 'server'] as const).flatMap((role) => {
      const gateway = role === 'client' ? 'near' : 'far';
      return [
        `ip -n ${names[role]} route add default via ${ipv4[gateway]}`,
        `ip -n ${names[role]} -6 route add default via ${ipv6[gateway]}`,
      ];
    }),
  ].join('\n');
  await run('sh', '-ec', script);
  const peers = {
    client: await startPeer(cleanup, names.client, []),
    router: await startPeer(cleanup, names.router, openPorts.router),
    server: await startPeer(cleanup, names.server, openPorts.server),
  };
  const program = (family: Family, verb: string) =>
    `${family === 'ipv4' ? 'iptables' : 'ip6tables'}-${variant}-${verb}`;
  return {
    load: async (family, rules) =>
      void (await run('ip', 'netns', 'exec', names.router, program(family, 'restore'), { input: rules })),
    save: (family) => run('ip', 'netns', 'exec', names.router, program(family, 'save'), '-c'),
    call: (calls) => Promise.all(calls.map((call) => peers[call.from].call(call))),
  };
}

/** Takes away what test processes that were killed could not. */
async function sweep(): Promise<void> {
  for (const line of (await run('ip', 'netns', 'list')).split('\n')) {
    const [name = ''] = line.split(' ');
    const pid = name.startsWith(prefix) ? name.slice(prefix.length).split('-')[0] : undefined;
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) await runCommand('ip', ['netns', 'delete', name]);
  }
}

async function run(program: string, ...rest: (string | { input: string })[]): Promise<string> {
  const args = rest.filter((part) => typeof part === 'string');
  const options = rest.find((part) => typeof part === 'object') ?? {};
  const { code, stdout, stderr } = await runCommand(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr.trim()}`);
  return stdout;
}

interface Peer {
  call(call: Call): Promise<string>;
}

async function startPeer(cleanup: Cleanup, namespace: string, ports: readonly number[]): Promise<Peer> {
  const script = path.resolve('test/support/tcp-peer.pl');
  const child: ChildProcessWithoutNullStreams = spawn('ip', [
    'netns',
    'exec',
    namespace,
    'perl',
    script,
    ...ports.map(String),
  ]);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.stderr.pipe(process.stderr);
  defer(cleanup, async () => {
    child.stdin.end();
    await ended;
  });
  const waiting = new Map<string, (outcome: string) => void>();
  const ready = new Promise<void>((resolve) => waiting.set('ready', () => resolve()));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [id = '', outcome = ''] = line.split(' ');
    waiting.get(id)?.(outcome);
    waiting.delete(id);
  });
  await ready;
  let last = 0;
  return {
    call: ({ address, port, timeoutMs }) => {
      last += 1;
      const id = String(last);
      const answer = new Promise<string>((resolve) => waiting.set(id, resolve));
      child.stdin.write(`${id} ${address} ${port} ${timeoutMs}\n`);
      return answer;
    },
  };
}

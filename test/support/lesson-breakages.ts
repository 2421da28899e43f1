// How the statements of the lessons are broken on purpose: by another lab file, or by an act on the engine. One breakage serves many checks; each check
// has to be in one of them.
import type { LabContainer, LabFile } from '../../src/schemas/lab.ts';
import type { LessonPlace } from './lesson-places.ts';

export interface Breakage {
  readonly how: string;
  /** The checks that must not hold then. */
  readonly breaks: readonly string[];
  /** Containers as they are instead, or beside. */
  readonly containers?: Readonly<Record<string, LabContainer>>;
  /** Everything else of the file. */
  readonly rest?: Omit<Partial<LabFile>, 'containers'>;
  /** After the file is applied. */
  readonly act?: (place: LessonPlace) => Promise<unknown>;
  /** What the next file would stumble over. */
  readonly undo?: (place: LessonPlace) => Promise<unknown>;
}

const httpd = (port: number) => ['httpd', '-f', '-p', String(port)];
const idle = ['sleep', '3600'];
const onBridge = { mode: 'bridged', network: 'bridge' } as const;
const inHost = { mode: 'open', host: true } as const;

/** Somebody else's container under the name of a member: its namespaces are such as no lab could make. */
function standIn(name: string, ...words: string[]): Pick<Breakage, 'act' | 'undo'> {
  return {
    act: async ({ shell }) => {
      const run = `docker rm -f ${name}; docker run -d --name ${name} ${words.join(' ')}`;
      const { code, stderr } = await shell(run);
      if (code !== 0) throw new Error(stderr);
    },
    undo: ({ shell }) => shell(`docker rm -f ${name}`),
  };
}

export const breakages: Readonly<Record<string, readonly Breakage[]>> = {
  closed: [
    {
      how: 'it is on docker0, and serves',
      containers: { t1: { ...onBridge, command: httpd(2222) } },
      breaks: ['lo-only', 'no-way-out', 'cannot-reach', 'not-reachable'],
    },
    {
      how: 'it is joined to the other, which serves nothing',
      containers: { t1: { mode: 'joined', target: 'web' }, web: { ...onBridge, command: idle } },
      breaks: ['apart-from-web', 'web-listens'],
    },
    { how: 'it is in the namespace of the host', containers: { t1: inHost }, breaks: ['apart-from-host'] },
    {
      how: 'lo loses its address',
      act: ({ shell }) =>
        shell(
          'docker run --rm --cap-add NET_ADMIN --network container:closed-t1 busybox ip address del 127.0.0.1/8 dev lo',
        ),
      breaks: ['loopback-address', 'speaks-to-itself'],
    },
  ],
  bridged: [
    {
      how: 'it is closed, and the other serves nothing',
      containers: { t1: { mode: 'closed' }, web: { ...onBridge, command: idle } },
      breaks: [
        'two-interfaces',
        'docker0-address',
        'default-route',
        'bridge-answers',
        'same-bridge',
        'web-listens',
        'from-host',
      ],
    },
    {
      how: 'all are on docker0, one is joined, one published',
      containers: {
        t1: { mode: 'joined', target: 'web' },
        web: { mode: 'open', network: 'bridge', command: httpd(2222), ports: [2222] },
        elsewhere: { ...onBridge, command: httpd(2222) },
      },
      breaks: ['own-namespace', 'other-bridge', 'not-from-outside'],
    },
  ],
  joined: [
    {
      how: 'it is bridged, its neighbour joined, and the port asked for',
      containers: {
        web: { mode: 'open', network: 'bridge', command: httpd(2222), ports: ['2299:2222'] },
        joined: onBridge,
        neighbour: { mode: 'joined', target: 'web', command: idle },
      },
      breaks: ['same-listener', 'one-namespace', 'by-loopback', 'ports-collide', 'neighbour-apart', 'dynamic-port'],
    },
    {
      how: 'it is closed, and nobody serves',
      containers: {
        web: { mode: 'open', network: 'bridge', command: idle, ports: [2222] },
        joined: { mode: 'closed' },
        neighbour: { ...onBridge, command: idle },
      },
      breaks: ['same-interfaces', 'web-listens', 'neighbour-listens'],
    },
    {
      how: 'it sees the processes of its target too',
      ...standIn('joined-joined', '--network container:joined-web --pid container:joined-web busybox sleep 3600'),
      breaks: ['no-other'],
    },
    {
      how: 'it has users of its own',
      ...standIn(
        'joined-joined',
        '--network container:joined-web --cap-add SYS_ADMIN --security-opt seccomp=unconfined',
        'busybox unshare -U sleep 3600',
      ),
      breaks: ['user-of-the-engine'],
    },
  ],
  open: [
    {
      how: 'each is published in another form',
      containers: {
        one: { mode: 'open', network: 'bridge', command: httpd(2222), ports: ['2297:2222'] },
        two: { mode: 'open', network: 'bridge', command: httpd(2222), ports: [2222] },
        three: { mode: 'open', network: 'bridge', command: httpd(2222), ports: ['2298:2222'] },
        four: { mode: 'open', network: 'bridge', command: httpd(2222), ports: ['2299:2222'] },
      },
      breaks: [
        'first-form',
        'second-form',
        'second-answers',
        'third-form',
        'third-not-outside',
        'fourth-form',
        'fourth-answers',
        'fourth-not-outside',
      ],
    },
    {
      how: 'the host is bridged, another in the host, and nobody serves',
      containers: {
        one: { ...inHost, command: idle },
        three: { mode: 'open', network: 'bridge', command: idle, ports: ['127.0.0.1::2222'] },
        four: { mode: 'open', network: 'bridge', command: idle, ports: ['127.0.0.1:2289:2222'] },
        host: { ...onBridge, command: idle },
      },
      breaks: [
        'own-namespace',
        'one-listens',
        'third-from-host',
        'fourth-from-host',
        'host-namespace',
        'host-interfaces',
        'host-listens',
        'client-reaches-host',
      ],
    },
    {
      how: 'the rules of iptables are gone',
      act: ({ shell }) =>
        shell(
          `iptables -t nat -S DOCKER | sed -n 's/^-A \\(.*-j DNAT.*\\)/\\1/p' | while read -r rule; do iptables -t nat -D $rule; done`,
        ),
      breaks: ['first-by-iptables', 'second-by-iptables'],
    },
  ],
  'daemon-json': [
    {
      how: 'the bridge has other settings, and the host is bridged',
      containers: { host: { ...onBridge, command: idle } },
      rest: { networks: { lan: { bip: '10.20.2.5/24' } } },
      breaks: [
        'bip',
        'fixed-cidr',
        'default-gateway',
        'mtu',
        'dns',
        'host-listens',
        'unix-socket',
        'docker0-is-the-gateway',
      ],
    },
    {
      how: 'somebody answers on port 2375, and the files are others',
      containers: { listener: { ...inHost, command: httpd(2375) } },
      rest: {
        checks: {
          'no-tcp': { container: 'host', cannotReach: { address: '127.0.0.1', port: 2375 } },
          'hosts-with-tcp': {
            daemonConfig: {
              file: { hosts: ['unix:///var/run/docker.sock'] },
              boots: true,
              finds: ['open_to_the_network', 'flag_conflict'],
            },
          },
          'bip-is-docker0': {
            daemonConfig: { file: { bip: '192.168.2.5/24' }, boots: true, bridge: '192.168.1.5/24' },
          },
          'lecture-file-fails': {
            daemonConfig: {
              file: { bip: '192.168.1.5/24', 'default-gateway': '192.168.1.1' },
              boots: false,
              finds: ['gateway_outside_subnet'],
            },
          },
          'mended-file-starts': {
            daemonConfig: {
              file: { bip: '192.168.1.5/24', 'default-gateway': '10.20.1.1' },
              boots: true,
              bridge: '192.168.1.5/24',
            },
          },
        },
      },
      breaks: ['no-tcp', 'hosts-with-tcp', 'bip-is-docker0', 'lecture-file-fails', 'mended-file-starts'],
    },
  ],
  namespaces: [
    {
      how: 'nobody serves, the guest is bridged, and so is who was alone',
      containers: {
        a: { mode: 'closed', command: idle },
        b: { ...onBridge, command: idle },
        alone: onBridge,
        guest: onBridge,
        host: { mode: 'closed' },
      },
      breaks: [
        'a-listens',
        'b-listens',
        'own-interfaces',
        'own-routes',
        'no-routes',
        'host-is-one-too',
        'guest-is-inside',
        'guest-sees',
      ],
    },
    {
      how: 'two are in one namespace, and one is in that of the host',
      containers: { b: { mode: 'joined', target: 'a', command: idle }, alone: inHost },
      breaks: ['one-each', 'apart-from-host'],
    },
    {
      how: 'the guest sees the processes of its host too',
      ...standIn(
        'namespaces-guest',
        '--network container:namespaces-a --pid container:namespaces-a busybox sleep 3600',
      ),
      breaks: ['guest-keeps-the-rest'],
    },
  ],
};

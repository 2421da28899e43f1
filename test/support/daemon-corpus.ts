// Files of daemon.json to ask the real dockerd and our check about: every key with every kind of value, values at the borders of their ranges, pairs of keys,
// broken files, and what an old docker0 changes. And random ones.

import type { BootCase } from './daemon-boots.ts';
import fc from './fast-check.ts';

/** As it stands in the lecture. */
export const lectureExample = `{
    "bip": "192.168.1.5/24",
    "fixed-cidr": "10.20.0.0/16",
    "fixed-cidr-v6": "2001:db8::/64",
    "mtu": 1500,
    "default-gateway": "10.20.1.1",
    "default-gateway-v6": "2001:db8:abcd::89",
    "dns": ["10.20.1.2","10.20.1.3"]
} 
`;

type Config = Readonly<Record<string, unknown>>;

const file = (config: Config, more: Omit<BootCase, 'file'> = {}): BootCase => ({
  file: JSON.stringify(config),
  ...more,
});
/** One key with each of these values. */
const each = (key: string, values: readonly unknown[]): BootCase[] => values.map((value) => file({ [key]: value }));
const cross = <A, B>(some: readonly A[], others: readonly B[]): [A, B][] =>
  some.flatMap((one) => others.map((other): [A, B] => [one, other]));

/** Keys of the file, names of flags, names of old, and such as nobody ever knew. `containerd` waits a minute for an answer: it comes alone. */
const keys =
  `add-runtime allow-nondistributable-artifacts api-cors-header authorization-plugin authorization-plugins bip bridge builder cdi-spec-dir
  cdi-spec-dirs cgroup-parent cluster-store config-file containerd-namespace containerd-plugin-namespace containerd-plugins-namespace cpu-rt-period
  cpu-rt-runtime cri-containerd data-root debug default-address-pool default-address-pools default-cgroupns-mode default-gateway default-gateway-v6
  default-init default-ipc-mode default-network-opt default-network-opts default-runtime default-shm-size default-ulimit default-ulimits
  deprecated-key-path disable-legacy-registry dns dns-opt dns-opts dns-search exec-opt exec-opts exec-root experimental features fixed-cidr
  fixed-cidr-v6 graph group help host host-gateway-ip hosts http-proxy https-proxy icc init init-path insecure-registries insecure-registry ip
  ip-forward ip-masq ip6tables iptables ipv6 label labels live-restore log-driver log-format log-level log-opt log-opts max-concurrent-downloads
  max-concurrent-uploads max-download-attempts metrics-addr mtu network-control-plane-mtu network-diagnostic-port no-new-privileges no-proxy
  node-generic-resource node-generic-resources oom-score-adjust pidfile proxies raw-logs registry-mirror registry-mirrors resolv-conf restart rootless
  runtimes seccomp-profile selinux-enabled shutdown-timeout storage-driver storage-opt storage-opts swarm-default-advertise-addr
  swarm-raft-election-tick swarm-raft-heartbeat-tick tls tlscacert tlscert tlskey tlsverify userland-proxy userland-proxy-path userns-remap version
  nosuchkey BIP Mtu b H D min-api-version allow-direct-routing`.split(/\s+/);
const kinds = [
  '"x"',
  '""',
  '1',
  '1.5',
  '-1',
  '1e3',
  'true',
  'null',
  '[]',
  '["x"]',
  '[1]',
  '[null]',
  '{}',
  '{"a":"b"}',
  '{"a":{}}',
  '"true"',
];

function everyKey(): BootCase[] {
  return cross(keys, kinds)
    .filter(([key, kind]) => key !== 'authorization-plugins' || !kind.includes('x'))
    .map(([key, kind]) => ({ file: `{"${key}":${kind}}` }));
}

const subnets = [
  ...[
    '192.168.1.5/24',
    '192.168.1.0/24',
    '192.168.1.255/24',
    '192.168.1.5/32',
    '192.168.1.4/31',
    '192.168.1.5/31',
    '192.168.1.5/30',
  ],
  ...[
    '192.168.1.4/30',
    '192.168.1.7/30',
    '192.168.1.5/0',
    '0.0.0.0/0',
    '0.0.0.1/8',
    '127.0.0.1/8',
    '169.254.0.1/16',
    '224.0.0.1/24',
  ],
  ...[
    '240.0.0.1/8',
    '255.255.255.255/32',
    '192.168.1.5',
    '192.168.1.5/',
    '192.168.1.5/33',
    '192.168.1.5/-1',
    '192.168.1.5/024',
  ],
  ...[
    '192.168.01.5/24',
    '192.168.1.5/255.255.255.0',
    '192.168.1/24',
    '192.168.1.256/24',
    ' 192.168.1.5/24',
    '10.0.0.1/1',
    '172.17.0.1/16',
  ],
  ...[
    'fd00::1/64',
    'fd00::/64',
    '::1/128',
    '::ffff:192.168.1.5/120',
    '::ffff:192.168.1.5/24',
    '::ffff:192.168.1.5/96',
    'fe80::1/64',
  ],
  ...[
    'ff02::1/64',
    'fd00::1/127',
    'fd00::1%eth0/64',
    '::/0',
    'foo',
    '192.168.1.5/24/24',
    '192.168.1.5/٢٤',
    '192.168.1.5/24\u0000',
    '/24',
  ],
];
const subnets6 = [
  ...[
    '2001:db8::/64',
    '2001:db8:1::/80',
    '2001:db8::/48',
    '2001:db8::/32',
    'fd00::/7',
    '2000::/3',
    '2001:db8::/127',
    '2001:db8::/128',
  ],
  ...[
    '2001:db8::/65',
    '2001:db8::/63',
    '2001:db8::5/64',
    '::/64',
    '::/1',
    '::1:0/112',
    'ff00::/8',
    'fe80::/64',
    'fe80::/10',
    'fe80::/80',
  ],
  ...[
    'fe81::/64',
    'fec0::/10',
    '::ffff:0:0/96',
    '2001:DB8::/64',
    '2001:db8::/064',
    '2001:db8:::/64',
    '2001:db8::/129',
    '::1.2.3.4/120',
  ],
];
const gateways = [
  ...[
    '192.168.1.1',
    '192.168.1.5',
    '192.168.1.254',
    '192.168.1.0',
    '192.168.1.255',
    '192.168.2.1',
    '172.17.0.1',
    '172.17.0.254',
  ],
  ...[
    '172.17.255.255',
    '172.17.0.0',
    '',
    'foo',
    '::1',
    '::ffff:192.168.1.254',
    '192.168.1.254/24',
    '0.0.0.0',
    '127.0.0.1',
    '192.168.001.1',
  ],
];
const gateways6 = [
  ...[
    '2001:db8::1',
    '2001:db8::2',
    '2001:db8::',
    '2001:db8::ffff:ffff:ffff:ffff',
    '2001:db8:1::1',
    'fe80::1',
    '10.0.0.1',
    '',
    'foo',
  ],
  ...['2001:db8:abcd::89', '2001:DB8::5', '2001:db8::5%eth0', '[2001:db8::5]'],
];
const mtus = [
  ...[
    '67',
    '68',
    '1',
    '1279',
    '1280',
    '1500',
    '65535',
    '65536',
    '-1',
    '0',
    '1e3',
    '1500.0',
    '2147483648',
    '4294967296',
    '4294967363',
  ],
  ...['4294968796', '9223372036854775807', '9223372036854775808', '-0', '01500', '0x5dc', '"1500"', 'NaN', '+1500'],
];

function defaultBridge(): BootCase[] {
  const bips = [
    '192.168.1.5/24',
    '192.168.1.5/25',
    '192.168.1.200/24',
    '192.168.1.5/32',
    '192.168.1.4/31',
    '192.168.1.5/30',
    'fd00::1/64',
    '',
  ];
  const ranges = [
    ...[
      '192.168.1.0/25',
      '192.168.1.128/25',
      '192.168.1.0/24',
      '192.168.0.0/16',
      '192.168.1.5/32',
      '10.20.0.0/16',
      '0.0.0.0/0',
    ],
    ...['fd00::/64', '192.168.1.77/26', '', 'foo'],
  ];
  return [
    ...each('bip', subnets),
    ...each('fixed-cidr', subnets),
    ...each('fixed-cidr-v6', subnets),
    ...[...subnets6, ...subnets.slice(0, 3)].map((subnet) => file({ ipv6: true, 'fixed-cidr-v6': subnet })),
    ...cross(bips, ranges).map(([bip, range]) => file({ bip, 'fixed-cidr': range })),
    ...each('default-gateway', gateways),
    ...cross(bips.slice(0, 6), gateways).map(([bip, gateway]) => file({ bip, 'default-gateway': gateway })),
    ...gateways.map((gateway) => file({ 'fixed-cidr': '192.168.1.0/24', 'default-gateway': gateway })),
    ...gateways.map((gateway) =>
      file({ bip: '192.168.1.5/24', 'fixed-cidr': '10.20.0.0/16', 'default-gateway': gateway }),
    ),
    ...each('default-gateway-v6', gateways6),
    ...cross(['2001:db8::/64', '2001:db8::/127', '2001:db8::/48', 'fe80::/64'], gateways6).map(([subnet, gateway]) =>
      file({ ipv6: true, 'fixed-cidr-v6': subnet, 'default-gateway-v6': gateway }),
    ),
    ...mtus.map((mtu) => ({ file: `{"mtu":${mtu}}` })),
    ...mtus.map((mtu) => ({ file: `{"mtu":${mtu},"ipv6":true,"fixed-cidr-v6":"2001:db8::/64"}` })),
    ...cross(['none', 'None', 'docker0', 'lo', 'br0', '', 'averyveryverylongname', 'none '], bridgeMates).map(
      ([bridge, mate]) => file({ bridge, ...mate }),
    ),
    ...cross(addressPools, [{}, { bip: '192.168.1.5/24' }, { 'fixed-cidr': '192.168.1.0/24' }]).map(([pools, mate]) =>
      file({ 'default-address-pools': pools, ...mate }),
    ),
    ...cross(['fd00::1/64', 'fd00::5/48', '::1/64', '::ffff:10.0.0.1/120'], withIpv6Bridge).map(([bip, mate]) =>
      file({ bip, ...mate }),
    ),
  ];
}

const bridgeMates: Config[] = [
  {},
  { bip: '10.1.0.1/24' },
  { bip: '' },
  { 'fixed-cidr': '10.1.0.0/24' },
  { mtu: 1400, ipv6: true },
  { bip: 'foo' },
  { 'fixed-cidr-v6': 'foo' },
  { 'default-address-pools': [{ base: 'x', size: 1 }] },
  { iptables: false, icc: false },
];

const addressPools: unknown[] = [
  ...['16', '24', '32', '33', '8', '15', '0', '-1'].map((size) => [{ base: '10.10.0.0/16', size: Number(size) }]),
  [{ base: '10.10.0.0/16' }],
  [{ size: 24 }],
  [{}],
  [null],
  [],
  [{ base: 'foo', size: 24 }],
  [{ base: '10.10.5.5/16', size: 24 }],
  [{ base: 'fd00::/48', size: 64 }],
  [
    { base: 'fd00::/56', size: 64 },
    { base: '10.10.0.0/16', size: 24 },
  ],
  [{ base: '10.10.0.0/16', size: '24' }],
  [{ base: 1, size: 24 }],
  [{ Base: '10.10.0.0/16', SIZE: 24, extra: 1 }],
  [{ base: '0.0.0.0/0', size: 8 }],
  [{ base: '127.0.0.0/8', size: 16 }],
  [{ base: '127.0.0.0/8', size: 8 }],
  [{ base: 'fd00::/64', size: 129 }],
  [{ base: '::ffff:10.10.0.0/112', size: 120 }],
  [{ base: '10.10.0.5/32', size: 32 }],
  ['10.10.0.0/16'],
  [[]],
];

const withIpv6Bridge: Config[] = [
  { iptables: false },
  { 'ip-masq': false },
  { ipv6: true, 'fixed-cidr-v6': 'fd00::/64', iptables: false },
  { ipv6: true, 'fixed-cidr-v6': '2001:db8::/64', iptables: false },
  { iptables: false, 'fixed-cidr': '10.0.0.0/8' },
  { iptables: false, mtu: 1200 },
];

const oldBridges = [
  ['172.17.0.1/16'],
  ['192.168.1.9/24'],
  ['10.20.0.1/16', '192.168.1.9/24'],
  [],
  ['172.17.0.0/16'],
  ['192.168.1.9/32'],
  ['192.168.1.255/24'],
  ['fd00::1/64'],
  ['2001:db8::77/128', '172.17.0.1/16'],
  ['192.168.1.9/24', '192.168.1.10/24'],
  ['192.168.1.9/25', '192.168.1.200/24'],
  ['127.0.0.9/8'],
  ['192.168.1.8/31'],
  ['10.224.0.1/8'],
  ['192.168.1.5/16'],
];
const beforeOldBridges: Config[] = [
  {},
  { bip: '192.168.1.5/24' },
  { bip: '192.168.1.9/24' },
  { bip: '192.168.1.200/24' },
  { 'fixed-cidr': '10.20.0.0/16' },
  { 'fixed-cidr': '192.168.1.128/25' },
  { 'fixed-cidr': 'foo' },
  { 'fixed-cidr': 'fd00::/64' },
  { 'default-gateway': '192.168.1.1' },
  { 'default-gateway': '172.17.0.254' },
  { mtu: 1400 },
  { ipv6: true, 'fixed-cidr-v6': '2001:db8::/64' },
  { ipv6: true, 'fixed-cidr-v6': 'fd00::/80' },
  { ipv6: true, 'fixed-cidr-v6': '2001:db8::/64', 'default-gateway-v6': '2001:db8::77' },
  { bridge: 'none' },
  { bridge: 'docker0', bip: '10.1.0.1/24' },
  { 'default-address-pools': [{ base: '10.99.0.0/16', size: 24 }] },
  { bip: 'fd00::1/64' },
  { bip: '192.168.1.5/24', 'default-gateway': '192.168.1.9' },
];

function onOldBridges(): BootCase[] {
  return cross(oldBridges, beforeOldBridges).map(([docker0, config]) => file(config, { docker0 }));
}

/** What JSON is to Go, and what it is not. */
const texts = [
  ...[
    '',
    '   ',
    '{}',
    'null',
    '[]',
    '"x"',
    '1',
    'true',
    '{',
    '}',
    '{"a":1,',
    '{"mtu":1500,}',
    '{,}',
    '{"mtu" 1500}',
    '{"mtu":1500 "icc":true}',
  ],
  ...[
    '{"mtu":1500}}',
    '{"mtu":1500} x',
    '{"mtu":1500}{}',
    '{mtu:1500}',
    "{'mtu':1500}",
    '{"mtu":1500 // x\n}',
    '/* c */{"mtu":1500}',
  ],
  ...[
    '# c\n{"mtu":1500}',
    '{"dns":["10.0.0.1",]}',
    '{"dns":["10.0.0.1" "10.0.0.2"]}',
    '{"dns":["10.0.0.1"}',
    '{"bip":"a\nb"}',
    '{"bip":"\\x"}',
  ],
  ...[
    '{"bip":"\\u12g4"}',
    '{"bip":"unterminated}',
    '{"b\\u0069p":"192.168.1.5/24"}',
    '{"icc":tru}',
    '{"icc":True}',
    '{"icc":fal',
    '{"icc":nil}',
  ],
  ...[
    '{"mtu":-}',
    '{"mtu":1.}',
    '{"mtu":1e+}',
    '{"mtu":.5}',
    '{"mtu":01}',
    '{"mtu":1a}',
    '{"":1}',
    '{"":{}}',
    '{"a":{}}',
    '{"a":{"mtu":1400}}',
  ],
  ...[
    '{"a":{"iptables":false}}',
    '{"a":{"iptables":"F","icc":0}}',
    '{"a":{"b":{"c":1}}}',
    '{"a":{"nosuch":1}}',
    '{"a":[{"b":1}]}',
    '{"BIP":{}}',
  ],
  ...[
    '{"Proxies":{"http-proxy":"http://x:1"}}',
    '{"proxies":{"http-proxy":1}}',
    '{"http-proxy":"http://x:1"}',
    '{"LOG-OPTS":{"mtu":"5"}}',
  ],
  ...[
    '{"mtu":1400,"mtu":1300}',
    '{"mtu":"x","mtu":1300}',
    '{"nosuch":1,"nosuch":{}}',
    '{"mtu":1400,"mtu":null}',
    '{"iptables":false,"iptables":null}',
  ],
  ...[
    '{"log-opts":{"nosuch":"1"},"log-opts":{"max-size":"1m"}}',
    '{"log-opts":{"nosuch":"1"},"log-opts":null}',
    '\ufeff{}',
    '\ufeff\ufeff{}',
  ],
  ...[
    '{"default-address-pools":[{"base":"10.0.0.0/8","size":24}],"default-address-pools":[{"base":"10.1.0.0/16"}]}',
    '\u00a0{}',
    '{}\u2028',
  ],
  ...[
    '\u0085{}',
    '{\u00a0}',
    '\u200b{}',
    '{"labels":["\\ud800"]}',
    '{}\0',
    '{"a":1e999}',
    '{"a":{"mtu":1e999}}',
    '{"mtu":"x","dns":["y"]}',
  ],
  ...[
    `{"features":${'['.repeat(10_001)}${']'.repeat(10_001)}}`,
    '{"a":{"tlsverify":false}}',
    '{"a":{"validate":true}}',
    '{"validate":true}',
  ],
  ...[
    '{"default-shm-size":"x","mtu":"y"}',
    '{"runtimes":{"a":{"path":"/x"}},"runtimes":{"b":{}}}',
    'bip: 192.168.1.5/24',
    lectureExample,
  ],
];
const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le');
const bytes = [
  utf16('{"mtu":1400}'),
  utf16('{"mtu":1400}').swap16(),
  Buffer.from('{"mtu":1400}', 'utf16le'),
  Buffer.concat([utf16('{"mtu":1400}'), Buffer.from(' ')]),
  Buffer.from([0xff, 0xfe]),
  Buffer.from([0x7b, 0xff, 0x7d]),
  Buffer.from('{"labels":["a=é"]}', 'latin1'),
  Buffer.concat([Buffer.from('\ufeff'), Buffer.from('{"labels":["a=é"]}', 'latin1')]),
  Buffer.from([0x7b, 0x7d, 0xc3]),
];

function brokenFiles(): BootCase[] {
  return [...texts, ...bytes].map((content) => ({ file: content }));
}

const listenLists = [
  ...[
    'unix:///run/x.sock',
    'unix:/run/x.sock',
    'unix://x.sock',
    'unix:///etc/',
    'unix:///nosuch/x.sock',
    'unix://@abstract',
    'unix://unix:///x',
  ],
  ...[
    'tcp://127.0.0.1',
    'tcp://',
    ':2375',
    'localhost:2375',
    'tcp://nosuchhost.invalid:2375',
    'tcp://127.0.0.1:0',
    'tcp://127.0.0.1:65536',
  ],
  ...[
    'tcp://127.0.0.1:-1',
    'tcp://127.0.0.1:abc',
    'tcp://127.0.0.1:2375/',
    'tcp://127.0.0.1:2375?x=1',
    'tcp://user:pw@127.0.0.1:2375',
  ],
  ...[
    'tcp://[::1]:2375',
    'tcp://::1:2375',
    'tcp://[::1%lo]:2375',
    'tcp://[::1%25lo]:2375',
    'tcp://10.9.9.9:2375',
    'tcp://[fe80::1]:2375',
  ],
  ...[
    'http://127.0.0.1:2375',
    'ssh://root@x',
    'npipe://',
    'fd://',
    'fd://3',
    'tcp',
    'foo://bar',
    'UNIX:///var/run/docker.sock',
    '://x',
  ],
  ...[
    'tcp://a b:2375',
    'tcp://127.0.0.1:02375',
    'tcp://127.1:2375',
    'tcp://%31:2375',
    `unix:///${'x'.repeat(120)}`,
    ' tcp://127.0.0.1:2375 ',
  ],
].map((entry) => [entry]);
const listenPairs = [
  ['tcp://127.0.0.1:2375', 'tcp://127.0.0.1:2375'],
  ['tcp://127.0.0.1:2375', 'tcp://localhost:2375'],
  ['tcp://127.0.0.1:2375', 'tcp://127.0.0.2:2375'],
  ['tcp://127.0.0.1:2375', 'tcp://0.0.0.0:2375'],
  ['tcp://0.0.0.0:2375', 'tcp://[::1]:2375'],
  ['tcp://[::ffff:127.0.0.1]:2375', 'tcp://127.0.0.1:2375'],
  ['tcp://[::1]:2375', 'tcp://127.0.0.1:2375'],
];

function listening(): BootCase[] {
  // The socket beside it is where we ask; `tls` is said, because what is open to the network waits 16 s otherwise.
  return [
    ...[...listenLists, ...listenPairs].map((hosts) =>
      file({ hosts: [...hosts, 'unix:///var/run/docker.sock'], tls: false }),
    ),
    ...each('hosts', [[], [''], ['', 'unix://'], ['unix:///var/run/docker.sock', 'unix:///run/docker.sock']]),
    file({ hosts: ['tcp://127.0.0.1:2375'] }, { ask: 'tcp://127.0.0.1:2375' }),
    file({ hosts: ['tcp://172.17.0.1:2375', 'unix://'], tls: false }, { docker0: ['172.17.0.1/16'] }),
    ...[
      { tls: true },
      { tlsverify: false },
      { tls: false, tlsverify: false },
      { tls: null },
      { tlscert: '/nosuch.pem' },
    ].map((config) => file(config)),
    file({ tls: true, tlscacert: '/nosuch.pem', tlscert: '/nosuch.pem', tlskey: '/nosuch.pem' }),
  ];
}

function otherKeys(): BootCase[] {
  return [
    ...each('dns', [
      ['10.0.0.1', '8.8.8.8'],
      ['2001:db8::53'],
      ['fe80::1%eth0'],
      ['dns.google'],
      ['10.0.0.1:53'],
      ['010.0.0.1'],
      [''],
      [' 10.0.0.1'],
    ]),
    ...each('dns-search', [
      ['example.com'],
      ['.'],
      [' . '],
      ['a b'],
      ['-x'],
      ['1.2.3.4'],
      ['a.'],
      ['foo_bar'],
      ['é.com'],
      ['a..b'],
      [`${'a.'.repeat(127)}ab`],
    ]),
    ...each('labels', [['a=b'], ['a'], ['=b'], ['a=b', 'a=c'], ['COM.docker.x=1'], ['com.dockerx=1'], ['a=b=c']]),
    ...each('log-level', ['panic', 'warning', 'INFO', ' info', 'trace']),
    ...each('log-format', ['json', 'TEXT', 'logfmt']),
    ...each('storage-driver', ['vfs', 'btrfs', 'zfs', 'fuse-overlayfs', 'overlay', 'aufs', 'devicemapper', 'OVERLAY2']),
    ...cross(
      ['', 'overlay2', 'vfs'],
      ['overlay2.size=0', 'OVERLAY2.SIZE=0', 'size=10G', 'size=0', 'foo', '', 'overlay2.size=foo', 'dm.basesize=1G'],
    ).map(([driver, option]) => file({ ...(driver !== '' && { 'storage-driver': driver }), 'storage-opts': [option] })),
    ...each('exec-opts', [
      ['native.cgroupdriver=foo'],
      ['native.cgroupdriver=none'],
      ['NATIVE.CGROUPDRIVER=foo'],
      ['foo'],
      ['native.cgroupdriver='],
    ]),
    ...['foo', 'foo.slice', '.slice', 'a.slice'].map((parent) =>
      file({ 'cgroup-parent': parent, 'exec-opts': ['native.cgroupdriver=systemd'] }),
    ),
    ...each('insecure-registries', [
      ['foo:5000'],
      ['10.0.0.0/8'],
      ['http://foo:5000'],
      ['ftp://foo'],
      ['-foo'],
      ['foo:99999'],
      ['foo:abc'],
      ['[::1]:5000'],
      ['::1'],
      ['foo_bar:5000'],
      ['*.foo.com'],
      ['http://'],
    ]),
    ...each('registry-mirrors', [
      ['https://m.example'],
      ['m.example'],
      ['ftp://m'],
      ['https://u:p@m'],
      ['https://m?x=1'],
      ['https://m#f'],
      ['https://'],
      ['https://m:port'],
      ['10.0.0.1:5000'],
      ['https://m/%zz'],
      ['https://m?'],
    ]),
    ...each('default-shm-size', ['64M', '0', '-1', '64MiB', '1.5g', '1 g', ' 64m', '1e3', '.5g', '5.', '+5m', '1,5g']),
    ...each('default-runtime', ['io.containerd.runc.v2', 'nvidia', '/usr/bin/runc', 'RUNC', 'a.b', '..', '.', 'a..b']),
    ...cross(runtimes, [{}, { 'default-runtime': 'foo' }]).map(([runtime, mate]) =>
      file({ runtimes: runtime, ...mate }),
    ),
    ...each('features', [
      { buildkit: true },
      { cdi: true },
      { 'containerd-snapshotter': true },
      { buildkit: 'true' },
      { 'windows-dns-proxy': false },
    ]),
    ...each('builder', builders),
    ...each('seccomp-profile', ['unconfined', '/nosuch.json', '/etc', 'default']),
    ...each('default-ipc-mode', ['shareable', 'host', 'container:x', 'foo']),
    ...each('default-cgroupns-mode', ['private', 'foo']),
    ...each('userland-proxy-path', ['/nosuch', 'docker-proxy', '/etc', '/etc/passwd']),
    file({ 'userland-proxy': false, 'userland-proxy-path': '/nosuch' }),
    ...each('group', ['root', 'nosuch', '99999', '-1', '1.5']),
    ...each('userns-remap', [
      'default',
      'root',
      'nobody',
      'nosuch',
      '0:0',
      '99999',
      'a:b:c',
      'root:nosuch',
      ':',
      '-1',
      'daemon',
    ]),
    ...each('data-root', ['/run/d/', '/run/a/b/c', 'rel', '/etc/passwd', '/proc', '/etc/passwd/x', '/run/a b']),
    ...each('exec-root', ['/run/x', '/etc/passwd', 'rel']),
    ...each('pidfile', ['/run/a/b/p.pid', '/etc', 'rel.pid', '/etc/passwd/x']),
    ...each('metrics-addr', [
      '127.0.0.1:9323',
      '127.0.0.1',
      '127.0.0.1:99999',
      '10.9.9.9:9323',
      '127.0.0.1:abc',
      'tcp://127.0.0.1:9323',
      '127.0.0.1:-1',
      ':9323',
    ]),
    ...each('node-generic-resources', [['gpu=a', 'gpu=b'], ['gpu=-1'], ['gpu=1', 'gpu=a'], ['gpu=a=b'], ['gpu=1.5']]),
    ...each('swarm-raft-election-tick', [10, {}]),
    ...each('containerd-namespace', ['plugins.moby', 'a b']),
    ...cross(Object.entries(logOptions), Object.values(logOptions).flat()).flatMap(([[driver, own], options]) =>
      own.includes(options) || Object.keys(options).some((name) => ['mode', 'max-size', 'tag'].includes(name))
        ? [file({ 'log-driver': driver, 'log-opts': options })]
        : [],
    ),
    file({ 'log-driver': 'nosuch' }),
    ...cross(switches, switches)
      .filter(([one, other]) => one < other)
      .flatMap(([one, other]) => [
        file({ [one]: false, [other]: true }),
        file({ [one]: true, [other]: false }),
        file({ [one]: false, [other]: false }),
      ]),
  ];
}

const switches = [
  'icc',
  'iptables',
  'ip6tables',
  'ip-masq',
  'ip-forward',
  'userland-proxy',
  'experimental',
  'live-restore',
  'ipv6',
];

const runtimes: Config[] = [
  { foo: { path: '/usr/bin/foo' } },
  { foo: {} },
  { foo: null },
  { runc: { path: '/x' } },
  { foo: { path: 'foo', runtimeArgs: ['--x'] } },
  { foo: { path: 'x', runtimeType: 'y' } },
  { foo: { runtimeType: 'y', runtimeArgs: ['x'] } },
  { foo: { path: 'x', options: { a: 1 } } },
  { foo: { runtimeType: 'io.containerd.runc.v2', options: { SystemdCgroup: true } } },
  { foo: { path: 1 } },
  { foo: { Path: 'x', nosuch: 1 } },
];

const builders: unknown[] = [
  { gc: { enabled: true, defaultKeepStorage: '10GB' } },
  { gc: { enabled: true, defaultKeepStorage: 'foo' } },
  { gc: { defaultKeepStorage: 'foo' } },
  { gc: { enabled: true, policy: [{ all: true, keepStorage: '1GB' }] } },
  { gc: { enabled: true, policy: [{ keepStorage: 'foo' }] } },
  { gc: { enabled: true, policy: [{ keepStorage: '1GB', filter: ['unused-for=2200h'] }] } },
  { gc: { enabled: true, policy: [{ keepStorage: '1GB', filter: ['unused-for=x'] }] } },
  { gc: { enabled: true, policy: [{ keepStorage: '1GB', filter: ['unused-for=1h', 'until=2h'] }] } },
  { gc: { enabled: true, policy: [{ filter: 'x' }] } },
  { entitlements: { 'network-host': 'x' } },
  { history: { maxAge: '1.5' } },
  { history: { maxAge: 3600 } },
  { nosuch: 1 },
];

const logOptions: Readonly<Record<string, Config[]>> = {
  'json-file': [
    { 'max-size': '10m' },
    { mode: 'foo' },
    { mode: 'non-blocking', 'max-buffer-size': '4m' },
    { 'max-buffer-size': '4m' },
    { tag: '{{.' },
    { nosuch: '1' },
  ],
  local: [{ compress: 'foo' }, { labels: 'a' }, { 'cache-disabled': 'foo' }, { 'cache-nosuch': '1' }],
  syslog: [
    { 'syslog-address': 'udp://127.0.0.1:514' },
    { 'syslog-address': 'http://x:1' },
    { 'syslog-facility': '24' },
    { 'syslog-format': 'foo' },
  ],
  journald: [{ tag: 'a' }],
  gelf: [
    { 'gelf-address': 'udp://127.0.0.1:1' },
    { 'gelf-address': 'udp://x' },
    { 'gelf-address': 'tcp://x:1', 'gelf-compression-type': 'gzip' },
  ],
  fluentd: [
    { 'fluentd-address': 'tcp://x:1/p' },
    { 'fluentd-async': 'foo' },
    { 'fluentd-retry-wait': '1' },
    { 'fluentd-max-retries': '-1' },
  ],
  awslogs: [{ 'awslogs-group': 'g' }, { 'awslogs-group': '' }, { 'awslogs-group': 'g', 'awslogs-format': 'foo' }],
  splunk: [{ 'splunk-url': 'foo' }],
  gcplogs: [{ 'gcp-project': 'x' }],
  none: [{ anything: 'x' }],
};

/** Two of these together, on a fresh host, and the first ones on an old docker0. */
const mates: Config[] = [
  { bip: '192.168.1.5/24' },
  { 'fixed-cidr': '192.168.1.0/25' },
  { 'default-gateway': '192.168.1.254' },
  { mtu: 1400 },
  { ipv6: true },
  { 'fixed-cidr-v6': '2001:db8::/64' },
  { 'default-gateway-v6': '2001:db8::89' },
  { icc: false },
  { iptables: false },
  { 'ip-masq': false },
  { bridge: 'none' },
  { bridge: 'docker0' },
  { 'default-address-pools': [{ base: '10.10.0.0/16', size: 24 }] },
  { 'live-restore': true },
  { ip6tables: true },
  { experimental: true },
  { 'log-driver': 'local' },
  { 'containerd-namespace': 'plugins.moby' },
  { 'exec-opts': ['native.cgroupdriver=foo'] },
  { nosuch: 1 },
  { mtu: 'x' },
  { labels: ['a'] },
  { hosts: ['foo://'] },
  { 'default-runtime': 'nosuch' },
  { 'registry-mirrors': ['x'] },
  { 'storage-driver': 'nosuch' },
  { 'seccomp-profile': '/nosuch' },
  { 'log-opts': { nosuch: '1' } },
  { 'metrics-addr': 'x' },
  { group: 'nosuch' },
  { runtimes: { x: {} } },
];

function pairs(): BootCase[] {
  const two = mates.flatMap((one, i) => mates.slice(i + 1).map((other) => ({ ...one, ...other })));
  const onOld = mates.slice(0, 13).flatMap((one, i) => mates.slice(i + 1, 14).map((other) => ({ ...one, ...other })));
  return [...two.map((config) => file(config)), ...onOld.map((config) => file(config, { docker0: ['172.17.0.1/16'] }))];
}

/** All of them, each once. */
export function wholeCorpus(): BootCase[] {
  const cases = [
    ...brokenFiles(),
    ...defaultBridge(),
    ...onOldBridges(),
    ...listening(),
    ...otherKeys(),
    ...pairs(),
    ...everyKey(),
  ];
  return [...new Map(cases.map((one) => [describeCase(one), one])).values()];
}

/** A few of each sort, the lecture's example among them. */
export function smallCorpus(): BootCase[] {
  const sorts: [readonly BootCase[], number][] = [
    [brokenFiles(), 5],
    [defaultBridge(), 9],
    [onOldBridges(), 5],
    [listening(), 3],
    [otherKeys(), 3],
    [pairs(), 3],
  ];
  return [
    { file: lectureExample },
    ...sorts.flatMap(([cases, count]) =>
      Array.from({ length: count }, (_, i) => cases[Math.floor(((i + 0.5) * cases.length) / count)] ?? { file: '' }),
    ),
  ];
}

/** A name for a case: the file, and what is there. */
export function describeCase({ file: content, docker0 }: BootCase): string {
  const text = typeof content === 'string' ? content : `bytes ${Buffer.from(content).toString('hex')}`;
  return docker0 === undefined ? text : `${text} on docker0 ${JSON.stringify(docker0)}`;
}

/** Mostly what can be, so that what cannot is met alone. */
const mostly = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 6, arbitrary: usual }, { weight: 1, arbitrary: odd });
const near4 = fc
  .tuple(fc.constantFrom('192.168.1', '192.168.1', '192.168.1', '172.17.0'), fc.integer({ min: 0, max: 255 }))
  .map(([net, host]) => `${net}.${host}`);
const address4 = mostly(near4, fc.ipV4());
const address6 = mostly(fc.constantFrom('2001:db8::', '2001:db8::1', '2001:db8::7', '2001:db8:0:1::5'), fc.ipV6());
const prefixed = (address: fc.Arbitrary<string>, prefix: fc.Arbitrary<number>) =>
  fc.tuple(address, prefix).map(([base, bits]) => `${base}/${bits}`);
const subnet4 = prefixed(address4, mostly(fc.constantFrom(23, 24, 24, 25), fc.integer({ min: 0, max: 33 })));
const subnet6 = prefixed(address6, mostly(fc.constantFrom(48, 64, 80), fc.integer({ min: 0, max: 129 })));
const usually = (value: boolean) => mostly(fc.constant(value), fc.constant(!value));
const randomConfig = fc.record(
  {
    bip: mostly(subnet4, subnet6),
    'fixed-cidr': mostly(subnet4, subnet6),
    'default-gateway': mostly(address4, address6),
    ipv6: fc.boolean(),
    'fixed-cidr-v6': subnet6,
    'default-gateway-v6': address6,
    mtu: mostly(fc.integer({ min: 1_270, max: 9_000 }), fc.integer({ min: -2, max: 70_000 })),
    icc: usually(true),
    iptables: usually(true),
    'ip-masq': fc.boolean(),
    'userland-proxy': fc.boolean(),
    'default-address-pools': fc.array(
      fc.record({
        base: prefixed(near4, fc.constantFrom(16, 20)),
        size: mostly(fc.constant(24), fc.integer({ min: 14, max: 33 })),
      }),
      { maxLength: 2 },
    ),
    dns: fc.array(fc.oneof(address4, address6), { maxLength: 2 }),
  },
  { requiredKeys: [] },
);

/** A random file about docker0; every third one meets an old docker0 of one address. */
export const randomCase: fc.Arbitrary<BootCase> = fc
  .tuple(
    randomConfig,
    fc.oneof(
      { weight: 2, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.tuple(address4, fc.integer({ min: 8, max: 30 })) },
    ),
  )
  .map(([config, old]) => (old === undefined ? file(config) : file(config, { docker0: [`${old[0]}/${old[1]}`] })));

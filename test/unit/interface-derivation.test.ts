// Interfaces derived from what the engine did: what fits together is shown as the program prints it, and whatever does not fit is not guessed. The texts
// are copied from a real run with two networks.
import assert from 'node:assert/strict';
import test from 'node:test';
import { formatIpv4, maskText, prefixOfMask, readIpv4 } from '../../src/domain/observation/address.ts';
import { parseLocalAddresses } from '../../src/domain/observation/fib-trie.ts';
import { parseIfInet6 } from '../../src/domain/observation/if-inet6.ts';
import { renderIfconfig } from '../../src/domain/observation/ifconfig-text.ts';
import { deriveInterfaces, withCounters } from '../../src/domain/observation/interface-derivation.ts';
import { parseNetDev } from '../../src/domain/observation/net-dev.ts';
import { canChangeInterfaces, describeWiring } from '../../src/domain/observation/wiring.ts';
import { containerFacts, endpointFacts } from '../support/container-facts.ts';
import fc from '../support/fast-check.ts';

const dev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
  eth0:     254       3    1    2    3     4          0         0  1048575       0    5    6    7     9       8          0
  eth1:      90       1    0    0    0     0          0         0     1536       0    0    0    0     0       0          0
`;
const evidence = {
  if_inet6:
    '00000000000000000000000000000001 01 80 10 80       lo\nfe80000000000000004200fffe110002 07 40 20 80     eth1\n',
  route: `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT
eth1	00000000	010011AC	0003	0	0	0	00000000	0	0	0
eth1	000011AC	00000000	0001	0	0	0	0000FFFF	0	0	0
eth0	000012AC	00000000	0001	0	0	0	0000FFFF	0	0	0
`,
  fib_trie: `Main:
  +-- 0.0.0.0/0 3 0 5
     +-- 127.0.0.0/31 1 0 0
        |-- 127.0.0.0
           /8 host LOCAL
        |-- 127.0.0.1
           /32 host LOCAL
     |-- 127.255.255.255
        /32 link BROADCAST
     |-- 172.17.0.2
        /32 host LOCAL
     |-- 172.18.0.2
        /32 host LOCAL
`,
};
const bridge = { ipv4: '172.17.0.2', prefix: 16, mac: '02:42:ac:11:00:02', mtu: 1500 };
const other = { ipv4: '172.18.0.2', prefix: 16, mac: '02:42:ac:12:00:02', mtu: 1400 };
const names = ['lo', 'eth0', 'eth1'];

test('devices are told apart by their routes, and printed as the program does', () => {
  const designs = deriveInterfaces(names, [bridge, other], evidence) ?? assert.fail();
  const text = renderIfconfig(withCounters(designs, parseNetDev(dev)), { onlyUp: true });
  assert.equal(
    text,
    `eth0      Link encap:Ethernet  HWaddr 02:42:AC:12:00:02  
          inet addr:172.18.0.2  Bcast:172.18.255.255  Mask:255.255.0.0
          UP BROADCAST RUNNING MULTICAST  MTU:1400  Metric:1
          RX packets:3 errors:1 dropped:2 overruns:3 frame:4
          TX packets:0 errors:5 dropped:6 overruns:7 carrier:8
          collisions:9 txqueuelen:0 
          RX bytes:254 (254.0 B)  TX bytes:1048575 (1023.9 KiB)

eth1      Link encap:Ethernet  HWaddr 02:42:AC:11:00:02  
          inet addr:172.17.0.2  Bcast:172.17.255.255  Mask:255.255.0.0
          inet6 addr: fe80::42:ff:fe11:2/64 Scope:Link
          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1
          RX packets:1 errors:0 dropped:0 overruns:0 frame:0
          TX packets:0 errors:0 dropped:0 overruns:0 carrier:0
          collisions:0 txqueuelen:0 
          RX bytes:90 (90.0 B)  TX bytes:1536 (1.5 KiB)

lo        Link encap:Local Loopback  
          inet addr:127.0.0.1  Mask:255.0.0.0
          inet6 addr: ::1/128 Scope:Host
          UP LOOPBACK RUNNING  MTU:65536  Metric:1
          RX packets:0 errors:0 dropped:0 overruns:0 frame:0
          TX packets:0 errors:0 dropped:0 overruns:0 carrier:0
          collisions:0 txqueuelen:1000 
          RX bytes:0 (0.0 B)  TX bytes:0 (0.0 B)

`,
  );
});

test('nothing is derived where the engine and the kernel do not tell of the same', () => {
  const refused = {
    'a device more': deriveInterfaces([...names, 'eth2'], [bridge, other], evidence),
    'a device less': deriveInterfaces(['lo', 'eth0'], [bridge, other], evidence),
    'no loopback': deriveInterfaces(['eth0', 'eth1'], [bridge, other], evidence),
    'an address that nobody told of': deriveInterfaces(names, [bridge, other], {
      ...evidence,
      fib_trie: `${evidence.fib_trie}     |-- 10.9.9.7\n        /32 host LOCAL\n`,
    }),
    'an address that is not there': deriveInterfaces(names, [bridge, other], {
      ...evidence,
      fib_trie: evidence.fib_trie.replace('172.18.0.2', '172.18.0.3'),
    }),
    'no route': deriveInterfaces(names, [bridge, { ...other, prefix: 24 }], evidence),
    'two routes': deriveInterfaces(names, [bridge, other], {
      ...evidence,
      route: `${evidence.route}eth1	000012AC	00000000	0001	0	0	0	0000FFFF	0	0	0\n`,
    }),
  };
  for (const [why, designs] of Object.entries(refused)) assert.equal(designs, null, why);
});

test('a device that has come since is left out until its design is known', () => {
  const designs = deriveInterfaces(names, [bridge, other], evidence) ?? assert.fail();
  const counters = parseNetDev(dev).filter(({ name }) => name !== 'eth0');
  assert.deepEqual(
    withCounters(designs, counters).map(({ name }) => name),
    ['eth1', 'lo'],
  );
});

test('who can change interfaces is known by rights, and by the engine’s words', () => {
  assert.equal(canChangeInterfaces(containerFacts('one', {})), false);
  assert.equal(canChangeInterfaces(containerFacts('one', { privileged: true })), true);
  for (const name of ['NET_ADMIN', 'CAP_NET_ADMIN', 'ALL', 'net_admin'])
    assert.equal(canChangeInterfaces(containerFacts('one', { capAdd: [name] })), true, name);
  assert.equal(canChangeInterfaces(containerFacts('one', { capAdd: ['NET_RAW', 'SYS_TIME'] })), false);
});

test('of drivers other than bridge nothing is assumed', () => {
  const endpoint = endpointFacts({ networkId: 'n1', ipv4: '10.1.0.2', prefix: 24, mac: '02:42:0A:01:00:02' });
  const owner = containerFacts('one', { endpoints: [endpoint] });
  const network = (driver: string, options = {}) =>
    ({ id: 'n1', name: 'lab', driver, options }) as unknown as ReturnType<Parameters<typeof describeWiring>[2]>;
  const describe = (driver: string, options = {}) => describeWiring(owner, [owner], () => network(driver, options));
  assert.deepEqual(describe('bridge').devices, [{ ipv4: '10.1.0.2', prefix: 24, mac: '02:42:0a:01:00:02', mtu: 1500 }]);
  assert.equal(describe('bridge', { 'com.docker.network.driver.mtu': '1234' }).devices?.[0]?.mtu, 1234);
  assert.equal(describe('macvlan').devices, null);
  assert.equal(describeWiring(owner, [owner], () => undefined).devices, null, 'a network that is not known yet');
  assert.deepEqual(
    describeWiring(null, [owner], () => undefined),
    { devices: null, isChangeable: true },
  );
  const guest = containerFacts('one', { capAdd: ['NET_ADMIN'] });
  assert.equal(describeWiring(owner, [owner, guest], () => network('bridge')).isChangeable, true, 'by who has joined');
});

test('addresses of its own, and IPv6 addresses by device', () => {
  assert.deepEqual([...parseLocalAddresses(evidence.fib_trie)], ['127.0.0.1', '172.17.0.2', '172.18.0.2']);
  assert.deepEqual(parseIfInet6(evidence.if_inet6).get('lo'), [{ address: '::1', prefix: 128, scope: 'host' }]);
  const scopes = ['00', '10', '20', '40', '80', '50'].map(
    (scope) => parseIfInet6(`${'0'.repeat(31)}2 01 40 ${scope} 80 d`).get('d')?.[0]?.scope,
  );
  assert.deepEqual(scopes, ['global', 'host', 'link', 'site', 'compat', 'unknown']);
});

test('addresses and masks go there and back', () => {
  fc.assert(
    fc.property(fc.ipV4(), fc.integer({ min: 0, max: 32 }), (address, prefix) => {
      assert.equal(formatIpv4(readIpv4(address)), address);
      assert.equal(prefixOfMask(maskText(prefix)), prefix);
    }),
  );
});

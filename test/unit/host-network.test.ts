// What is read of the host's network files, and which processes count as docker-proxies.
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseHostLinks } from '../../src/domain/host-network/host-links.ts';
import { parseHostSettings } from '../../src/domain/host-network/host-settings.ts';
import { parsePortProxies } from '../../src/domain/host-network/port-proxies.ts';

const devices = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       2    0    0    0     0          0         0      100       2    0    0    0     0       0          0
docker0:    700       7    0    1    0     0          0         0      800       8    0    2    0     0       0          0
veth1a2b:   900       9    0    0    0     0          0         0     1000      10    0    3    0     0       0          0
`;

test('links have their bridge, their other end and their counters', () => {
  const listing = 'lo 1 1 0x9\ndocker0 5 5 0x1003\nveth1a2b 7 6 0x1002\ngone 9 9 0x1003\n';
  const links = parseHostLinks(listing, '/sys/class/net/docker0/brif/veth1a2b\n', devices);
  assert.deepEqual(links.slice(1), [
    {
      name: 'docker0',
      index: 5,
      peerIndex: 5,
      master: null,
      up: true,
      rx: { packets: 7, bytes: 700, dropped: 1 },
      tx: { packets: 8, bytes: 800, dropped: 2 },
    },
    {
      name: 'veth1a2b',
      index: 7,
      peerIndex: 6,
      master: 'docker0',
      up: false,
      rx: { packets: 9, bytes: 900, dropped: 0 },
      tx: { packets: 10, bytes: 1000, dropped: 3 },
    },
  ]);
});

test('a host without bridges has an unexpanded pattern, and that is no port', () => {
  const [lo, ...others] = parseHostLinks('lo 1 1 0x9\n', '/sys/class/net/*/brif/*\n', devices);
  assert.equal(lo?.master, null);
  assert.deepEqual(others, []);
});

test('settings: what is not there is off, and what is set for all holds for each', () => {
  const links = ['lo', 'docker0', 'eth0.7'];
  const off = parseHostSettings('', links);
  assert.deepEqual(off.forwarding, { ipv4: false, ipv6: false });
  assert.deepEqual(off.bridgedPacketsMeetRules, { ipv4: false, ipv6: false });
  assert.deepEqual([...off.routeLocalnet], []);
  const some = parseHostSettings(
    'ipv4/ip_forward 1\nbridge/bridge-nf-call-iptables 1\nipv4/conf/eth0.7/route_localnet 1\nipv4/conf/all/route_localnet 0\n',
    links,
  );
  assert.deepEqual(some.forwarding, { ipv4: true, ipv6: false });
  assert.deepEqual(some.bridgedPacketsMeetRules, { ipv4: true, ipv6: false });
  assert.deepEqual([...some.routeLocalnet], ['eth0.7']);
  const all = parseHostSettings('ipv6/conf/all/forwarding 2\nipv4/conf/all/route_localnet 1\n', links);
  assert.equal(all.forwarding.ipv6, true);
  assert.deepEqual([...all.routeLocalnet], links);
});

const command = (...words: string[]) => `${words.join('\0')}\0`;
const proxy = command(
  '/usr/bin/docker-proxy',
  ...['-proto', 'tcp', '-host-ip', '::', '-host-port', '8080', '-container-ip', '172.17.0.2', '-container-port', '80'],
);
const status = ({ uid = 0, pids = '12' } = {}) =>
  `Name:\tdocker-proxy\nUid:\t${[uid, uid, uid, uid].join('\t')}\nNSpid:\t${pids}\nThreads:\t6\n`;
const listing = (cmdline: string, about: string) =>
  `==> /proc/12/cmdline <==\n${cmdline}\n==> /proc/12/status <==\n${about}`;

test('a docker-proxy is known by its arguments', () => {
  assert.deepEqual(parsePortProxies(listing(proxy, status())), [
    { pid: 12, protocol: 'tcp', hostIp: '::', hostPort: 8080, containerIp: '172.17.0.2', containerPort: 80 },
  ]);
});

test('none is a process of a container, of another user, of another program, or one that has ended', () => {
  for (const [what, text] of [
    ['in a container', listing(proxy, status({ pids: '12\t3' }))],
    ['not of root', listing(proxy, status({ uid: 1000 }))],
    ['grep', listing(command('grep', 'docker-proxy'), status())],
    ['without a port', listing(command('docker-proxy', '-proto', 'tcp'), status())],
    ['without a status', `==> /proc/12/cmdline <==\n${proxy}\n`],
    ['nothing', ''],
  ] as const)
    assert.deepEqual(parsePortProxies(text), [], what);
});

// The text of busybox's ifconfig, and the tables that go with it. The texts are copied from a real run, alias, tunnel and DOWN included.
import assert from 'node:assert/strict';
import test from 'node:test';
import { parseArp } from '../../src/domain/observation/arp.ts';
import { parseInterfaces, selectUpInterfaces } from '../../src/domain/observation/interfaces.ts';
import { withRates } from '../../src/domain/observation/rates.ts';
import { parseResolver } from '../../src/domain/observation/resolver.ts';
import { parseIpv4Routes, parseIpv6Routes } from '../../src/domain/observation/routes.ts';

const eth0 = `eth0      Link encap:Ethernet  HWaddr 02:42:AC:11:00:02  
          inet addr:172.17.0.2  Bcast:172.17.255.255  Mask:255.255.0.0
          inet6 addr: fe80::42:acff:fe11:2/64 Scope:Link
          inet6 addr: 2001:db8:1111:2222:3333:4444:5555:6666/64 Scope:Global
          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1
          RX packets:5 errors:1 dropped:2 overruns:3 frame:4
          TX packets:6 errors:5 dropped:6 overruns:7 carrier:8
          collisions:9 txqueuelen:0 
          RX bytes:486 (486.0 B)  TX bytes:5723452345 (5.3 GiB)

`;
const alias = `eth0:1    Link encap:Ethernet  HWaddr 02:42:AC:11:00:02  
          inet addr:10.9.9.7  Bcast:10.9.9.255  Mask:255.255.255.0
          UP BROADCAST RUNNING MULTICAST  MTU:1500  Metric:1

`;
const lo = `lo        Link encap:Local Loopback  
          inet addr:127.0.0.1  Mask:255.0.0.0
          inet6 addr: ::1/128 Scope:Host
          UP LOOPBACK RUNNING  MTU:65536  Metric:1
          RX packets:9 errors:0 dropped:0 overruns:0 frame:0
          TX packets:9 errors:0 dropped:0 overruns:0 carrier:0
          collisions:0 txqueuelen:1000 
          RX bytes:668 (668.0 B)  TX bytes:668 (668.0 B)

`;
const down = `tunl0     Link encap:IPIP Tunnel  HWaddr   
          NOARP  MTU:1480  Metric:1
          RX packets:0 errors:0 dropped:0 overruns:0 frame:0
          TX packets:0 errors:0 dropped:0 overruns:0 carrier:0
          collisions:0 txqueuelen:1000 
          RX bytes:0 (0.0 B)  TX bytes:0 (0.0 B)

`;
const tunnel = `tun0      Link encap:UNSPEC  HWaddr 00-00-00-00-00-00-00-00-00-00-00-00-00-00-00-00  
          inet addr:10.8.0.6  P-t-P:10.8.0.5  Mask:255.255.255.255
          UP POINTOPOINT RUNNING NOARP MULTICAST  MTU:1400  Metric:1
          RX packets:1 errors:0 dropped:0 overruns:0 frame:0
          TX packets:1 errors:0 dropped:0 overruns:0 carrier:0
          collisions:0 txqueuelen:500 
          RX bytes:1 (1.0 B)  TX bytes:1 (1.0 B)

`;
/** What /proc/net/dev has of the devices; the numbers are not looked at. */
const devices = (...names: string[]) =>
  `Inter-|   Receive  |  Transmit\n face |bytes  |bytes\n${names.map((name) => `  ${name}: 0 0\n`).join('')}`;
const address4 = '58: eth0    inet 172.17.0.2/16 brd 172.17.255.255 scope global eth0\\ ';

const flagless = down.replace('NOARP  MTU', '[NO FLAGS]   MTU').replace('tunl0', 'nofl0');

test('reads every member of an interface', () => {
  const [one] = parseInterfaces(eth0, address4, devices('eth0'));
  assert.deepEqual(one, {
    name: 'eth0',
    mac: '02:42:ac:11:00:02',
    mtu: 1500,
    flags: ['UP', 'BROADCAST', 'RUNNING', 'MULTICAST'],
    ipv4: [{ address: '172.17.0.2', prefix: 16, broadcast: '172.17.255.255' }],
    ipv6: [
      { address: 'fe80::42:acff:fe11:2', prefix: 64, scope: 'link' },
      { address: '2001:db8:1111:2222:3333:4444:5555:6666', prefix: 64, scope: 'global' },
    ],
    rx: {
      bytes: 486,
      packets: 5,
      errors: 1,
      dropped: 2,
      overruns: 3,
      frame: 4,
      bytesPerSecond: 0,
      packetsPerSecond: 0,
    },
    tx: {
      bytes: 5723452345,
      packets: 6,
      errors: 5,
      dropped: 6,
      overruns: 7,
      carrier: 8,
      collisions: 9,
      bytesPerSecond: 0,
      packetsPerSecond: 0,
    },
    txQueueLength: 0,
  });
});

test('an alias is an address of its interface', () => {
  const listed = `1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
58: eth0    inet 172.17.0.2/16 brd 172.17.255.255 scope global eth0\\       valid_lft forever preferred_lft forever
58: eth0    inet 10.9.8.7/24 scope global eth0\\       valid_lft forever preferred_lft forever
58: eth0    inet 10.9.9.7/24 brd 10.9.9.255 scope global eth0:1\\       valid_lft forever preferred_lft forever
`;
  const complete = parseInterfaces(eth0 + alias + lo, listed, devices('lo', 'eth0'));
  assert.deepEqual(
    complete.map(({ name }) => name),
    ['eth0', 'lo'],
  );
  assert.deepEqual(complete[0]?.ipv4, [
    { address: '172.17.0.2', prefix: 16, broadcast: '172.17.255.255' },
    { address: '10.9.8.7', prefix: 24, broadcast: null },
    { address: '10.9.9.7', prefix: 24, broadcast: '10.9.9.255' },
  ]);
  assert.deepEqual(complete[1]?.ipv4, [{ address: '127.0.0.1', prefix: 8, broadcast: null }]);
});

test('a name of more than nine characters, which the program cuts, is whole', () => {
  const long = (name: string) => eth0.replace('eth0     ', name.slice(0, 9));
  const names = ['veth0a1b2c3', 'veth0a1b2d4', 'veth0'];
  const text = [long('veth0    '), long('veth0a1b2c3'), long('veth0a1b2d4')].join('');
  const found = parseInterfaces(
    text,
    '9: veth0a1b2d4    inet 10.1.1.1/24 scope global veth0a1b2d4\\ ',
    devices(...names),
  );
  assert.deepEqual(
    found.map(({ name }) => name),
    ['veth0', 'veth0a1b2c3', 'veth0a1b2d4'],
  );
  assert.deepEqual(
    found.map(({ ipv4 }) => ipv4.length),
    [0, 0, 1],
  );
  const gone = parseInterfaces(text, '', devices('veth0', 'veth0a1b2d4'));
  assert.deepEqual(
    gone.map(({ name }) => name),
    ['veth0', 'veth0a1b2d4', 'veth0a1b2'],
    'one that went between the two readings',
  );
});

test('what is DOWN, without flags, or a tunnel', () => {
  const peer = '7: tun0    inet 10.8.0.6 peer 10.8.0.5/32 scope global tun0\\ ';
  const [first, second, third] = parseInterfaces(down + flagless + tunnel, peer, devices('tunl0', 'nofl0', 'tun0'));
  assert.deepEqual([first?.name, first?.mac, first?.flags, first?.mtu], ['tunl0', null, ['NOARP'], 1480]);
  assert.deepEqual([second?.name, second?.flags], ['nofl0', []]);
  assert.deepEqual(third?.ipv4, [{ address: '10.8.0.6', prefix: 32, broadcast: null }]);
});

test('without -a only what is UP is printed, byte for byte', () => {
  assert.equal(selectUpInterfaces(down + eth0 + flagless + alias + lo), eth0 + alias + lo);
  assert.equal(selectUpInterfaces(''), '');
  // A name may hold the word.
  const named = down.replace('tunl0', 'UPUP0');
  assert.equal(selectUpInterfaces(named), '');
});

test('rates are differences by time, and 0 where there is nothing to compare', () => {
  const [before] = parseInterfaces(eth0, '', '');
  const [after] = parseInterfaces(
    eth0.replace('RX bytes:486', 'RX bytes:1486').replace('packets:5', 'packets:15'),
    '',
    '',
  );
  assert.ok(before && after);
  const [rated] = withRates([after], [before], 0.5);
  assert.equal(rated?.rx.bytesPerSecond, 2000);
  assert.equal(rated?.rx.packetsPerSecond, 20);
  assert.equal(rated?.tx.bytesPerSecond, 0);
  assert.equal(withRates([after], [], 1)[0]?.rx.bytesPerSecond, 0);
  assert.equal(withRates([before], [after], 1)[0]?.rx.bytesPerSecond, 0, 'a counter that went back');
  assert.equal(withRates([after], [before], 0)[0]?.rx.bytesPerSecond, 0);
});

test('routes of both families', () => {
  const v4 = `Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask		MTU	Window	IRTT                                                       
eth0	00000000	010011AC	0003	0	0	100	00000000	0	0	0                                                                               
eth0	000011AC	00000000	0001	0	0	0	0000FFFF	0	0	0                                                                               
*	0000000A	00000000	0201	0	0	0	000000FF	0	0	0                                                                               
`;
  assert.deepEqual(parseIpv4Routes(v4), [
    { destination: '0.0.0.0', prefix: 0, gateway: '172.17.0.1', interface: 'eth0', metric: 100, reject: false },
    { destination: '172.17.0.0', prefix: 16, gateway: null, interface: 'eth0', metric: 0, reject: false },
    { destination: '10.0.0.0', prefix: 8, gateway: null, interface: '*', metric: 0, reject: true },
  ]);
  const zeros = '0'.repeat(32);
  const v6 = `20010db8111122220000000000000000 40 ${zeros} 00 ${zeros} 00000100 00000001 00000000 00000001     eth0
${zeros} 00 ${zeros} 00 20010db8111122220000000000000001 00000400 00000001 00000000 00000003     eth0
${zeros} 00 ${zeros} 00 ${zeros} ffffffff 00000001 00000000 00200200       lo
00000000000000000000000000000001 80 ${zeros} 00 ${zeros} 00000000 00000003 00000000 80200001       lo
ff000000000000000000000000000000 08 ${zeros} 00 ${zeros} 00000100 00000003 00000000 00000001     eth0
`;
  assert.deepEqual(parseIpv6Routes(v6), [
    { destination: '2001:db8:1111:2222::', prefix: 64, gateway: null, interface: 'eth0', metric: 256, reject: false },
    {
      destination: '::',
      prefix: 0,
      gateway: '2001:db8:1111:2222::1',
      interface: 'eth0',
      metric: 1024,
      reject: false,
    },
  ]);
});

test('neighbours: known, asked for, and told', () => {
  const text = `IP address       HW type     Flags       HW address            Mask     Device
172.17.0.9       0x1         0x0         00:00:00:00:00:00     *        eth0
172.17.0.1       0x1         0x2         02:42:50:05:d2:26     *        eth0
10.0.0.7         0x1         0x6         02:42:50:05:D2:27     *        eth1
`;
  assert.deepEqual(parseArp(text), [
    { address: '172.17.0.1', interface: 'eth0', mac: '02:42:50:05:d2:26', state: 'COMPLETE' },
    { address: '172.17.0.9', interface: 'eth0', mac: null, state: 'INCOMPLETE' },
    { address: '10.0.0.7', interface: 'eth1', mac: '02:42:50:05:d2:27', state: 'PERMANENT' },
  ]);
  assert.deepEqual(parseArp(''), []);
});

test('a resolv.conf', () => {
  const text = `# Generated by Docker Engine.
nameserver 127.0.0.11
nameserver\t2001:db8::53
search example.org lab
search lab.example.org
options edns0 ndots:0
; options none
strange line
nameserver`;
  assert.deepEqual(parseResolver(text), {
    nameservers: ['127.0.0.11', '2001:db8::53'],
    search: ['lab.example.org'],
    options: ['edns0', 'ndots:0'],
  });
});

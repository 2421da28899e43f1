// Connections from sockets: each told once, however many of its ends are seen, and through the port that carries it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container, Socket } from '../../src/client/index.ts';
import { type Edge, findEdges, listListening, nameEnd } from '../../web/src/views/map/connections.ts';
import { buildMap } from '../../web/src/views/map/model.ts';
import fc from '../support/fast-check.ts';
import { attach, makeContainer, makeEngine, makeNetwork, makeSocket } from '../support/made-map.ts';

const lan = makeNetwork('lan', '10.1.0');
const on = (name: string, address: string, differing: Partial<Container> = {}) =>
  makeContainer(name, { networks: [attach('lan', address)], ...differing });
const published = (hostPort: number, containerPort: number, hostIp = '0.0.0.0') => ({
  hostIp,
  hostPort,
  containerPort,
  protocol: 'tcp' as const,
});

/** The edges of a host on which these containers see these sockets. */
function edgesOf(seen: readonly [Container, Socket[]][]): readonly Edge[] {
  const containers = seen.map(([container]) => container);
  const [host] = buildMap(
    { engines: [makeEngine()], containers, networks: [lan] },
    { withOthers: true, lab: null, engine: null },
  ).hosts;
  assert.ok(host);
  const boxes = host.groups
    .flatMap((group) => group.boxes)
    .map((box) => ({ box, sockets: seen.find(([{ id }]) => id === box.members[0]?.id)?.[1] ?? [] }));
  return findEdges({ engine: 'local', ports: host.ports, addresses: ['10.1.0.1'], boxes });
}

/** `from -> through -> to :port xCOUNT`. */
const tell = (edges: readonly Edge[]) =>
  edges.map(({ from, to, through, port, count, isOpening }) =>
    [nameEnd(from), through, `${nameEnd(to)}:${port} x${count}${isOpening ? ' opening' : ''}`]
      .filter((part) => part !== null)
      .join(' -> ')
      .replaceAll('box local~id-', '')
      .replaceAll('local~', ''),
  );

const web = (ports: Container['ports'] = []) => on('web', '10.1.0.2', { ports });
const hears = (port: number) => makeSocket(`0.0.0.0:${port}`, '*', 'LISTEN');

test('a connection between two containers is one, seen from both ends or from either', () => {
  const server: [Container, Socket[]] = [
    web(),
    [hears(80), makeSocket('10.1.0.2:80', '10.1.0.3:40000', 'ESTABLISHED')],
  ];
  const client: [Container, Socket[]] = [
    on('a', '10.1.0.3'),
    [makeSocket('10.1.0.3:40000', '10.1.0.2:80', 'ESTABLISHED')],
  ];
  for (const seen of [
    [server, client],
    [client, server],
    [server, [on('a', '10.1.0.3'), []]],
    [[web(), []], client],
  ])
    assert.deepEqual(tell(edgesOf(seen as [Container, Socket[]][])), ['a -> web:80 x1']);
});

test('from outside, a connection comes through the port that is published', () => {
  const sockets = [hears(80), makeSocket('10.1.0.2:80', '203.0.113.9:51000', 'ESTABLISHED')];
  assert.deepEqual(tell(edgesOf([[web([published(8080, 80)]), sockets]])), [
    'outside 203.0.113.9 -> 0.0.0.0~8080~tcp -> web:80 x1',
  ]);
  assert.deepEqual(tell(edgesOf([[web(), sockets]])), ['outside 203.0.113.9 -> web:80 x1'], 'routed, not published');
});

test('by docker-proxy, the connection that the host opens is not a second one', () => {
  const open = on('open', '', { effective: 'host', networks: [] });
  const seen: [Container, Socket[]][] = [
    [web([published(8080, 80)]), [hears(80), makeSocket('10.1.0.2:80', '10.1.0.1:60000', 'ESTABLISHED')]],
    [on('a', '10.1.0.3'), [makeSocket('10.1.0.3:40000', '10.1.0.1:8080', 'ESTABLISHED')]],
    [
      open,
      [
        makeSocket('0.0.0.0:8080', '*', 'LISTEN'),
        makeSocket('10.1.0.1:8080', '10.1.0.3:40000', 'ESTABLISHED'),
        makeSocket('10.1.0.1:60000', '10.1.0.2:80', 'ESTABLISHED'),
      ],
    ],
  ];
  const expected = ['a -> 0.0.0.0~8080~tcp -> web:80 x1'];
  assert.deepEqual(tell(edgesOf(seen)), expected);
  assert.deepEqual(tell(edgesOf([...seen].reverse())), expected);
  assert.deepEqual(tell(edgesOf(seen.slice(0, 2))), expected, 'also where nobody looks into the host');
});

test('what the host itself asks for comes through the port too, or directly where there is none', () => {
  const sockets = [hears(80), makeSocket('10.1.0.2:80', '10.1.0.1:60000', 'ESTABLISHED')];
  assert.deepEqual(tell(edgesOf([[web([published(8080, 80)]), sockets]])), [
    'host local -> 0.0.0.0~8080~tcp -> web:80 x1',
  ]);
  assert.deepEqual(tell(edgesOf([[web(), sockets]])), ['host local -> web:80 x1']);
});

test('a container that goes out, or to the host, is the one who opened it', () => {
  const sockets = [
    makeSocket('10.1.0.2:40001', '198.51.100.7:443', 'ESTABLISHED'),
    makeSocket('10.1.0.2:40002', '198.51.100.7:443', 'ESTABLISHED'),
    makeSocket('10.1.0.2:40003', '10.1.0.1:22', 'ESTABLISHED'),
    makeSocket('10.1.0.2:40004', '10.1.0.77:81', 'SYN_SENT'),
  ];
  assert.deepEqual(tell(edgesOf([[web(), sockets]])), [
    'web -> host local:22 x1',
    'web -> outside 10.1.0.77:81 x1 opening',
    'web -> outside 198.51.100.7:443 x2',
  ]);
});

test('loopback, what is over, and what has no other end are no connections', () => {
  const sockets = [
    hears(80),
    makeSocket('127.0.0.1:40000', '127.0.0.1:80', 'ESTABLISHED'),
    makeSocket('10.1.0.2:80', '10.1.0.3:40000', 'TIME_WAIT'),
    makeSocket('[::1]:40000', '[::1]:80', 'ESTABLISHED', 'tcp6'),
    makeSocket('0.0.0.0:53', '*', null, 'udp'),
  ];
  assert.deepEqual(tell(edgesOf([[web(), sockets]])), []);
});

test('an IPv4 address in a socket of the IPv6 family is the same address', () => {
  const sockets = [
    makeSocket('[::]:80', '*', 'LISTEN', 'tcp6'),
    makeSocket('[::ffff:10.1.0.2]:80', '[::ffff:10.1.0.3]:40000', 'ESTABLISHED', 'tcp6'),
  ];
  assert.deepEqual(
    tell(
      edgesOf([
        [web(), sockets],
        [on('a', '10.1.0.3'), []],
      ]),
    ),
    ['a -> web:80 x1'],
  );
});

test('who accepted and stopped to listen is still the one who was asked', () => {
  const sockets = [makeSocket('10.1.0.2:80', '10.1.0.3:40000', 'ESTABLISHED')];
  assert.deepEqual(
    tell(
      edgesOf([
        [web(), sockets],
        [on('a', '10.1.0.3'), []],
      ]),
    ),
    ['a -> web:80 x1'],
  );
});

test('ports that are listened on, each once; of loopback none: nobody else reaches them', () => {
  const sockets = [
    hears(80),
    makeSocket('[::]:80', '*', 'LISTEN', 'tcp6'),
    makeSocket('127.0.0.1:81', '*', 'LISTEN'),
    makeSocket('0.0.0.0:53', '*', null, 'udp'),
    makeSocket('10.1.0.2:22', '*', 'LISTEN'),
    makeSocket('10.1.0.2:5000', '10.1.0.3:6000', 'ESTABLISHED', 'udp'),
  ];
  assert.deepEqual(
    listListening(sockets).map(({ protocol, port }) => `${protocol} ${port}`),
    ['tcp 22', 'udp 53', 'tcp 80'],
  );
});

test('whatever is connected, and whoever of them is seen: each connection counts once, between its ends', () => {
  const size = 5;
  const world = fc.record({
    connections: fc.uniqueArray(
      fc.record({
        client: fc.integer({ min: -1, max: size - 1 }),
        server: fc.integer({ min: 0, max: size - 1 }),
        port: fc.constantFrom(80, 443, 5000),
        ephemeral: fc.integer({ min: 32_768, max: 60_999 }),
      }),
      { selector: ({ client, ephemeral }) => `${client} ${ephemeral}`, maxLength: 30 },
    ),
    isSeen: fc.array(fc.boolean(), { minLength: size, maxLength: size }),
  });
  fc.assert(
    fc.property(world, ({ connections, isSeen }) => {
      const address = (index: number) => (index === -1 ? '203.0.113.9' : `10.1.0.${index + 2}`);
      const real = connections.filter(({ client, server }) => client !== server);
      const seen = isSeen.map((isLooked, index): [Container, Socket[]] => {
        const sockets = [hears(80), hears(443), hears(5000)];
        for (const { client, server, port, ephemeral } of real) {
          const [from, to] = [`${address(client)}:${ephemeral}`, `${address(server)}:${port}`];
          if (client === index) sockets.push(makeSocket(from, to, 'ESTABLISHED'));
          if (server === index) sockets.push(makeSocket(to, from, 'ESTABLISHED'));
        }
        return [on(`c${index}`, address(index)), isLooked ? sockets : []];
      });
      const visible = real.filter(({ client, server }) => isSeen[server] || (client !== -1 && isSeen[client]));
      const name = (index: number) => (index === -1 ? 'outside 203.0.113.9' : `box local~id-c${index}`);
      const expected = new Map<string, number>();
      for (const { client, server, port } of visible) {
        const key = `${name(client)} ${name(server)} ${port}`;
        expected.set(key, (expected.get(key) ?? 0) + 1);
      }
      const found = edgesOf(seen).map(({ from, to, port, count }) => [
        `${nameEnd(from)} ${nameEnd(to)} ${port}`,
        count,
      ]);
      assert.deepEqual(new Map(found as [string, number][]), expected);
    }),
    { numRuns: 300 },
  );
});

test('on IPv6 a port that Docker chose has another number, and the same mark', () => {
  const six = 'fd00:1::2';
  const both = makeContainer('web', {
    networks: [attach('lan', '10.1.0.2', { ipv6: six })],
    ports: [published(32_768, 80), published(32_769, 80, '::')],
  });
  const sockets = [
    makeSocket('[::]:80', '*', 'LISTEN', 'tcp6'),
    makeSocket(`[${six}]:80`, '[2001:db8::9]:50000', 'ESTABLISHED', 'tcp6'),
  ];
  assert.deepEqual(tell(edgesOf([[both, sockets]])), ['outside 2001:db8::9 -> 0.0.0.0~32768~tcp -> web:80 x1']);
});

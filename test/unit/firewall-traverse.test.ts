import assert from 'node:assert/strict';
import test from 'node:test';
import type { Packet, Surroundings } from '../../src/domain/firewall/packet.ts';
import { parseRuleset } from '../../src/domain/firewall/parse.ts';
import { TraversalCache } from '../../src/domain/firewall/traversal-cache.ts';
import { type Hook, traverse } from '../../src/domain/firewall/traverse.ts';
import { type Address, formatAddress, parseAddress } from '../../src/domain/subnet.ts';
import fc from '../support/fast-check.ts';
import { rulesOf } from '../support/generated-rules.ts';

function at(text: string): Address {
  const address = parseAddress(text);
  assert.ok(address !== null, text);
  return address;
}

const surroundings: Surroundings = {
  typeOf: (address) =>
    ['192.0.2.2', '172.17.0.1', '10.77.1.1', '10.77.2.1'].includes(formatAddress(address)) ? 'LOCAL' : 'UNICAST',
  primaryAddressOf: (device) => (device === 'none' ? null : at('172.17.0.1')),
};

function packetOf(change: Partial<Packet> = {}): Packet {
  const ends = {
    source: at('192.0.2.9'),
    sourcePort: null,
    destination: at('192.0.2.2'),
    destinationPort: 8080,
    ...change,
  };
  return {
    protocol: 'tcp',
    inInterface: 'eth0',
    outInterface: null,
    physicalIn: null,
    physicalOut: null,
    isBridged: false,
    tcpFlags: ['SYN'],
    mark: 0,
    connection: {
      state: 'NEW',
      isReply: false,
      original: ends,
      isDestinationTranslated: false,
      isSourceTranslated: false,
      mark: 0,
    },
    ...ends,
  };
}

/** Rules of one table, written shortly. */
function rules(table: string, ...lines: string[]) {
  const hooks = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'].map((name) => `:${name} ACCEPT [0:0]`);
  const own = [...new Set(lines.flatMap((line) => /^-A ([A-Z]+\d)/.exec(line)?.[1] ?? []))].map(
    (name) => `:${name} - [0:0]`,
  );
  return parseRuleset([`*${table}`, ...hooks, ...own, ...lines, 'COMMIT'].join('\n'), 'ipv4');
}

function ask(ruleset: ReturnType<typeof rules>, packet: Packet = packetOf(), hook: Hook = 'INPUT') {
  const { verdict, trail, packet: left } = traverse(ruleset, hook, packet, surroundings);
  const by = 'by' in verdict ? (verdict.by?.rule?.index ?? 'policy') : null;
  return {
    kind: verdict.kind,
    by,
    left,
    trail: trail.map(({ rule, isCertain }) => `${isCertain ? '' : '?'}${rule?.index ?? 'policy'}`),
  };
}

test('what cannot be decided does not matter where it ends the same either way', () => {
  const limited = rules('filter', '-A INPUT -m limit --limit 1/sec -j DROP', '-A INPUT -j DROP');
  assert.deepEqual({ ...ask(limited), left: null }, { kind: 'drop', by: 1, left: null, trail: ['?1', '?2'] });
});

test('what cannot be decided is named where it matters', () => {
  const limited = rules(
    'filter',
    '-A INPUT -p udp -m limit --limit 1/sec -j DROP',
    '-A INPUT -m set --match-set bad src -j DROP',
  );
  const { kind, by } = ask(limited);
  assert.deepEqual({ kind, by }, { kind: 'unknown', by: 2 });
});

test('a chain that cannot be decided to be called leaves what follows certain when all come back from it', () => {
  const called = rules(
    'filter',
    '-A INPUT -m limit --limit 1/sec -j U1',
    '-A U1 -j LOG',
    '-A INPUT -j REJECT --reject-with tcp-reset',
  );
  assert.deepEqual(ask(called).trail, ['?1', '?1', '2']);
  assert.equal(ask(called).kind, 'reject');
});

test('a goto comes back to where its caller would', () => {
  const gone = rules(
    'filter',
    '-A INPUT -j U1',
    '-A INPUT -j DROP',
    '-A U1 -g U2',
    '-A U1 -j ACCEPT',
    '-A U2 -j RETURN',
  );
  assert.equal(ask(gone).kind, 'drop');
});

test('a port that the kernel chose is none of a few', () => {
  const outgoing = packetOf({ destinationPort: null });
  assert.equal(ask(rules('filter', '-A INPUT -p tcp -m tcp --dport 40000 -j DROP'), outgoing).kind, 'accept');
  assert.equal(ask(rules('filter', '-A INPUT -p tcp -m tcp --dport 32768:60999 -j DROP'), outgoing).kind, 'drop');
  assert.equal(ask(rules('filter', '-A INPUT -p tcp -m tcp --dport 40000:50000 -j DROP'), outgoing).kind, 'unknown');
});

test('a destination is rewritten as it is written, and nobody guesses which of several', () => {
  const before = (target: string) => {
    const { kind, left } = ask(rules('nat', `-A PREROUTING -p tcp -j ${target}`), packetOf(), 'PREROUTING');
    return [kind, formatAddress(left.destination), left.destinationPort];
  };
  assert.deepEqual(before('DNAT --to-destination 172.17.0.2:80'), ['accept', '172.17.0.2', 80]);
  assert.deepEqual(before('DNAT --to-destination 172.17.0.2'), ['accept', '172.17.0.2', 8080]);
  assert.deepEqual(before('DNAT --to-destination :81'), ['accept', '192.0.2.2', 81]);
  assert.deepEqual(before('REDIRECT --to-ports 90'), ['accept', '172.17.0.1', 90]);
  assert.deepEqual(before('DNAT --to-destination 172.17.0.2-172.17.0.9'), ['unknown', '192.0.2.2', 8080]);
  assert.deepEqual(before('DNAT --to-destination 172.17.0.2:80-90'), ['unknown', '192.0.2.2', 8080]);
});

test('a table that cannot be shown decides nothing', () => {
  const ruleset = parseRuleset("# Table `filter' is incompatible, use 'nft' tool.\n", 'ipv4');
  assert.deepEqual(traverse(ruleset, 'INPUT', packetOf(), surroundings).verdict, {
    kind: 'unknown',
    by: null,
    table: 'filter',
  });
});

// As Docker 28 writes them, shortened: direct access from beyond the host is stopped in the raw table, and FORWARD has chains of its own.
const docker28 = parseRuleset(
  `*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-ISOLATION-STAGE-1 - [0:0]
:DOCKER-ISOLATION-STAGE-2 - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-BRIDGE -o docker0 -j DOCKER
-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i docker0 -j ACCEPT
-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2
-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP
COMMIT
`,
  'ipv4',
);

test('the chains of Docker 28: a published port passes, direct access does not', () => {
  const published = traverse(docker28, 'PREROUTING', packetOf(), surroundings);
  assert.equal(published.verdict.kind, 'accept');
  assert.equal(formatAddress(published.packet.destination), '172.17.0.2');
  const forwarded = traverse(docker28, 'FORWARD', { ...published.packet, outInterface: 'docker0' }, surroundings);
  assert.equal(forwarded.verdict.kind, 'accept');
  assert.deepEqual(
    forwarded.trail.map(({ chain, rule }) => `${chain.name} ${rule?.index}`),
    [
      'FORWARD 1',
      'FORWARD 2',
      'DOCKER-FORWARD 1',
      'DOCKER-FORWARD 2',
      'DOCKER-FORWARD 3',
      'DOCKER-BRIDGE 1',
      'DOCKER 1',
    ],
  );
  const direct = traverse(docker28, 'PREROUTING', packetOf({ destination: at('172.17.0.2') }), surroundings);
  assert.ok(direct.verdict.kind === 'drop' && direct.verdict.by.chain.table === 'raw');
  const other = packetOf({ destination: at('172.17.0.3'), outInterface: 'docker0' });
  const unpublished = traverse(docker28, 'FORWARD', other, surroundings);
  assert.ok(unpublished.verdict.kind === 'drop' && unpublished.verdict.by.rule?.chain === 'DOCKER');
});

test('what is remembered of packets that no rule tells apart is what the rules say', () => {
  const address = fc.constantFrom('10.77.1.2', '10.77.1.1', '10.77.2.1', '10.77.2.2', '10.77.2.3', '10.77.1.9').map(at);
  const device = fc.constantFrom('rc0', 'rs0', 'lo');
  const packet = fc.record({
    source: address,
    destination: address,
    destinationPort: fc.constantFrom(80, 81, 90, 95, 8080, 7),
    sourcePort: fc.constantFrom(null, 80, 1000),
    inInterface: device,
    outInterface: device,
    protocol: fc.constantFrom('tcp' as const, 'udp' as const),
  });
  const hook = fc.constantFrom<Hook>('PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING');
  fc.assert(
    fc.property(rulesOf('ipv4'), fc.array(fc.tuple(hook, packet), { minLength: 20, maxLength: 40 }), (text, asked) => {
      // Conditions that forbid remembering would make this compare nothing.
      const plain = text.replace(/^.*(ctorig|limit-iface|--syn).*\n/gm, '');
      const forItself = '-A POSTROUTING -s 10.77.1.2/32 -d 10.77.1.2/32 -p tcp -j MASQUERADE\n';
      const ruleset = parseRuleset(plain.replace(/(\*nat\n(?::.*\n)*)/, `$1${forItself}`), 'ipv4');
      const cache = new TraversalCache(ruleset, surroundings);
      for (const [name, change] of asked)
        assert.deepEqual(
          cache.traverse(name, packetOf(change)),
          traverse(ruleset, name, packetOf(change), surroundings),
        );
    }),
    { numRuns: 100 },
  );
});

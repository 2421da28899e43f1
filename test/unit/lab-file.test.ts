// The lab file: what is taken, and for everything else a problem with its line, its column, and what is allowed there.
import assert from 'node:assert/strict';
import test from 'node:test';
import { findClosestName } from '../../src/domain/lab/closest-name.ts';
import { parseLabFile } from '../../src/domain/lab/lab-file.ts';
import type { LabProblem } from '../../src/domain/lab/lab-source.ts';
import { Failure } from '../../src/schemas/failure.ts';
import { labLimits } from '../../src/schemas/lab.ts';
import { checkKinds } from '../../src/schemas/lab-check.ts';
import { cpuMsOf } from '../support/cpu-time.ts';
import fc from '../support/fast-check.ts';
import { labFile } from '../support/generated-labs.ts';

const whole = `
name: lesson
title: { en: Four models, zh: 四种模型 }
ttl: 2h
policies: { pull: never, onFailure: keep }
networks:
  lan: { bip: 10.20.0.1/24, mtu: 1400, icc: false }
  inside: { internal: true }
  plain:
  corp: { external: true }
containers:
  t1: { mode: closed }
  web:
    mode: open
    command: [httpd, -f, -p, "2222"]
    ports: [2222, "8080:2222", "127.0.0.1::2222", "127.0.0.1:8081:2222"]
    network: lan
    ip: 10.20.0.10
    ready: [listens]
  t2: { mode: bridged, after: [web], network: inside, env: { DEBUG: "1" } }
  t3: { mode: bridged, network: bridge }
  t4: { mode: bridged }
  j1: { mode: joined, target: web }
  j2: { mode: joined, target: j1 }
  h: { mode: open, host: true }
checks:
  listens: { container: web, listens: 2222 }
  listens-all: { container: web, listens: { port: 2222, address: 0.0.0.0 } }
  published: { container: web, published: { port: 2222, hostPort: 8080 } }
  lo: { container: t1, interfaces: [lo], text: { zh: 只有 lo } }
  address: { container: web, address: 10.20.0.0/24 }
  shares: { container: j2, sharesNamespaceWith: web }
  apart: { container: t1, isolatedFrom: web }
  reaches: { container: t2, reaches: { container: web, port: 2222 } }
  cannot: { container: t1, cannotReach: { address: 10.20.0.10, port: 2222 } }
  route: { container: t2, route: { to: default, via: 10.20.0.1, interface: eth0 } }
  exec: { container: t2, exec: { command: [hostname], exitCode: 0, stdout: a } }
  fails: { container: t2, exec: { command: [nc, -l, -p, "80"], exitCode: 1, stderr: in use } }
  chosen: { container: web, published: { port: 2222, hostIp: 127.0.0.1, dynamic: true } }
  own-files: { container: j1, isolatedFrom: { container: web, kinds: [mnt, pid] } }
  the-host: { container: h, sharesNamespaceWith: { host: true } }
  path: { container: web, path: { port: 2222, from: outside, carriedBy: dnat } }
  path-from: { container: web, path: { port: 2222, from: { container: t1 }, reaches: false } }
  starts: { daemonConfig: { file: { bip: 192.168.1.5/24 }, boots: true, bridge: 192.168.1.5/24 } }
  fails-to-start: { daemonConfig: { file: { mtu: 67 }, boots: false, finds: [out_of_range] } }
steps:
  - text: { en: Look, zh: 看 }
    command: docker exec lesson-t1 ifconfig -a
    check: [lo, apart]
  - text: Done
`;

/** The problems of a text that is refused. */
function problemsOf(text: string): LabProblem[] {
  try {
    parseLabFile(text);
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.code, 'invalid_request');
    return error.extra.problems as LabProblem[];
  }
  return assert.fail('it was taken');
}

test('a file with everything that a lab can have is taken', () => {
  const file = parseLabFile(whole);
  assert.deepEqual(Object.keys(file.containers), ['t1', 'web', 't2', 't3', 't4', 'j1', 'j2', 'h']);
  assert.equal(file.networks?.plain, null);
  const kinds = Object.values(file.checks ?? {}).flatMap((check) => Object.keys(check));
  for (const kind of checkKinds) assert.ok(kinds.includes(kind), `no check of the test says ${kind}`);
});

test('JSON is read as YAML reads it, whichever way is taken', () => {
  fc.assert(
    fc.property(labFile, (file) => {
      const text = JSON.stringify(file);
      // With a comment it is no JSON any more.
      assert.deepEqual(parseLabFile(text), parseLabFile(`${text} # YAML`));
    }),
    { numRuns: 100 },
  );
  const spelled = '{"containers":{"\\u0061":{"mode":"closed","env":{"A":"\\ud83d\\ude00 \\"b\\": 1","B":"{"}}}}';
  assert.deepEqual(parseLabFile(spelled), parseLabFile(`${spelled} # YAML`));
});

test('a name that is given twice in JSON is told, at its second place', () => {
  for (const [text, place] of [
    ['{"containers":{"a":{"mode":"closed"},"a":{"mode":"closed"}}}', /^Line 1, column 38: The name "a" is given twice/],
    ['{"containers":{"a":{"mode":"closed","mode" :"closed"}}}', /^Line 1, column 37: The name "mode" is given twice/],
    ['{"containers":{"a":{"mode":"closed"},"\\u0061":{"mode":"closed"}}}', /The name "a" is given twice/],
    ['{"containers":{"a":{"mode":"closed","env":{"X":"\\"","X":"1"}}}}', /The name "X" is given twice/],
  ] as const)
    assert.throws(
      () => parseLabFile(text),
      (error: Error) => place.test(error.message),
    );
});

test('the same as JSON means the same, also with tabs', () => {
  const file = parseLabFile(whole);
  assert.deepEqual(parseLabFile(JSON.stringify(file)), file);
  assert.deepEqual(parseLabFile(JSON.stringify(file, null, '\t')), file);
});

test('anchors and merges spare repetition; what a map says itself wins', () => {
  const file = parseLabFile(
    'containers:\n  a: &base { mode: closed, image: one, user: u }\n  b: { <<: *base, image: two }\n  c: *base\n',
  );
  assert.deepEqual(file.containers.b, { mode: 'closed', image: 'two', user: 'u' });
  assert.deepEqual(file.containers.c, file.containers.a);
});

const container = (fields: string) => `containers:\n  web: { ${fields} }\n`;
const open = 'mode: open, ports: [80]';
const check = (fields: string) =>
  `containers:\n  web: { mode: bridged }\n  t: { mode: closed }\nchecks:\n  c: { ${fields} }\n`;

/** Text, where the first problem is, and words of its message or hint. */
const refused: [what: string, text: string, place: string, words: RegExp][] = [
  ['nothing', '', '1:1', /empty.*Begin with "containers:"/],
  ['a comment', '# lab\n', '1:1', /empty/],
  ['a list', '- a', '1:1', /must be a map/],
  ['a missing part', 'name: a', '1:1', /"containers" is required/],
  ['no container', 'containers: {}', '1:13', /has no container/],
  [
    'a misspelt part',
    'container:\n  web: { mode: closed }',
    '1:1',
    /Unknown field "container".*Did you mean "containers"/,
  ],
  [
    'a misspelt field',
    container('mode: closed, comand: [sh]'),
    '2:24',
    /"containers.web.comand".*Did you mean "command"/,
  ],
  [
    'a misspelt mode',
    container('mode: bridge'),
    '2:16',
    /no such mode.*Did you mean "bridged".*closed, bridged, joined, open/,
  ],
  ['no mode', container('image: a'), '2:8', /needs a "mode".*closed, bridged/],
  ['a misspelt "mode"', container('mod: open'), '2:10', /Did you mean "mode"/],
  ['a container of text', 'containers:\n  web: open', '2:8', /map of fields.*Begin with "mode:"/],
  [
    'a field of another mode',
    container('mode: closed, ports: [80]'),
    '2:24',
    /closed takes no "ports".*Write mode: open/,
  ],
  [
    'a number where text belongs',
    container(`${open}, command: [sleep, 60]`),
    '2:52',
    /command\[1\].*must be a string.*quotes/,
  ],
  ['a wrong type', container('mode: closed, tty: "yes"'), '2:29', /must be true or false/],
  ['a bad name', 'containers:\n  Web: { mode: closed }', '2:3', /"Web" cannot be a name.*a-z/],
  ['a bad image', container('mode: closed, image: "a b"'), '2:31', /image/i],
  ['a bad port', container('mode: open, ports: ["80", "x:80"]'), '2:36', /host port/],
  ['open with nothing', container('mode: open'), '2:8', /needs one of ports.*mode: bridged/],
  ['host with ports', container(`${open}, host: true`), '2:29', /exclude each other/],
  [
    'rights in the host',
    'containers:\n  h: { mode: open, host: true }\n  j: { mode: joined, target: h, capabilities: [NET_ADMIN] }',
    '3:47',
    /rights over the host/,
  ],
  ['a bad ttl', 'ttl: 2 hours\ncontainers: { a: { mode: closed } }', '1:6', /duration/],
  ['a bad memory limit', container('mode: closed, limits: { memory: lots }'), '2:42', /memory/i],
  ['a relative directory', container('mode: closed, workingDir: tmp'), '2:36', /absolute/],
  ['a label of ours', container('mode: closed, labels: { io.terrarium.lab: x }'), '2:52', /reserved/],
  ['a field that the lab decides', container('mode: closed, ttl: 2h'), '2:24', /Unknown field "containers.web.ttl"/],
  ['an unknown target', container('mode: joined, target: wob'), '2:32', /no container "wob"/],
  ['itself as the target', container('mode: joined, target: web'), '2:32', /cannot need itself/],
  [
    'a circle',
    'containers:\n  a: { mode: joined, target: b }\n  b: { mode: closed, after: [c] }\n  c: { mode: joined, target: a }',
    '2:3',
    /"a" needs "b" needs "c" needs "a"/,
  ],
  [
    'an unknown network',
    'networks: { lan: }\ncontainers: { a: { mode: bridged, network: lon } }',
    '2:44',
    /Did you mean "lan".*default, bridge/,
  ],
  ['the host as a network', container('mode: bridged, network: host'), '2:34', /mode: open and host: true/],
  ['an unknown check to be ready', container('mode: closed, ready: [up]'), '2:32', /no check "up"/],
  [
    'ready by what comes later',
    'containers:\n  a: { mode: closed, ready: [c] }\n  b: { mode: closed }\nchecks:\n  c: { container: a, isolatedFrom: b }',
    '2:30',
    /about "b", which "a" does not wait for.*after: \[b\]/,
  ],
  [
    'an address without a subnet',
    'networks: { lan: }\ncontainers: { a: { mode: bridged, network: lan, ip: 10.0.0.2 } }',
    '2:53',
    /chooses its subnet/,
  ],
  [
    'an address elsewhere',
    'networks: { lan: { bip: 10.0.0.1/24 } }\ncontainers: { a: { mode: bridged, network: lan, ip: 10.0.1.2 } }',
    '2:53',
    /does not lie in 10.0.0.0\/24/,
  ],
  [
    "the bridge's address",
    'networks: { lan: { bip: 10.0.0.1/24 } }\ncontainers: { a: { mode: bridged, network: lan, ip: 10.0.0.1 } }',
    '2:53',
    /bridge's own/,
  ],
  [
    'an address twice',
    'networks: { lan: { bip: 10.0.0.1/24 } }\ncontainers:\n  a: { mode: bridged, network: lan, ip: 10.0.0.2 }\n  b: { mode: bridged, network: lan, ip: 10.0.0.2 }',
    '4:41',
    /"a" has the address/,
  ],
  ['an address on docker0', container('mode: bridged, network: bridge, ip: 172.17.0.9'), '2:46', /default bridge/],
  [
    'a bad subnet',
    'networks: { lan: { bip: 10.0.0.1 } }\ncontainers: { a: { mode: closed } }',
    '1:25',
    /prefix length/,
  ],
  [
    'subnets that overlap',
    'networks:\n  a: { bip: 10.0.0.1/16 }\n  b: { bip: 10.0.5.1/24 }\ncontainers: { a: { mode: closed } }',
    '3:13',
    /overlaps with 10.0.0.0\/16 of the network "a"/,
  ],
  [
    'a gateway elsewhere',
    'networks: { a: { bip: 10.0.0.1/24, default-gateway: 10.0.1.1 } }\ncontainers: { a: { mode: closed } }',
    '1:53',
    /would look for it/,
  ],
  [
    'an mtu that no kernel takes',
    'networks: { a: { mtu: 67 } }\ncontainers: { a: { mode: closed } }',
    '1:23',
    /too small/,
  ],
  [
    'an external network with settings',
    'networks: { a: { external: true, mtu: 1400 } }\ncontainers: { a: { mode: closed } }',
    '1:34',
    /"mtu" cannot be chosen/,
  ],
  ["a network of Docker's", 'networks: { bridge: }\ncontainers: { a: { mode: closed } }', '1:13', /Docker's own/],
  [
    'a misspelt network setting',
    'networks: { a: { bib: 10.0.0.1/24 } }\ncontainers: { a: { mode: closed } }',
    '1:18',
    /Did you mean "bip"/,
  ],
  [
    'a host port twice',
    'containers:\n  a: { mode: open, ports: ["8080:80"] }\n  b: { mode: open, ports: ["8080:81"] }',
    '3:27',
    /"a" and "b" both publish port 8080/,
  ],
  ['a host port twice in one', container('mode: open, ports: ["8080:80", "8080:81"]'), '2:29', /8080/],
  ['a check of nothing', check('container: web'), '5:6', /asserts nothing.*listens, published/],
  [
    'a check of two things',
    check('container: web, listens: 80, published: 80'),
    '5:37',
    /one thing, not listens and published/,
  ],
  ['a misspelt check', check('container: web, listen: 80'), '5:24', /Did you mean "listens"/],
  ['a check without a container', check('listens: 80'), '5:6', /"checks.c.container" is required/],
  ['a check of nobody', check('container: wep, listens: 80'), '5:19', /no container "wep".*Did you mean "web"/],
  ['a port out of range', check('container: web, listens: 70000'), '5:33', /whole number|at most 65535|object/],
  ['a comparison with itself', check('container: web, isolatedFrom: web'), '5:38', /with itself/],
  [
    'a comparison with nobody',
    check('container: web, isolatedFrom: { kinds: [net] }'),
    '5:38',
    /one of "container" and "host"/,
  ],
  [
    'a comparison with two',
    check('container: web, sharesNamespaceWith: { container: t, host: true }'),
    '5:58',
    /one of "container" and "host"/,
  ],
  [
    'no kind of namespace',
    check('container: web, isolatedFrom: { container: t, kinds: [network] }'),
    '5:62',
    /kinds|object/,
  ],
  [
    'a path from nobody',
    check('container: web, path: { port: 80, from: { container: tt } }'),
    '5:61',
    /no container "tt"/,
  ],
  [
    'a path that ends and arrives',
    check('container: web, path: { port: 80, reaches: false, carriedBy: dnat }'),
    '5:69',
    /carried by nobody/,
  ],
  [
    'a file and a container',
    check('container: web, daemonConfig: { file: {}, boots: true }'),
    '5:8',
    /"checks.c.container"/,
  ],
  [
    'docker0 of an engine that does not start',
    check('daemonConfig: { file: { mtu: 1 }, boots: false, bridge: 10.0.0.1/24 }'),
    '5:64',
    /makes no docker0/,
  ],
  [
    'a bridge without a prefix',
    check('daemonConfig: { file: {}, boots: true, bridge: 10.0.0.1 }'),
    '5:55',
    /prefix length/,
  ],
  [
    'a peer twice',
    check('container: web, reaches: { container: t, address: 10.0.0.1, port: 80 }'),
    '5:33',
    /one of "container" and "address"/,
  ],
  ['a peer without a port', check('container: web, reaches: { container: t }'), '5:33', /port" is required/],
  ['a route to nowhere', check('container: web, route: { to: home }'), '5:37', /neither "default" nor a subnet/],
  ['a bad address', check('container: web, address: here'), '5:33', /an address or a subnet/],
  [
    'a step that proves nothing',
    `${check('container: t, interfaces: [lo]')}steps: [{ text: a, check: d }]`,
    '6:27',
    /no check "d"/,
  ],
  ['a name twice', 'containers:\n  a: { mode: closed }\n  a: { mode: closed }', '3:3', /"a" is given twice/],
  ['a tab', 'containers:\n\ta: { mode: closed }', '2:1', /tab/i],
  ['a tag', 'containers: !!map { a: { mode: closed } }', '1:19', /Tags are not allowed/],
  ['two documents', 'containers: { a: { mode: closed } }\n---\na: 1', '2:1', /several documents/],
  ['another YAML', '%YAML 1.1\n---\ncontainers: { a: { mode: closed } }', '1:1', /another version/],
  ['an unknown anchor', 'containers: { a: *b }', '1:18', /no anchor "&b"/],
  ['an alias of what it is in', 'containers: &a { a: *a }', '1:21', /stands for what it is in/],
  ['a prototype', 'containers: { __proto__: { mode: closed } }', '1:15', /__proto__/],
  ['broken JSON', '{\n  "containers": {\n    "a": { "mode": "closed" }\n', '4:1', /./],
];

for (const [what, text, place, words] of refused) {
  test(`refused: ${what}`, () => {
    const [first] = problemsOf(text);
    assert.ok(first !== undefined);
    assert.match(`${first.message} ${first.hint ?? ''}`, words);
    assert.equal(`${first.line}:${first.column}`, place, first.message);
  });
}

test('everything that is wrong is told at once, in the order of the text', () => {
  const problems = problemsOf(
    'networks: { a: { mtu: x } }\ncontainers:\n  web: { mode: closd }\n  b: { mode: joined }\nchecks:\n  c: { container: b }\n',
  );
  assert.deepEqual(
    problems.map(({ line, path }) => `${line} ${path}`),
    ['1 networks.a.mtu', '3 containers.web.mode', '4 containers.b.target', '6 checks.c'],
  );
});

/** Each of a size: 1 is whole. */
const bombs: [what: string, make: (size: number) => string][] = [
  [
    'aliases that multiply',
    (size) =>
      `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi']
        .slice(0, 8 * size)
        .map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[i]}`).join(',')}]`)
        .join('\n')}`,
  ],
  ['many aliases', (size) => `a: &a 1\n${Array.from({ length: 20_000 * size }, (_, i) => `k${i}: *a`).join('\n')}`],
  ['many names', (size) => Array.from({ length: 20_000 * size }, (_, i) => `k${i}: 1`).join('\n')],
  ['brackets', (size) => '['.repeat(200_000 * size)],
  ['dashes', (size) => '- '.repeat(100_000 * size)],
  ['indentation', (size) => Array.from({ length: 700 * size }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ['question marks', (size) => '? '.repeat(100_000 * size)],
  ['anchors on one node', (size) => '&a '.repeat(60_000 * size)],
  ['quotes', (size) => '"'.repeat(100_000 * size + 1)],
  ['a text without an end', (size) => `a: "${'x'.repeat(labLimits.text * size)}"`],
];

for (const [what, make] of bombs) {
  test(`a bomb of ${what} is refused before it goes off`, () => {
    const [smaller, larger] = [make(0.5), make(1)];
    const ofHalf = cpuMsOf(() => {
      try {
        parseLabFile(smaller);
      } catch (error) {
        assert.ok(error instanceof Failure, String(error));
      }
    });
    const whole = cpuMsOf(() => problemsOf(larger));
    // A bomb of half the size may be a file that is taken. A bomb that goes off costs thousands of times as much as half of it.
    const half = Math.max(50, ofHalf);
    assert.ok(whole < 20 * half, `${half} ms became ${whole} ms`);
  });
}

test('whatever is done to a file, it is taken or refused with a place in the text', () => {
  const pieces = fc.array(
    fc.record({
      at: fc.nat(whole.length),
      cut: fc.nat(6),
      put: fc.oneof(
        fc.string({ maxLength: 4 }),
        fc.constantFrom('{', '}', '[', ']', ':', '\n', '- ', '&a ', '*a', '<<: ', '!!x ', '"', "'", '\t'),
      ),
    }),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(
    fc.property(pieces, (edits) => {
      const text = edits.reduce((one, { at, cut, put }) => one.slice(0, at) + put + one.slice(at + cut), whole);
      try {
        parseLabFile(text);
      } catch (error) {
        assert.ok(error instanceof Failure, String(error));
        const problems = error.extra.problems as LabProblem[];
        const lines = text.split('\n').length;
        assert.ok(problems.length > 0);
        for (const { line, column, message } of problems) {
          assert.ok(line >= 1 && line <= lines, `line ${line} of ${lines}`);
          assert.ok(column >= 1 && message !== '');
        }
      }
    }),
    { numRuns: 100 },
  );
});

test('the closest name is near, or there is none', () => {
  assert.equal(findClosestName('comand', ['command', 'comment']), 'command');
  assert.equal(findClosestName('taget', ['target', 'tag']), 'target');
  assert.equal(findClosestName('prots', ['ports', 'host']), 'ports');
  assert.equal(findClosestName('WEB', ['web']), 'web');
  assert.equal(findClosestName('completely', ['ports', 'host']), null);
});

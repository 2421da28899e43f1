// Checks on a real engine: each kind holds where its statement is true, and fails, with evidence, when the statement is broken on purpose.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { LabFile } from '../../src/schemas/lab.ts';
import type { CheckReport, CheckResult } from '../../src/schemas/lab-check.ts';
import { startApp } from '../support/app.ts';
import { docker, findFreePort } from '../support/engine.ts';
import { clearLab, labName, useLabs } from '../support/labs.ts';

const running = await startApp({ after });
const labs = useLabs(running, { after });

const name = labName();
const port = await findFreePort();
const lab: LabFile = {
  networks: { lan: { bip: '10.214.7.1/24' }, other: null },
  containers: {
    web: {
      mode: 'open',
      network: 'lan',
      ip: '10.214.7.10',
      command: ['httpd', '-f', '-p', '2222'],
      ports: [2222],
      ready: ['listens'],
    },
    local: { mode: 'bridged', network: 'lan', command: ['httpd', '-f', '-p', '127.0.0.1:3333'] },
    mate: { mode: 'joined', target: 'web' },
    near: { mode: 'bridged', network: 'lan' },
    far: { mode: 'bridged', network: 'other' },
    alone: { mode: 'closed' },
    picky: { mode: 'open', network: 'lan', command: ['httpd', '-f', '-p', '2222'], ports: [`127.0.0.1:${port}:2222`] },
    own: { mode: 'open', host: true, command: ['sleep', '600'] },
  },
  checks: {
    listens: { container: 'web', listens: 2222 },
    'listens-at': { container: 'mate', listens: { port: 2222, protocol: 'tcp' } },
    'listens-not': { container: 'web', listens: 2223 },
    'listens-loopback': {
      container: 'local',
      listens: 3333,
      hint: { en: 'Bind it to all addresses', zh: '绑定所有地址' },
    },
    'listens-loopback-at': { container: 'local', listens: { port: 3333, address: '127.0.0.1' } },
    published: { container: 'web', published: 2222 },
    'published-not': { container: 'near', published: 2222 },
    'published-elsewhere': { container: 'web', published: { port: 2222, hostPort: 1 } },
    interfaces: { container: 'alone', interfaces: ['lo'] },
    'interfaces-more': { container: 'near', interfaces: ['lo'] },
    'interfaces-fewer': { container: 'alone', interfaces: ['lo', 'eth0'] },
    address: { container: 'web', address: '10.214.7.10' },
    'address-in': { container: 'near', address: '10.214.7.0/24' },
    'address-not': { container: 'far', address: '10.214.7.0/24' },
    shares: { container: 'mate', sharesNamespaceWith: 'web' },
    'shares-not': { container: 'near', sharesNamespaceWith: 'web' },
    isolated: { container: 'alone', isolatedFrom: 'web' },
    'isolated-not': { container: 'mate', isolatedFrom: 'web' },
    reaches: { container: 'near', reaches: { container: 'web', port: 2222 } },
    'reaches-mate': { container: 'near', reaches: { container: 'mate', port: 2222 } },
    'reaches-itself': { container: 'mate', reaches: { container: 'web', port: 2222 } },
    'reaches-address': { container: 'near', reaches: { address: '10.214.7.10', port: 2222 } },
    'reaches-refused': { container: 'near', reaches: { container: 'web', port: 2224 } },
    'reaches-far': { container: 'far', reaches: { container: 'web', port: 2222 } },
    'reaches-alone': { container: 'near', reaches: { container: 'alone', port: 2222 } },
    cannot: { container: 'far', cannotReach: { container: 'web', port: 2222 } },
    'cannot-alone': { container: 'alone', cannotReach: { container: 'web', port: 2222 } },
    'cannot-not': { container: 'near', cannotReach: { container: 'web', port: 2222 } },
    route: { container: 'near', route: { to: 'default', via: '10.214.7.1', interface: 'eth0' } },
    'route-lan': { container: 'near', route: { to: '10.214.7.0/24' } },
    'route-not': { container: 'alone', route: { to: 'default' } },
    'route-other': { container: 'near', route: { to: 'default', via: '10.214.7.2' } },
    exec: { container: 'near', exec: { command: ['echo', 'hello there'], stdout: 'hello' } },
    'exec-code': { container: 'near', exec: { command: ['false'], exitCode: 1 } },
    'exec-not': { container: 'near', exec: { command: ['echo', 'no'], stdout: 'yes' } },
    'exec-wrong-code': { container: 'near', exec: { command: ['false'] } },
    'exec-stderr': {
      container: 'mate',
      exec: { command: ['nc', '-l', '-p', '2222'], exitCode: 1, stderr: 'Address already in use' },
    },
    'exec-stderr-not': { container: 'near', exec: { command: ['cat', '/none'], exitCode: 1, stderr: 'in use' } },
    'published-dynamic': { container: 'web', published: { port: 2222, hostIp: '0.0.0.0', dynamic: true } },
    'published-dynamic-not': { container: 'picky', published: { port: 2222, dynamic: true } },
    'published-asked': {
      container: 'picky',
      published: { port: 2222, hostIp: '127.0.0.1', hostPort: port, dynamic: false },
    },
    'published-asked-not': { container: 'web', published: { port: 2222, dynamic: false } },
    'shares-only': { container: 'mate', isolatedFrom: { container: 'web', kinds: ['mnt', 'pid', 'uts', 'ipc'] } },
    'shares-only-not': { container: 'mate', isolatedFrom: { container: 'web', kinds: ['mnt', 'net'] } },
    'shares-user': { container: 'near', sharesNamespaceWith: { container: 'web', kinds: ['user'] } },
    'shares-files-not': { container: 'mate', sharesNamespaceWith: { container: 'web', kinds: ['net', 'mnt'] } },
    'shares-host': { container: 'own', sharesNamespaceWith: { host: true } },
    'shares-host-not': { container: 'web', sharesNamespaceWith: { host: true } },
    'isolated-host': { container: 'web', isolatedFrom: { host: true, kinds: ['net', 'pid'] } },
    'isolated-host-not': { container: 'own', isolatedFrom: { host: true } },
    path: { container: 'web', path: { port: 2222, carriedBy: 'dnat' } },
    'path-host': { container: 'picky', path: { port: 2222, from: 'host' } },
    'path-carrier-not': { container: 'web', path: { port: 2222, carriedBy: 'direct' } },
    'path-loopback': { container: 'picky', path: { port: 2222, reaches: false } },
    'path-loopback-not': { container: 'picky', path: { port: 2222 } },
    'path-near': { container: 'web', path: { port: 2222, from: { container: 'near' }, carriedBy: 'direct' } },
    'path-near-not': { container: 'web', path: { port: 2222, from: { container: 'near' }, reaches: false } },
    starts: { daemonConfig: { file: { bip: '192.168.1.5/24' }, boots: true, bridge: '192.168.1.5/24' } },
    'starts-not': { daemonConfig: { file: { mtu: 67 }, boots: true } },
    'starts-elsewhere': { daemonConfig: { file: {}, boots: true, bridge: '192.168.1.5/24' } },
    'fails-to-start': {
      daemonConfig: {
        file: { bip: '192.168.1.5/24', 'default-gateway': '10.20.1.1' },
        boots: false,
        finds: ['gateway_outside_subnet'],
      },
    },
    'fails-not': { daemonConfig: { file: { mtu: 1400 }, boots: false } },
    'finds-not': { daemonConfig: { file: { mtu: 1400 }, boots: true, finds: ['unknown_key'] } },
    'exec-none': { container: 'near', exec: { command: ['/no/such/program'] } },
  },
};
const applied = await labs.apply(name, lab);

async function report(query = ''): Promise<CheckReport> {
  const { status, body } = await labs.call('post', `/labs/${name}/check${query}`);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

/** Those that do not hold, with words of their evidence. */
const failing: Record<string, RegExp> = {
  'listens-not': /what listens: .*:2222\/tcp/,
  'listens-loopback': /127\.0\.0\.1:3333\/tcp/,
  'published-not': /no port of it is published/,
  'published-elsewhere': /2222\/tcp -> /,
  'interfaces-more': /up: .*eth0/,
  'interfaces-fewer': /up: lo$/,
  'address-not': /it has .* on eth0/,
  'shares-not': /net:\[\d+\] and net:\[\d+\]/,
  'isolated-not': /both are in net:\[\d+\]/,
  'reaches-refused': /:2224: refused/,
  'reaches-far': /10\.214\.7\.10:2222: (timeout|unreachable)/,
  'reaches-alone': /"alone" has no address/,
  'cannot-not': /10\.214\.7\.10:2222: connected/,
  'route-not': /it has no route/,
  'route-other': /via 10\.214\.7\.1 dev eth0/,
  'exec-not': /exit code 0: no/,
  'exec-wrong-code': /exit code 1/,
  'exec-stderr-not': /exit code 1: cat: can't open/,
  'published-dynamic-not': /127\.0\.0\.1:\d+, as was asked for/,
  'published-asked-not': /as the engine chose/,
  'shares-only-not': /mnt:\[\d+\] its own, net:\[\d+\] shared/,
  'shares-files-not': /net:\[\d+\] shared, mnt:\[\d+\] its own/,
  'shares-host-not': /net:\[\d+\] its own/,
  'isolated-host-not': /net:\[\d+\] shared/,
  'path-carrier-not': /carried by dnat \(-A DOCKER .*-j DNAT/,
  'path-loopback-not': /:\d+: /,
  'path-near-not': /10\.214\.7\.10:2222: .*carried by direct/,
  'starts-not': /it does not start; mtu: /,
  'starts-elsewhere': /docker0 has 172\.17\.0\.1\/16/,
  'fails-not': /it starts/,
  'finds-not': /it starts; docker0 has/,
};

test('each check says what is true, with its evidence, and a hint where it does not hold', async () => {
  assert.equal(applied.changed, true);
  const { results, ...sums } = await report();
  const byName = new Map(results.map((result) => [result.name, result]));
  for (const check of Object.keys(lab.checks ?? {})) {
    const result = byName.get(check);
    assert.ok(result !== undefined, `${check} is missing`);
    const expected = check === 'exec-none' ? 'error' : check in failing ? 'fail' : 'pass';
    assert.equal(result.status, expected, JSON.stringify(result));
    assert.match(result.evidence, failing[check] ?? /./);
    if (expected === 'fail') assert.ok((result.hint ?? '') !== '', `${check} has no hint`);
    if (expected === 'pass') assert.equal(result.hint, null);
  }
  assert.equal(byName.get('listens-loopback')?.hint, 'Bind it to all addresses');
  const failed = Object.keys(failing).length;
  const passed = results.length - failed - 1;
  assert.deepEqual(sums, { lab: name, engine: 'local', status: 'error', passed, failed, errors: 1 });
});

test('some of them, by name; one that the lab does not have is refused', async () => {
  const { results, status } = await report('?check=listens,shares');
  assert.deepEqual(
    results.map((one) => one.name),
    ['listens', 'shares'],
  );
  assert.equal(status, 'pass');
  const unknown = await labs.call('post', `/labs/${name}/check?check=listen`);
  assert.equal(unknown.status, 400);
  assert.match(unknown.body.detail, /no check "listen"/);
});

test('a statement that is broken on purpose is found, and waited for until it holds', async () => {
  await docker('network', 'disconnect', `${name}-lan`, `${name}-near`);
  const broken = await report('?check=reaches,address-in');
  assert.deepEqual(
    broken.results.map(({ status }) => status),
    ['fail', 'fail'],
  );
  // The time is longer than this file may take: that an answer comes proves that it did not wait for its end.
  const waiting = report('?check=reaches,address-in&wait=1h');
  await docker('network', 'connect', `${name}-lan`, `${name}-near`);
  const healed = await waiting;
  assert.equal(healed.status, 'pass');
  const never = await report('?check=listens-not&wait=1s');
  assert.equal(never.status, 'fail');
});

test('as JUnit XML for CI', async () => {
  const answer = await labs
    .call('post', `/labs/${name}/check?check=listens,listens-not,exec-none`)
    .set('accept', 'application/xml');
  assert.match(String(answer.headers['content-type']), /application\/xml/);
  const xml = answer.text ?? String(answer.body);
  assert.match(xml, /<testsuite name="[^"]+" tests="3" failures="1" errors="1"/);
  assert.match(xml, /<testcase [^>]*name="listens-not"[^>]*><failure message="web listens on tcp\/2223">/);
});

test('followed: all results, then those that change', async () => {
  const leaving = new AbortController();
  after(() => leaving.abort());
  const answer = await fetch(`${running.url}/api/v1/labs/${name}/check?check=listens,interfaces`, {
    method: 'POST',
    headers: { ...running.headers, accept: 'application/x-ndjson' },
    signal: leaving.signal,
  });
  assert.ok(answer.body !== null);
  const told: string[] = [];
  let stopped = false;
  for await (const result of readResults(answer.body)) {
    told.push(`${result.name} ${result.status}`);
    if (told.length === 2 && !stopped) {
      stopped = true;
      await docker('stop', '-t', '0', `${name}-alone`);
    }
    if (told.length === 3) break;
  }
  assert.deepEqual(told, ['listens pass', 'interfaces pass', 'interfaces fail']);
  await docker('start', `${name}-alone`);
});

test('of one instance of many', async () => {
  const many = labName();
  after(() => clearLab(many));
  await labs.apply(
    many,
    { containers: { a: { mode: 'closed' } }, checks: { lo: { container: 'a', interfaces: ['lo'] } } },
    '?instances=2',
  );
  const all = await labs.call('post', `/labs/${many}/check`);
  assert.deepEqual(
    all.body.results.map((one: CheckResult) => [one.instance, one.container, one.status]),
    [
      [1, `${many}-1-a`, 'pass'],
      [2, `${many}-2-a`, 'pass'],
    ],
  );
  const second = await labs.call('post', `/labs/${many}/check?instance=2`);
  assert.equal(second.body.results.length, 1);
  assert.equal((await labs.call('post', `/labs/${many}/check?instance=3`)).status, 400);
});

async function* readResults(body: ReadableStream<Uint8Array>): AsyncGenerator<CheckResult> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) yield JSON.parse(line) as CheckResult;
  }
}

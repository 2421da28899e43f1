// The check of daemon.json over HTTP, and what an engine has of its settings: docker0 as the Docker CLI shows it, and the dangers, found by asking.
import assert from 'node:assert/strict';
import { type AddressInfo, createServer } from 'node:net';
import test, { after } from 'node:test';
import type { DaemonConfigVerdict, EngineDaemonConfig } from '../../src/schemas/daemon-config.ts';
import { startApp, testToken } from '../support/app.ts';
import { lectureExample } from '../support/daemon-corpus.ts';
import { callDocker, docker } from '../support/engine.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { send } from '../support/raw-http.ts';

const running = await startApp({ after });

async function check(
  file: string | Uint8Array,
  { query = '', type = 'text/plain', url = running.url }: { query?: string; type?: string | null; url?: string } = {},
) {
  const answer = await fetch(`${url}/api/v1/daemon-config/check${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${testToken}`, ...(type !== null && { 'content-type': type }) },
    body: file,
  });
  return {
    status: answer.status,
    body: (await answer.json()) as DaemonConfigVerdict & { code: string; field?: string; detail: string; hint: string },
  };
}

const get = async (url: string, engine = 'local') => {
  const { status, body } = await send(url, {
    path: `/api/v1/engines/${engine}/daemon-config`,
    headers: running.headers,
  });
  return { status, body: body as EngineDaemonConfig };
};

test("the lecture's example, with the key and the reason", async () => {
  const { status, body } = await check(lectureExample);
  assert.equal(status, 200);
  assert.equal(body.verdict, 'fails');
  assert.equal(body.bridge, null);
  assert.equal(body.validateSays, 'configuration OK');
  assert.equal(body.problems[0]?.key, 'default-gateway');
  assert.match(body.problems[0].message, /does not lie in docker0's subnet 192\.168\.1\.0\/24/);
});

test('both content types are the raw text: what parsing would lose is seen', async () => {
  const twice = '{"mtu":1400,"mtu":1300}';
  for (const type of ['text/plain', 'application/json', 'text/plain; charset=utf-8']) {
    const { status, body } = await check(twice, { type });
    assert.equal(status, 200, type);
    assert.equal(body.problems[0]?.code, 'duplicate_key', type);
    assert.equal(body.bridge?.mtu, 1300);
  }
  assert.equal((await check('{"mtu":1400,}', { type: 'application/json' })).body.problems[0]?.code, 'malformed_json');
  // No text at all: UTF-16, as Windows writes it.
  const { body } = await check(new Uint8Array(Buffer.from('\ufeff{"mtu":1400}', 'utf16le')));
  assert.equal(body.bridge?.mtu, 1400);
});

test('an old docker0 is part of the question', async () => {
  const file = '{"default-gateway":"172.17.0.254"}';
  assert.equal((await check(file)).body.verdict, 'boots');
  assert.equal((await check(file, { query: '?docker0=192.168.1.9/24' })).body.verdict, 'fails');
  assert.equal((await check(file, { query: '?docker0=' })).body.verdict, 'boots');
  const pools = '{"default-address-pools":[{"base":"10.10.0.0/16","size":24}]}';
  const subnet = async (query: string) => (await check(pools, { query })).body.bridge?.subnet;
  assert.equal(await subnet('?docker0=172.17.0.1/16'), '172.17.0.0/16');
  assert.equal(await subnet('?docker0=172.17.0.1/16&dataRoot=kept'), '10.10.0.0/24');
});

test('an empty file is one: dockerd starts with it', async () => {
  const { status, body } = await check('');
  assert.equal(status, 200);
  assert.equal(body.verdict, 'boots');
  assert.equal(body.bridge?.address, '172.17.0.1/16');
});

test('bad input is refused, and names the culprit', async () => {
  const large = await check(`{"labels":["a=${'x'.repeat(300_000)}"]}`);
  assert.deepEqual([large.status, large.body.code], [413, 'payload_too_large']);

  const yaml = await check('mtu: 1400', { type: 'application/yaml' });
  assert.deepEqual([yaml.status, yaml.body.code], [415, 'unsupported_media_type']);
  assert.match(yaml.body.hint, /text\/plain/);

  const none = await send(running.url, {
    method: 'POST',
    path: '/api/v1/daemon-config/check',
    headers: running.headers,
  });
  assert.deepEqual([none.status, none.body.code], [400, 'invalid_request']);
  assert.match(none.body.detail, /there is none/);

  const address = await check('{}', { query: '?docker0=172.17.0.1' });
  assert.deepEqual([address.status, address.body.code, address.body.field], [400, 'invalid_request', 'docker0']);
  assert.match(address.body.detail, /"172\.17\.0\.1"/);

  for (const query of ['?engineVersion=latest', '?dataRoot=old', '?docker1=x'])
    assert.equal((await check('{}', { query })).status, 400, query);

  const anonymous = await fetch(`${running.url}/api/v1/daemon-config/check`, { method: 'POST', body: '{}' });
  assert.equal(anonymous.status, 401);
});

test('the check needs no engine', async (t) => {
  const away = await startApp(t, { env: { DOCKER_HOST: 'unix:///nowhere/docker.sock' } });
  assert.equal((await check(lectureExample, { url: away.url })).body.verdict, 'fails');
  const { status } = await get(away.url);
  assert.equal(status, 503);
});

test('docker0 as the Docker CLI shows it', async () => {
  const { status, body } = await get(running.url);
  assert.equal(status, 200);
  const network = await callDocker('GET', '/networks/bridge');
  const [config] = network.IPAM.Config;
  assert.equal(body.bridge?.subnet, config.Subnet);
  assert.equal(body.bridge?.gateway, config.Gateway);
  assert.equal(body.bridge?.mtu, Number(network.Options['com.docker.network.driver.mtu']));
  assert.equal(body.bridge?.ipv6, network.EnableIPv6);
  assert.equal(body.effective.icc, network.Options['com.docker.network.bridge.enable_icc'] === 'true');
  assert.equal(body.version, (await docker('version', '--format', '{{.Server.Version}}')).stdout.trim());
  assert.equal(body.endpoints[0]?.foundBy, 'configured');
  // Written into a file, its settings make the same docker0.
  const again = await check(JSON.stringify(body.effective));
  assert.deepEqual(again.body.bridge, body.bridge);
});

test('no such engine', async () => {
  assert.equal((await get(running.url, 'nowhere')).status, 404);
});

test('a port of Docker on which no engine answers is no danger', async (t) => {
  const other = createServer((socket) => socket.end('HTTP/1.0 404 Not Found\r\n\r\n'));
  t.after(() => other.close());
  const bound = await new Promise<boolean>((resolve) => {
    other.once('error', () => resolve(false));
    other.listen(2376, '127.0.0.1', () => resolve(true));
  });
  if (!bound) return t.skip('port 2376 is in use here');
  const { body } = await get(running.url);
  const found = body.endpoints.find(
    ({ address }) => address === `tcp://127.0.0.1:${(other.address() as AddressInfo).port}`,
  );
  assert.deepEqual(found, {
    address: 'tcp://127.0.0.1:2376',
    foundBy: 'listening',
    answers: 'nobody',
    answersContainers: false,
  });
  assert.deepEqual(
    body.problems.filter(({ message }) => message.includes(':2376')),
    [],
  );
});

test('an engine that is open to the network and to its containers', { skip: whyNoPrivateEngine() }, async (t) => {
  const engine = await startPrivateEngine(t, {
    image: 'busybox:latest',
    args: ['--tls=false', '--host', 'tcp://0.0.0.0:2375'],
  });
  const app = await startApp(t, { env: { DOCKER_HOST: engine.host } });
  const { body } = await get(app.url);
  assert.deepEqual(body.endpoints.slice(1), [
    { address: 'tcp://[::]:2375', foundBy: 'listening', answers: 'everybody', answersContainers: true },
  ]);
  assert.deepEqual(
    body.problems.map(({ code }) => code),
    ['open_to_containers', 'open_to_the_network'],
  );
  // True as said: a container gets an answer from the engine.
  const gateway = body.bridge?.gateway;
  const asked = await engine.docker('run', '--rm', 'busybox:latest', 'wget', '-qO-', `http://${gateway}:2375/_ping`);
  assert.equal(asked.stdout, 'OK');
  // Where nobody may look at the host, what a container sees is told all the same.
  const blind = await startApp(t, { env: { DOCKER_HOST: engine.host, TERRARIUM_RULES: 'off' } });
  const { body: seen } = await get(blind.url);
  assert.ok(seen.problems.some(({ code }) => code === 'open_to_containers'));
  assert.match(seen.unknown[0] ?? '', /TERRARIUM_RULES/);
  await blind.close();
  // Nothing of ours is left.
  await app.close();
  assert.equal((await engine.docker('ps', '--all', '--quiet')).stdout, '');
});

test('an engine that listens for this host alone, with an address of its own on docker0', {
  skip: whyNoPrivateEngine(),
}, async (t) => {
  const engine = await startPrivateEngine(t, {
    image: 'busybox:latest',
    args: [
      '--tls=false',
      '--host',
      'tcp://127.0.0.1:2375',
      '--bip',
      '192.168.77.5/24',
      '--default-gateway',
      '192.168.77.1',
      '--fixed-cidr',
      '192.168.77.128/25',
      '--icc=false',
      '--mtu',
      '1400',
    ],
  });
  const app = await startApp(t, { env: { DOCKER_HOST: engine.host } });
  const { body } = await get(app.url);
  assert.deepEqual(body.bridge, {
    address: '192.168.77.5/24',
    subnet: '192.168.77.0/24',
    ipRange: '192.168.77.128/25',
    gateway: '192.168.77.5',
    mtu: 1400,
    ipv6: false,
  });
  assert.equal(body.defaultRoute?.ipv4, '192.168.77.1');
  assert.equal(body.effective.icc, false);
  assert.deepEqual(
    body.problems.map(({ code }) => code),
    ['unauthenticated_tcp'],
  );
  assert.deepEqual((await check(JSON.stringify(body.effective))).body.bridge, body.bridge);
});

// Each code of the closed list that an engine can cause, by provoking it for real.
import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import type { CreateBody } from '../../src/domain/container/create-body.ts';
import { connectEngine } from '../../src/engine/docker/docker-engine.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { ErrorCode } from '../../src/schemas/error-codes.ts';
import { Failure } from '../../src/schemas/failure.ts';
import {
  createTestContainer,
  createTestNetwork,
  findFreePort,
  localEndpoint,
  removeContainer,
  removeNetwork,
} from '../support/engine.ts';
import { testLabels, uniqueName } from '../support/run-id.ts';

function connect(t: TestContext, endpoint = localEndpoint()): Engine {
  const engine = connectEngine({ name: 'local', endpoint });
  t.after(() => engine.close());
  return engine;
}

async function fails(code: ErrorCode, call: Promise<unknown>, detail?: RegExp): Promise<Failure> {
  let failure: unknown;
  await call.then(
    () => assert.fail(`it succeeded instead of ${code}`),
    (error) => {
      failure = error;
    },
  );
  assert.ok(failure instanceof Failure, String(failure));
  assert.equal(failure.code, code, failure.message);
  if (detail !== undefined) assert.match(failure.message, detail);
  return failure;
}

const body = (overrides: Partial<CreateBody> = {}): CreateBody => ({
  Image: 'busybox:latest',
  Cmd: ['sleep', '3600'],
  Labels: testLabels,
  ...overrides,
  HostConfig: { NetworkMode: 'none', Init: true, ...overrides.HostConfig },
});

/** Creates a container that the test removes, and answers its id. */
async function create(t: TestContext, engine: Engine, overrides?: Partial<CreateBody>): Promise<string> {
  const name = uniqueName('error');
  t.after(() => removeContainer(name));
  return (await engine.createContainer(name, body(overrides))).id;
}

const publish = (hostIp: string, hostPort: number, protocol = 'tcp'): Partial<CreateBody> => ({
  ExposedPorts: { [`80/${protocol}`]: {} },
  HostConfig: {
    NetworkMode: 'bridge',
    PortBindings: { [`80/${protocol}`]: [{ HostIp: hostIp, HostPort: String(hostPort) }] },
  },
});

test('what is not there is not found, by kind', async (t) => {
  const engine = connect(t);
  const gone = uniqueName('gone');
  await fails('container_not_found', engine.inspectContainer(gone), new RegExp(gone));
  await fails('container_not_found', engine.startContainer(gone), new RegExp(gone));
  await fails('container_not_found', engine.removeContainer(gone), new RegExp(gone));
  await fails('container_not_found', engine.createExec(gone, { command: ['true'] }), new RegExp(gone));
  await fails('container_not_found', engine.attach(gone, { tty: false }), new RegExp(gone));
  await fails('container_not_found', engine.logs(gone, { tty: false }), new RegExp(gone));
  await fails('image_not_found', engine.inspectImage(`${gone}:v1`), new RegExp(`${gone}:v1`));
  await fails('image_not_found', engine.createContainer(undefined, body({ Image: gone })), new RegExp(gone));
  await fails('network_not_found', engine.inspectNetwork(gone), new RegExp(gone));
  await fails('network_not_found', engine.removeNetwork(gone), new RegExp(gone));
  const stray = await create(t, engine, { HostConfig: { NetworkMode: gone } });
  await fails('network_not_found', engine.startContainer(stray), new RegExp(gone));
  const joined = await create(t, engine, { HostConfig: { NetworkMode: `container:${gone}` } });
  await fails('container_not_found', engine.startContainer(joined), new RegExp(gone));
  await fails('container_not_running', engine.inspectExec('0123456789ab'), /command is gone/);
});

test('a taken name names its holder', async (t) => {
  const engine = connect(t);
  const { id, name } = await createTestContainer(t, { start: false });
  const failure = await fails('name_taken', engine.createContainer(name, body()), new RegExp(name));
  assert.deepEqual(failure.extra, { holder: { id } });
  const network = await createTestNetwork(t);
  await fails('name_taken', engine.createNetwork({ name: network.name, driver: 'bridge', labels: testLabels }));
});

test('a taken host port is named, whether a container or a program holds it', async (t) => {
  const engine = connect(t);
  const port = await findFreePort();
  await engine.startContainer(await create(t, engine, publish('', port)));
  const byContainer = await fails('port_in_use', engine.startContainer(await create(t, engine, publish('', port))));
  assert.equal(byContainer.extra.port, port);
  assert.equal(byContainer.extra.ip, '0.0.0.0');

  const server = createServer().listen(0, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port: taken } = server.address() as { port: number };
  const byProgram = await fails(
    'port_in_use',
    engine.startContainer(await create(t, engine, publish('127.0.0.1', taken))),
  );
  assert.deepEqual(byProgram.extra, { ip: '127.0.0.1', port: taken, protocol: 'tcp' });
});

test('a taken address and an overlapping subnet are conflicts', async (t) => {
  const engine = connect(t);
  const network = uniqueName('error');
  t.after(() => removeNetwork(network));
  await engine.createNetwork({ name: network, driver: 'bridge', labels: testLabels });
  const subnet = (await engine.inspectNetwork(network)).subnets[0]?.subnet ?? '';
  const overlapping = { name: uniqueName('error'), driver: 'bridge', labels: testLabels, subnets: [{ subnet }] };
  await fails('address_in_use', engine.createNetwork(overlapping), /subnet/);

  // Addresses can be chosen only where the subnet was: the same one again, this time asked for.
  await engine.removeNetwork(network);
  await engine.createNetwork({ name: network, driver: 'bridge', labels: testLabels, subnets: [{ subnet }] });
  const address = subnet.replace(/\.0\/\d+$/, '.77');
  const at: Partial<CreateBody> = {
    HostConfig: { NetworkMode: network },
    NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address } } } },
  };
  await engine.startContainer(await create(t, engine, at));
  await fails('address_in_use', engine.startContainer(await create(t, engine, at)), /address/);
  await fails('state_conflict', engine.removeNetwork(network), /active endpoints/);
});

test('what the state does not allow is a conflict', async (t) => {
  const engine = connect(t);
  const { id } = await createTestContainer(t, { start: false });
  await fails('container_not_running', engine.pauseContainer(id), /not running/);
  await fails('container_not_running', engine.killContainer(id, 'SIGTERM'), /not running/);
  await fails('container_not_running', engine.createExec(id, { command: ['true'] }), /not running/);
  await fails('container_not_running', engine.resizeContainer(id, { cols: 80, rows: 25 }), /not running/);
  const joined = await create(t, engine, { HostConfig: { NetworkMode: `container:${id}` } });
  await fails('container_not_running', engine.startContainer(joined), new RegExp(id.slice(0, 12)));

  await engine.startContainer(id);
  await fails('state_conflict', engine.unpauseContainer(id), /not paused/);
  await fails('state_conflict', engine.removeContainer(id), /running/);
  await engine.pauseContainer(id);
  await fails('state_conflict', engine.pauseContainer(id), /already paused/);
  await fails('state_conflict', engine.startContainer(id), /paused/);
  await fails('state_conflict', engine.createExec(id, { command: ['true'] }), /paused/);
});

test("what the engine refuses is refused in the engine's own words, without the layers around them", async (t) => {
  const engine = connect(t);
  const refused = (overrides: Partial<CreateBody>, words: RegExp) =>
    fails('engine_refused', engine.createContainer(undefined, body(overrides)), words);
  await refused({ HostConfig: { NetworkMode: 'none', Memory: 100 } }, /^Minimum memory limit allowed is 6MB$/);
  await refused({ HostConfig: { NetworkMode: 'none', CapAdd: ['NO_SUCH'] } }, /unknown capability/);
  await refused({ Image: 'UPPER CASE' }, /must be lowercase/);
  await refused({ WorkingDir: 'relative' }, /absolute path/);
  await fails('engine_refused', engine.createContainer('?', body()), /Invalid container name \(\?\)/);
  const { id } = await createTestContainer(t, { start: false });
  const { name } = await engine.inspectContainer(id);
  await fails(
    'engine_refused',
    engine.createContainer(undefined, body({ Hostname: 'x', HostConfig: { NetworkMode: `container:${name}` } })),
    /^conflicting options: hostname and the network mode$/,
  );
  const lost = await create(t, engine, { Cmd: ['no-such-program'], HostConfig: { NetworkMode: 'none', Init: false } });
  await fails(
    'engine_refused',
    engine.startContainer(lost),
    /^exec: "no-such-program": executable file not found in \$PATH$/,
  );
  const stranger = await create(t, engine, { User: 'nobody-of-that-name' });
  await fails('engine_refused', engine.startContainer(stranger), /unable to find user nobody-of-that-name/);
  await fails('engine_refused', engine.removeNetwork('bridge'), /pre-defined network/);
  await fails('engine_refused', engine.killContainer(id, 'NO-SUCH-SIGNAL'), /invalid signal/i);
});

test('an engine that is not there is unavailable, with the way out', async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'terrarium-errors-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const nothing = connect(t, `unix://${folder}/none.sock`);
  const missing = await fails('engine_unavailable', nothing.ping(), /there is no socket at unix:\/\/.*none\.sock/);
  assert.match(missing.hint ?? '', /DOCKER_HOST/);
  assert.ok((missing.retryAfter ?? 0) > 0);
  await fails('engine_unavailable', nothing.startContainer('web'), /there is no socket/);
  await fails(
    'engine_unavailable',
    connect(t, `tcp://127.0.0.1:${await findFreePort()}`).info(),
    /nothing listens on tcp:/,
  );
  await fails('engine_unavailable', connect(t, 'tcp://no-such-host.invalid:2375').ping(), /cannot be resolved/);
  await writeFile(path.join(folder, 'file'), '');
  await fails('engine_unavailable', connect(t, `unix://${folder}/file`).ping());
});

test('a socket that may not be used says who may', { skip: process.getuid?.() !== 0 && 'needs root' }, async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'terrarium-errors-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const socket = path.join(folder, 'engine.sock');
  const server = createServer().listen(socket);
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  await chmod(folder, 0o755);
  await chmod(socket, 0o600);
  const engine = connect(t, `unix://${socket}`);
  process.seteuid?.(65534);
  t.after(() => process.seteuid?.(0));
  const failure = await fails('engine_unavailable', engine.ping(), /may not use unix:/);
  process.seteuid?.(0);
  assert.match(failure.hint ?? '', /group.*DOCKER_GID/);
});

test('something else that answers is no engine', async (t) => {
  const listen = async (answer: string) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(answer));
    }).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    return connect(t, `tcp://127.0.0.1:${(server.address() as { port: number }).port}`);
  };
  const strange = /not a Docker Engine/;
  await fails('engine_unavailable', (await listen('220 mail.example.com ESMTP\r\n')).info(), strange);
  await fails(
    'engine_unavailable',
    (await listen('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')).info(),
    strange,
  );
  await fails(
    'engine_unavailable',
    (await listen('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')).info(),
    strange,
  );
  await fails('engine_unavailable', (await listen('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}')).info(), strange);
  const elsewhere = createServer((socket) => {
    elsewhereAsked = true;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  t.after(() => elsewhere.close());
  let elsewhereAsked = false;
  await new Promise((resolve) => elsewhere.once('listening', resolve));
  const { port } = elsewhere.address() as { port: number };
  for (const location of [`http://127.0.0.1:${port}/version`, `https://127.0.0.1:${port}/`, 'ftp://x/', 'nonsense:']) {
    const redirect = `HTTP/1.1 301 Moved\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`;
    await fails('engine_unavailable', (await listen(redirect)).info(), strange);
  }
  assert.equal(elsewhereAsked, false, 'a redirect is not followed');
  // What dockerd's TLS port says to plain HTTP.
  const tls = 'HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n';
  const failure = await fails('engine_unavailable', (await listen(tls)).info(), strange);
  assert.match(failure.hint ?? '', /TLS/);
});

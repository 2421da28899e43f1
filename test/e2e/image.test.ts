// The Dockerfile and docker-compose.yml, really built and really run: the API is driven through the published port of a
// container that is not root and has no capability.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import test from 'node:test';
import {
  docker,
  dockerApi,
  findFreePort,
  inspectContainer,
  listContainerIds,
  removeContainer,
  runCommand,
  waitFor,
} from '../support/engine.ts';
import { uniqueName } from '../support/run-id.ts';

const base = 'terrarium-test-base:trixie';
/** What this machine trusts: a proxy that opens TLS is trusted in the build as here. */
const authorities = process.env.NODE_EXTRA_CA_CERTS || '/etc/ssl/certs/ca-certificates.crt';

/** The group of the engine's socket, asked where the socket is: the engine may be on another machine. */
async function findSocketGroup(): Promise<string> {
  const mount = 'type=bind,source=/var/run/docker.sock,target=/docker.sock,readonly';
  const { code, stdout, stderr } = await docker(
    'run',
    '--rm',
    '--mount',
    mount,
    'busybox',
    'stat',
    '-c',
    '%g',
    '/docker.sock',
  );
  assert.equal(code, 0, stderr);
  return stdout.trim();
}

test('the image', async (t) => {
  const project = uniqueName('terrarium-image');
  const token = randomBytes(24).toString('hex');
  const port = await findFreePort();
  const env = {
    TERRARIUM_TOKEN: token,
    TERRARIUM_PORT: String(port),
    TERRARIUM_IMAGE: `${project}:test`,
    TERRARIUM_BASE_IMAGE: base,
    DOCKER_GID: await findSocketGroup(),
    ...(existsSync(authorities) && { TERRARIUM_BUILD_CA: authorities }),
  };
  const compose = (...args: string[]) =>
    runCommand('docker', ['compose', '--project-name', project, ...args], { env, timeoutMs: 280_000 });
  const takeDown = () => compose('down', '--volumes', '--rmi', 'all', '--timeout', '10');
  t.after(takeDown);

  const call = (method: string, path: string, body?: unknown) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
  const ownContainer = async () => {
    const [id = ''] = await listContainerIds(`com.docker.compose.project=${project}`);
    return inspectContainer(id);
  };

  await t.test('compose builds it, starts it, and it gets healthy', async () => {
    const up = await compose('up', '--build', '--detach', '--wait', '--wait-timeout', '60');
    const said = async () => `${up.stdout}${up.stderr}`.slice(-3_000) + (await compose('logs', '--no-color')).stdout;
    assert.equal(up.code, 0, up.code === 0 ? '' : await said());
    assert.equal((await ownContainer()).State.Health.Status, 'healthy');
  });

  await t.test('it is not root, has no capability, and cannot write its own files', async () => {
    const { Id: id, HostConfig: host } = await ownContainer();
    assert.equal(host.ReadonlyRootfs, true);
    assert.deepEqual(host.CapDrop, ['ALL']);
    assert.equal(host.Privileged, false);
    const look = 'id -u; grep -E "^(CapEff|NoNewPrivs)" /proc/1/status; touch /app/x || true; touch /tmp/x && echo tmp';
    const { stdout } = await docker('exec', id, 'sh', '-c', look);
    assert.match(stdout, /^10001\nCapEff:\s0000000000000000\nNoNewPrivs:\s1\ntmp\n$/);
  });

  await t.test('it is small, and the token is not in it', async () => {
    const { body: image } = await dockerApi('GET', `/images/${project}:test/json`);
    const { body: standIn } = await dockerApi('GET', `/images/${base}/json`);
    const added = (image.Size - standIn.Size) / 1e6;
    assert.ok(added < 180, `${added.toFixed(0)} MB on top of the base`);
    assert.equal(image.Config.User, '10001:10001');
    assert.ok(!JSON.stringify(image).includes(token));
  });

  await t.test('its port is published on loopback alone', async () => {
    const { NetworkSettings: network } = await ownContainer();
    assert.deepEqual(network.Ports['4242/tcp'], [{ HostIp: '127.0.0.1', HostPort: String(port) }]);
  });

  await t.test('the API works through it: create, list, observe, delete', async () => {
    const name = uniqueName('closed');
    t.after(() => removeContainer(name));
    assert.equal((await fetch(`http://127.0.0.1:${port}/api/v1/containers`)).status, 401);

    const created = await call('POST', '/api/v1/containers/closed', { name, command: ['nc', '-l', '-p', '2222'] });
    assert.equal(created.status, 201, await created.clone().text());
    const container = (await created.json()) as { id: string; mode: string; state: string };
    assert.deepEqual([container.mode, container.state], ['closed', 'running']);
    assert.equal((await inspectContainer(container.id)).HostConfig.NetworkMode, 'none');

    const listed = (await (await call('GET', '/api/v1/containers?mode=closed')).json()) as unknown;
    assert.ok(JSON.stringify(listed).includes(container.id));

    const listener = await waitFor(
      async () => {
        const answer = await call('GET', `/api/v1/containers/${container.id}/netstat`);
        assert.equal(answer.status, 200, await answer.clone().text());
        const { sockets } = (await answer.json()) as { sockets: { local: { port: number }; state: string }[] };
        return sockets.find(({ local, state }) => local.port === 2222 && state === 'LISTEN');
      },
      { what: 'the listener on 2222' },
    );
    assert.equal(listener.local.port, 2222);

    const deleted = await call('DELETE', `/api/v1/containers/${container.id}`);
    assert.equal(deleted.status, 204, await deleted.text());
    assert.equal((await dockerApi('GET', `/containers/${container.id}/json`)).status, 404);
  });

  await t.test('stopped by compose it ends at once, by itself, and leaves nothing', async () => {
    const { Id: id } = await ownContainer();
    const startedAt = Date.now();
    const stopped = await compose('stop', '--timeout', '10');
    assert.equal(stopped.code, 0, stopped.stderr);
    assert.equal((await inspectContainer(id)).State.ExitCode, 0);
    assert.ok(Date.now() - startedAt < 8_000, 'it was killed after the grace');

    const down = await takeDown();
    assert.equal(down.code, 0, down.stderr);
    assert.equal((await dockerApi('GET', `/containers/${id}/json`)).status, 404);
    assert.equal((await dockerApi('GET', `/networks/${project}_default`)).status, 404);
    assert.equal((await dockerApi('GET', `/images/${project}:test/json`)).status, 404);
  });
});

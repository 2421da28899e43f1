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
} from '../support/engine.ts';
import { uniqueName } from '../support/run-id.ts';
import { waitFor } from '../support/wait-for.ts';

const base = 'terrarium-test-base:trixie';
/** What this machine trusts: a proxy that opens TLS is trusted in the build as here. */
const authorities = process.env.NODE_EXTRA_CA_CERTS || '/etc/ssl/certs/ca-certificates.crt';

interface Mount {
  readonly Source: string;
  readonly Destination: string;
}

/** Of the bill of materials. */
interface Component {
  readonly 'bom-ref': string;
  readonly scope: string;
  readonly licenses: readonly unknown[];
  readonly properties?: unknown;
}

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
    const { Id: id, HostConfig: host, Mounts } = await ownContainer();
    assert.equal(host.ReadonlyRootfs, true);
    assert.deepEqual(host.CapDrop, ['ALL']);
    assert.equal(host.Privileged, false);
    assert.deepEqual(
      [host.NetworkMode, host.PidMode, host.IpcMode, host.UTSMode],
      [`${project}_default`, '', 'private', ''],
    );
    // Docker's own profiles, which this would take away.
    assert.deepEqual(host.SecurityOpt, ['no-new-privileges:true']);
    assert.deepEqual(
      Mounts.map(({ Source, Destination }: Mount) => [Source, Destination]),
      [['/var/run/docker.sock', '/var/run/docker.sock']],
    );
    const look = 'id -u; grep -E "^(CapEff|NoNewPrivs)" /proc/1/status; touch /app/x || true; touch /tmp/x && echo tmp';
    const { stdout } = await docker('exec', id, 'sh', '-c', look);
    assert.match(stdout, /^10001\nCapEff:\s0000000000000000\nNoNewPrivs:\s1\ntmp\n$/);
  });

  await t.test('it takes no more than it was given: processes, memory, log', async () => {
    const { Id: id, HostConfig: host } = await ownContainer();
    assert.deepEqual([host.PidsLimit, host.Memory, host.MemorySwap, host.NanoCpus], [64, 512 << 20, 512 << 20, 2e9]);
    assert.deepEqual(host.LogConfig, { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } });
    const seccomp = await docker('exec', id, 'grep', 'Seccomp:', '/proc/1/status');
    assert.match(seccomp.stdout, /^Seccomp:\s2\n$/);
    // A kernel without a limit of processes would let this through.
    const bomb = 'i=0; while [ $i -lt 90 ]; do sleep 2 & i=$((i+1)); done 2>&1';
    assert.match((await docker('exec', id, 'sh', '-c', bomb)).stdout, /[Cc]annot fork|Resource temporarily/);
    const processes = async () => (await docker('top', id)).stdout.split('\n').length;
    await waitFor(async (see) => see(await processes()) < 10, { what: 'the processes to end' });
  });

  await t.test('it says what software is in it, and under which licences', async () => {
    const { Id: id } = await ownContainer();
    const read = async (...command: string[]) => (await docker('exec', id, ...command)).stdout;
    const { components } = JSON.parse(await read('cat', '/app/sbom.cdx.json')) as { components: Component[] };
    const list = `
      const { readdirSync, readFileSync } = require('node:fs');
      for (const file of readdirSync('node_modules', { recursive: true }))
        if (/(^|node_modules\\/)(@[^/]+\\/)?[^/]+\\/package\\.json$/.test(file)) {
          const { name, version } = JSON.parse(readFileSync('node_modules/' + file, 'utf8'));
          console.log(name + '@' + version);
        }`;
    const installed = new Set((await read('node', '-e', list)).split('\n').filter((line) => line !== ''));
    assert.ok(installed.size > 100);
    const shipped = components.filter(({ properties, scope }) => properties === undefined && scope !== 'optional');
    const optional = components.filter(({ scope }) => scope === 'optional').map((one) => one['bom-ref']);
    assert.deepEqual(
      shipped.map((one) => one['bom-ref']).sort(),
      [...installed].filter((one) => !optional.includes(one)).sort(),
    );
    for (const one of components) assert.equal(one.licenses.length, 1, one['bom-ref']);
    assert.ok(
      components.some(({ properties }) => properties !== undefined),
      'and what the dashboard is made of',
    );
  });

  await t.test('it is small, and the token is not in it', async () => {
    const { body: image } = await dockerApi('GET', `/images/${project}:test/json`);
    const { body: standIn } = await dockerApi('GET', `/images/${base}/json`);
    const added = (image.Size - standIn.Size) / 1e6;
    assert.ok(added < 180, `${added.toFixed(0)} MB on top of the base`);
    assert.equal(image.Config.User, '10001:10001');
    assert.ok(!JSON.stringify(image).includes(token));
    const { stdout: history } = await docker('history', '--no-trunc', '--format', '{{.CreatedBy}}', `${project}:test`);
    assert.ok(history.includes('nodejs') && !history.includes(token));
    // The secret of the build stays there.
    const { Id: id } = await ownContainer();
    assert.equal((await docker('exec', id, 'ls', '/run/ca.crt')).code, 2);
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
      async (see) => {
        const answer = await call('GET', `/api/v1/containers/${container.id}/netstat`);
        assert.equal(answer.status, 200, await answer.clone().text());
        const { sockets } = (await answer.json()) as { sockets: { local: { port: number }; state: string }[] };
        return see(sockets).find(({ local, state }) => local.port === 2222 && state === 'LISTEN');
      },
      { what: 'the listener on 2222' },
    );
    assert.equal(listener.local.port, 2222);

    const deleted = await call('DELETE', `/api/v1/containers/${container.id}`);
    assert.equal(deleted.status, 204, await deleted.text());
    assert.equal((await dockerApi('GET', `/containers/${container.id}/json`)).status, 404);
  });

  await t.test('the dashboard is in it, and so is the documentation', async () => {
    const page = await (await fetch(`http://127.0.0.1:${port}/`)).text();
    const [, script = ''] = /src="(\/assets\/[^"]+\.js)"/.exec(page) ?? [];
    for (const path of [script, '/docs', '/assets/docs.js'])
      assert.equal((await fetch(`http://127.0.0.1:${port}${path}`)).status, 200, path || page);
  });

  await t.test('stopped by compose it ends at once, by itself, and leaves nothing', async () => {
    const { Id: id } = await ownContainer();
    const stopped = await compose('stop', '--timeout', '10');
    assert.equal(stopped.code, 0, stopped.stderr);
    assert.equal((await inspectContainer(id)).State.ExitCode, 0, '137 is a kill after the grace');

    const down = await takeDown();
    assert.equal(down.code, 0, down.stderr);
    assert.equal((await dockerApi('GET', `/containers/${id}/json`)).status, 404);
    assert.equal((await dockerApi('GET', `/networks/${project}_default`)).status, 404);
    assert.equal((await dockerApi('GET', `/images/${project}:test/json`)).status, 404);
  });
});

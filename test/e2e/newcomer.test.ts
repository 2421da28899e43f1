// @lane sweep
// A newcomer's first hour on a machine that has nothing: clone, `npm start`, the README's tour as written, stop, start
// again. Engine, image, dependencies and build all come from the set-up.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { type MachineProgram, startBareMachine } from '../support/bare-machine.ts';
import { extractTour } from '../support/readme-tour.ts';
import { type See, waitFor } from '../support/wait-for.ts';

const home = '/root/terrarium';
const url = 'http://127.0.0.1:4242';

// The first start on a bare machine is what continuous integration does with its clone. Here it also installs a distribution, which takes two minutes of
// CPU time: so it runs only in a sweep.
test('a newcomer on a bare machine', async (t) => {
  const machine = await startBareMachine(t);
  await machine.mustRun('git', 'config', '--global', 'safe.directory', '*');
  await machine.mustRun('git', 'clone', '--quiet', '/repository', home);

  const isReady = async () => (await machine.run('curl', '-sf', '-o', '/dev/null', `${url}/readyz`)).code === 0;
  const waitUntilReady = async (server: MachineProgram, timeoutMs: number) => {
    const isUp = async (see: See) => {
      see(server.output());
      return server.hasEnded() || (await isReady());
    };
    await waitFor(isUp, { what: 'the server to be ready', timeoutMs, intervalMs: 20 });
    assert.ok(!server.hasEnded(), `npm start ended: ${server.output()}`);
  };
  const listAll = async () =>
    (await machine.mustRun('docker', 'ps', '--all', '--format', '{{.Names}}')).split('\n').filter(Boolean);

  await t.test('TERRARIUM_NO_INSTALL=1 says what is missing in one line and changes nothing', async () => {
    const { code, stdout, stderr } = await machine.run('env', '-C', home, 'TERRARIUM_NO_INSTALL=1', 'npm', 'start');
    assert.equal(code, 1);
    assert.match(stdout, /^setup node: there \(v\d+\.\d+\.\d+\)$/m);
    const line = stderr.split('\n').filter((said) => said.startsWith('setup: '));
    assert.equal(line.length, 1, stderr);
    assert.match(line[0] ?? '', /nothing was changed; missing: npm packages .* build.*; a Docker Engine; .*busybox/);
    assert.notEqual((await machine.run('dockerd', '--version')).code, 0);
    assert.equal(await machine.mustRun('git', '-C', home, 'status', '--short', '--ignored'), '');
  });

  await t.test('npm start does all the set-up, each step in one line, and prints the URL', async (t) => {
    const server = machine.start(home, 'npm', 'start');
    t.after(() => server.stop('TERM'));
    await waitUntilReady(server, 180_000);
    const said = server.output();
    for (const step of ['dependencies', 'build', 'engine', 'image']) {
      assert.match(said, new RegExp(`^setup ${step}: .+ … done in [\\d.]+ s$`, 'm'));
    }
    assert.ok(said.includes(url), said);

    await t.test("the README's tour works as written", async () => {
      const tour = extractTour(await readFile('README.md', 'utf8'));
      const { code, stdout, stderr } = await machine.run('env', '-C', home, 'bash', '-e', '-c', tour);
      assert.equal(code, 0, `${stdout}\n${stderr}\n${server.output().slice(-3_000)}`);
      t.diagnostic(`the tour printed ${stdout.length} characters`);
      // What the tour promises to show.
      assert.match(stdout, /lo {8}Link encap:Local Loopback/, 'closed: its only interface');
      assert.match(stdout, /2222\/tcp -> /, 'open: docker port');
      assert.match(stdout, /:::2222|0\.0\.0\.0:2222/, 'joined: the socket of the web server');
      assert.match(stdout, /eth0 {6}Link encap:Ethernet/, 'bridged: an interface with an address');
      assert.match(stdout, /"type":"snapshot"/, 'live: the first frame');
      assert.match(stdout, /"added":\[\{[^\]]*1111/, 'live: the port that was opened while watching');
    });

    await t.test('the tour leaves nothing', async () => {
      await waitFor(async (see) => see(await listAll()).length === 0, { what: 'the helpers to end' });
    });

    await t.test('SIGTERM ends it in order, also while someone watches', async () => {
      await machine.mustRun('docker', 'run', '--detach', '--name', 'watched', 'busybox', 'sleep', '600');
      const token = (await machine.mustRun('cat', '/root/.local/state/terrarium/token')).trim();
      const headers = ['-H', `Authorization: Bearer ${token}`, '-H', 'Accept: application/x-ndjson'];
      const watcher = machine.start('/', 'curl', '-sSN', ...headers, `${url}/api/v1/containers/watched/netstat`);
      await waitFor((see) => see(watcher.output()).includes('"snapshot"'), { what: 'the first frame' }).catch((error) =>
        Promise.reject(new Error(watcher.output(), { cause: error })),
      );
      assert.equal((await listAll()).length, 2, 'the container and the helper that looks at it');
      assert.equal(await server.stop('TERM'), 0);
      assert.equal(await isReady(), false, 'something still listens');
      assert.deepEqual(await listAll(), ['watched'], 'a helper outlived the server');
      await machine.mustRun('docker', 'rm', '--force', 'watched');
    });
  });

  await t.test('a second npm start has nothing to set up', async (t) => {
    const startedAt = performance.now();
    const server = machine.start(home, 'npm', 'start');
    t.after(() => server.stop('TERM'));
    await waitUntilReady(server, 60_000);
    const elapsed = performance.now() - startedAt;
    t.diagnostic(`ready after ${(elapsed / 1000).toFixed(2)} s`);
    for (const step of ['dependencies', 'build', 'engine', 'image']) {
      assert.match(server.output(), new RegExp(`^setup ${step}: already there`, 'm'));
    }
    assert.equal(await server.stop('INT'), 0);
  });

  await t.test('where a registry can be reached, the default image is pulled', async () => {
    await machine.mustRun('apt-get', 'update', '-qq');
    await machine.mustRun('apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'docker-registry');
    const settings = '{version: 0.1, storage: {inmemory: {}}, http: {addr: "127.0.0.1:5000"}}';
    await machine.mustRun('sh', '-c', `echo '${settings}' > /root/registry.yml`);
    machine.start('/', 'docker-registry', 'serve', '/root/registry.yml');
    const copy = '127.0.0.1:5000/library/busybox:latest';
    await machine.mustRun('docker', 'tag', 'busybox:latest', copy);
    await waitFor(async (see) => see((await machine.run('docker', 'push', '--quiet', copy)).code) === 0, {
      what: 'the registry',
    });
    await machine.mustRun('docker', 'image', 'rm', 'busybox:latest', copy);
    // The same engine with a mirror of Docker Hub: what a machine with a way out has.
    const mirrors = '{"registry-mirrors": ["http://127.0.0.1:5000"]}';
    await machine.mustRun(
      'sh',
      '-c',
      `echo '${mirrors}' > /etc/docker/daemon.json; kill -HUP $(cat /var/run/docker.pid)`,
    );
    await machine.mustRun('node', `${home}/scripts/setup.mjs`, 'image');
    const digests = await machine.mustRun('docker', 'image', 'inspect', '--format', '{{len .RepoDigests}}', 'busybox');
    assert.equal(digests, '1\n', 'an image that was made here has no digest of a registry');
  });
});

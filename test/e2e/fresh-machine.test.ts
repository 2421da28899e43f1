// The set-up on a machine that has nothing: a bare Debian with Node, played by a privileged container with a network and
// an engine of its own. It must not depend on what this machine happens to have.
import assert from 'node:assert/strict';
import path from 'node:path';
import test from 'node:test';
import { createTestContainer, docker, waitFor } from '../support/engine.ts';

const base = 'terrarium-test-base:trixie';

test('a bare Debian machine', async (t) => {
  const machine = await createTestContainer(t, {
    body: {
      Image: base,
      Cmd: ['sleep', 'infinity'],
      Env: ['DEBIAN_FRONTEND=noninteractive'],
      HostConfig: {
        Privileged: true,
        CgroupnsMode: 'private',
        Mounts: [
          { Type: 'bind', Source: path.resolve('scripts'), Target: '/app/scripts', ReadOnly: true },
          { Type: 'volume', Target: '/var/lib/docker' },
        ],
      },
    },
  });
  const run = (...command: string[]) => docker('exec', machine.id, ...command);
  const setup = (...args: string[]) => run('node', '/app/scripts/setup.mjs', ...args);
  const mustRun = async (...command: string[]) => {
    const { code, stdout, stderr } = await run(...command);
    assert.equal(code, 0, `${command.join(' ')}: ${stderr}`);
    return stdout;
  };

  await mustRun('apt-get', 'update', '-qq');
  await mustRun('apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'nodejs');
  // A fresh machine has no package lists either.
  await mustRun('sh', '-c', 'rm -rf /var/lib/apt/lists/*');

  await t.test('TERRARIUM_NO_INSTALL=1 says what is missing and changes nothing', async () => {
    const { code, stderr } = await run(
      'env',
      'TERRARIUM_NO_INSTALL=1',
      'node',
      '/app/scripts/setup.mjs',
      'engine',
      'image',
    );
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^setup: TERRARIUM_NO_INSTALL is set, so nothing was changed; missing: a Docker Engine; .*\n$/,
    );
    assert.notEqual((await run('dockerd', '--version')).code, 0);
  });

  await t.test('the engine is installed and started, and the default image made', async () => {
    const { code, stdout, stderr } = await setup('engine', 'image');
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^setup engine: installing docker\.io and starting dockerd … done in [\d.]+ s$/m);
    assert.match(stdout, /^setup image: getting busybox:latest .* done in [\d.]+ s$/m);
    const shown = await mustRun('docker', 'run', '--rm', 'busybox', 'sh', '-c', 'id -un; ifconfig eth0; netstat -tan');
    assert.match(shown, /^root\neth0 .*Active Internet connections/s);
    assert.equal(await mustRun('docker', 'run', '--rm', '--user', 'nobody', 'busybox', 'id', '-un'), 'nobody\n');
  });

  await t.test('the second time there is nothing to do', async () => {
    const { code, stdout } = await setup('engine', 'image');
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^setup engine: already there \(Docker Engine .*\)\nsetup image: already there \(busybox:latest\)\n$/,
    );
  });

  await t.test('where a registry can be reached, the image is pulled', async () => {
    await mustRun('apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'docker-registry');
    const settings = '{version: 0.1, storage: {inmemory: {}}, http: {addr: "127.0.0.1:5000"}}';
    await mustRun('sh', '-c', `echo '${settings}' > /root/registry.yml`);
    await mustRun('sh', '-c', 'docker-registry serve /root/registry.yml >/var/log/registry.log 2>&1 &');
    const copy = '127.0.0.1:5000/library/busybox:latest';
    await mustRun('docker', 'tag', 'busybox:latest', copy);
    await waitFor(async () => (await run('docker', 'push', '--quiet', copy)).code === 0, { what: 'the registry' });
    await mustRun('docker', 'image', 'rm', 'busybox:latest', copy);
    // The same engine with a mirror of Docker Hub: what a machine with a way out has.
    await mustRun('sh', '-c', `echo '{"registry-mirrors": ["http://127.0.0.1:5000"]}' > /etc/docker/daemon.json`);
    await mustRun('sh', '-c', 'kill -HUP $(cat /var/run/docker.pid)');
    const { code, stderr } = await setup('image');
    assert.equal(code, 0, stderr);
    const digests = await mustRun('docker', 'image', 'inspect', '--format', '{{len .RepoDigests}}', 'busybox:latest');
    assert.equal(digests, '1\n', 'an image that was made here has no digest of a registry');
  });
});

// The pure parts of the set-up's steps: what they conclude from what they read.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test, { describe } from 'node:test';
import { loadScript } from '../support/script.ts';

const { isNodeNewEnough } = await loadScript('setup/node-version.mjs');
const { findDifference } = await loadScript('setup/dependencies.mjs');
const { describeErrors, hashFiles } = await loadScript('setup/build.mjs');
const { findEndpoint } = await loadScript('setup/docker-endpoint.mjs');
const { findFailure } = await loadScript('setup/docker-api.mjs');
const { isDebianLike, selectOffered } = await loadScript('setup/apt.mjs');
const { explainNoEngine } = await loadScript('setup/engine.mjs');
const { isCheckOnly } = await loadScript('setup/runner.mjs');
const { chooseStartSteps } = await loadScript('setup/steps.mjs');

test('Node is new enough from 20.19 on', () => {
  for (const version of ['20.19.0', '20.20.2', '22.0.0', '100.1.0']) assert.ok(isNodeNewEnough(version), version);
  for (const version of ['20.18.9', '18.20.0', '9.99.0']) assert.ok(!isNodeNewEnough(version), version);
});

describe('installed packages against the lock file', () => {
  const one = { version: '1.0.0', integrity: 'sha512-a' };
  const locked = {
    packages: { '': { name: 'x' }, 'node_modules/a': one, 'node_modules/b': { ...one, optional: true } },
  };

  test('all installed, without an optional one of another platform', () => {
    assert.equal(findDifference(locked, { packages: { 'node_modules/a': one } }), undefined);
    assert.equal(findDifference(locked, { packages: { 'node_modules/a': one, 'node_modules/b': one } }), undefined);
  });

  test('nothing installed, one missing, another version, other bytes, one too many', () => {
    assert.equal(findDifference(locked, undefined), 'node_modules/a');
    assert.equal(findDifference(locked, { packages: {} }), 'node_modules/a');
    const differs = (entry: object) => findDifference(locked, { packages: { 'node_modules/a': { ...one, ...entry } } });
    assert.equal(differs({ version: '1.0.1' }), 'node_modules/a');
    assert.equal(differs({ integrity: 'sha512-b' }), 'node_modules/a');
    const extra = { packages: { 'node_modules/a': one, 'node_modules/c': one } };
    assert.equal(findDifference(locked, extra), 'node_modules/c');
  });
});

test('the hash of the build changes with a content, a name and a new file, and with nothing else', async (t) => {
  const root = await mkdtemp(path.join(os.tmpdir(), 'terrarium-hash-'));
  t.after(() => rm(root, { recursive: true, force: true }));
  await mkdir(path.join(root, 'src/deep'), { recursive: true });
  await writeFile(path.join(root, 'src/deep/a.ts'), 'one');
  await writeFile(path.join(root, 'tsconfig.json'), '{}');
  const hash = () => hashFiles(root, ['src', 'tsconfig.json', 'absent']);
  const seen = [await hash()];
  await writeFile(path.join(root, 'outside.ts'), 'not an input');
  assert.equal(await hash(), seen[0]);
  await writeFile(path.join(root, 'src/deep/a.ts'), 'two');
  seen.push(await hash());
  await writeFile(path.join(root, 'src/b.ts'), '');
  seen.push(await hash());
  await writeFile(path.join(root, 'tsconfig.json'), '{ }');
  seen.push(await hash());
  assert.equal(new Set(seen).size, seen.length);
});

test('a build that fails is told by its first error', () => {
  const output = "src/a.ts(1,2): error TS2307: Cannot find './b.ts'.\n  more about it\nsrc/c.ts(3,4): error TS1: no\n";
  assert.equal(
    describeErrors(output),
    "the sources do not compile (2 errors; npm run typecheck shows all): src/a.ts(1,2): error TS2307: Cannot find './b.ts'.",
  );
});

describe('DOCKER_HOST', () => {
  test('names the socket or the address', () => {
    assert.deepEqual(findEndpoint({}).request, { socketPath: '/var/run/docker.sock' });
    assert.equal(findEndpoint({ DOCKER_HOST: '' }).explicit, false);
    const cases: [string, object][] = [
      ['unix:///run/user/1000/docker.sock', { socketPath: '/run/user/1000/docker.sock' }],
      ['tcp://127.0.0.1:2375', { host: '127.0.0.1', port: 2375 }],
      ['tcp://engine.lan', { host: 'engine.lan', port: 2375 }],
      ['tcp://[::1]:2999', { host: '::1', port: 2999 }],
    ];
    for (const [value, request] of cases) {
      const endpoint = findEndpoint({ DOCKER_HOST: value });
      assert.deepEqual(endpoint, { label: value, explicit: true, request });
    }
  });

  test('of another kind is refused by name', () => {
    for (const value of ['ssh://root@host', 'unix://', 'tcp://', 'nonsense', 'tcp://host:port', 'fd://']) {
      assert.throws(() => findEndpoint({ DOCKER_HOST: value }), {
        name: 'SetupError',
        message: new RegExp(`DOCKER_HOST is "${value}"`),
      });
    }
  });
});

test('a pull that failed is found in a stream that began with 200', () => {
  const line = (value: object) => `${JSON.stringify(value)}\r\n`;
  assert.equal(findFailure({ status: 200, body: line({ status: 'Pulling' }) + line({ status: 'Done' }) }), undefined);
  assert.equal(
    findFailure({ status: 200, body: line({ status: 'Pulling' }) + line({ error: 'no space' }) }),
    'no space',
  );
  assert.equal(findFailure({ status: 404, body: line({ message: 'not found' }) }), 'not found');
  assert.equal(findFailure({ status: 500, body: '' }), 'the engine answered 500');
  assert.match(findFailure({ status: 200, body: '<html>' }), /not JSON/);
});

test('Debian, Ubuntu and what is made of them are known by /etc/os-release', () => {
  for (const text of [
    'ID=debian\n',
    'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n',
    'ID=linuxmint\nID_LIKE="ubuntu debian"\n',
  ]) {
    assert.ok(isDebianLike(text), text);
  }
  for (const text of ['ID=fedora\n', 'ID="rhel"\nID_LIKE="fedora"\n', 'VERSION_ID=debian\n', ''])
    assert.ok(!isDebianLike(text), text);
});

test('packages that the release does not have are left out', () => {
  const policy = `docker-cli:
  Installed: (none)
  Candidate: 26.1.5+dfsg1-9
  Version table:
docker-compose-v2:
  Installed: (none)
  Candidate: (none)
  Version table:
`;
  assert.deepEqual(selectOffered(['docker-cli', 'docker-compose-v2', 'unheard-of'], policy), ['docker-cli']);
});

test('what to do without an engine depends on the machine', () => {
  assert.match(explainNoEngine({ platform: 'linux', error: { code: 'EACCES' } }), /group "docker"/);
  assert.match(explainNoEngine({ platform: 'darwin', error: { code: 'ENOENT' } }), /Docker Desktop/);
  assert.match(explainNoEngine({ platform: 'linux', error: { code: 'ENOENT' } }), /as root on Debian or Ubuntu/);
});

test('TERRARIUM_NO_INSTALL=1 only checks; 0, false and empty do not', () => {
  for (const value of ['1', 'true', 'yes']) assert.ok(isCheckOnly({ TERRARIUM_NO_INSTALL: value }), value);
  for (const value of ['0', 'false', '', undefined]) assert.ok(!isCheckOnly({ TERRARIUM_NO_INSTALL: value }), value);
});

test('engines that the server is led to by a file, by TLS or by SSH are not set up', () => {
  const names = (env: Record<string, string>) => chooseStartSteps(env).map(({ name }: { name: string }) => name);
  const whole = ['node', 'dependencies', 'build', 'engine', 'image'];
  for (const env of [
    {},
    { DOCKER_HOST: 'tcp://127.0.0.1:2375' },
    { TERRARIUM_ENGINES_FILE: '', DOCKER_TLS_VERIFY: '' },
  ])
    assert.deepEqual(names(env), whole, JSON.stringify(env));
  for (const env of [
    { TERRARIUM_ENGINES_FILE: '/etc/terrarium/engines.yaml' },
    { DOCKER_HOST: 'ssh://lab@node' },
    { DOCKER_HOST: 'tcp://node:2376', DOCKER_TLS_VERIFY: '1' },
  ])
    assert.deepEqual(names(env), whole.slice(0, 3), JSON.stringify(env));
});

// The environment: what is read, what is refused and in which words, and the table that documents it.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { ConfigError, readConfig } from '../../src/config.ts';
import { describeUnknownSettings, formatSettings, formatSettingsAsMarkdown, settings } from '../../src/settings.ts';

const secret = 'a-token-that-nobody-else-knows';

test('an empty environment gives the documented defaults', () => {
  const config = readConfig({ HOME: '/home/someone' });
  assert.equal(config.host, '127.0.0.1');
  assert.equal(config.port, 4242);
  assert.equal(config.token, null);
  assert.equal(config.engines.length, 1);
  assert.deepEqual(config.engines[0], { name: 'local', endpoint: 'unix:///var/run/docker.sock', insecure: false });
  assert.deepEqual(config.registries, ['docker.io']);
  assert.equal(config.rateLimit, 5_000);
  assert.ok(Object.isFrozen(config));
});

test('an empty variable counts as absent', () => {
  const names = Object.fromEntries(settings.map(({ name }) => [name, '']));
  assert.deepEqual(readConfig(names), readConfig({}));
});

test('the folder of the token follows XDG_STATE_HOME, and TERRARIUM_STATE_DIR before it', () => {
  assert.equal(readConfig({ XDG_STATE_HOME: '/s' }).stateDir, '/s/terrarium');
  assert.equal(readConfig({ XDG_STATE_HOME: '/s', TERRARIUM_STATE_DIR: '/t' }).stateDir, '/t');
});

const refused: readonly [name: string, value: string, words: RegExp][] = [
  ['TERRARIUM_PORT', 'http', /whole number from 0 to 65535/],
  ['TERRARIUM_PORT', '65536', /whole number from 0 to 65535/],
  ['TERRARIUM_PORT', '-1', /whole number/],
  ['TERRARIUM_PORT', '4242.5', /whole number/],
  ['TERRARIUM_PORT', ' 4242', /whole number/],
  ['TERRARIUM_HOST', '127.0.0.1:80', /without a port/],
  ['TERRARIUM_HOST', 'my host', /address or a host name/],
  ['TERRARIUM_LOG_LEVEL', 'loud', /fatal, error, warn, info, debug, trace, silent/],
  ['TERRARIUM_OBSERVER', 'spy', /one of probe, helper/],
  ['TERRARIUM_RATE_LIMIT', '9', /from 10 to 1000000/],
  ['TERRARIUM_HEARTBEAT_MS', '99', /from 100 to 600000/],
  ['TERRARIUM_JANITOR_MS', 'soon', /whole number/],
  ['TERRARIUM_INSECURE_ENGINE', 'yes', /true, false/],
  ['TERRARIUM_ALLOWED_HOSTS', 'https://lab.example', /with or without :port/],
  ['TERRARIUM_ALLOWED_HOSTS', 'lab.example,b@d', /b@d/],
  ['TERRARIUM_ALLOWED_ORIGINS', 'lab.example', /https:\/\/host/],
  ['TERRARIUM_ALLOWED_ORIGINS', 'https://lab.example/', /https:\/\/host/],
  ['TERRARIUM_ALLOWED_ORIGINS', '*', /https:\/\/host/],
  ['DOCKER_HOST', 'http://there', /"http" is not supported/],
  ['DOCKER_HOST', 'ssh://me:secret@there', /ssh:\/\/me:…@there.*takes no password/],
  ['DOCKER_HOST', 'unix://relative.sock', /not absolute/],
  ['DOCKER_HOST', 'tcp://10.0.0.1:2375', /TERRARIUM_INSECURE_ENGINE=true/],
];

for (const [name, value, words] of refused)
  test(`${name}=${value} is refused by name`, () => {
    assert.throws(
      () => readConfig({ [name]: value }),
      (error: Error) => {
        assert.ok(error instanceof ConfigError);
        assert.match(error.message, new RegExp(`^${name} `));
        assert.match(error.message, words);
        assert.doesNotMatch(error.message, /\n/);
        return true;
      },
    );
  });

test('a token that is short or cannot be sent is refused without being shown', () => {
  for (const token of ['short-1234', 'with a blank in it, long enough', 'ümläute-ümläute-ümläute'])
    assert.throws(
      () => readConfig({ TERRARIUM_TOKEN: token }),
      (error: Error) => /^TERRARIUM_TOKEN /.test(error.message) && !error.message.includes(token),
    );
  assert.equal(readConfig({ TERRARIUM_TOKEN: secret }).token, secret);
});

test('beyond loopback both a token and host names have to be given', () => {
  const names = (env: NodeJS.ProcessEnv) => {
    try {
      readConfig(env);
      return 'accepted';
    } catch (error) {
      return (error as Error).message;
    }
  };
  for (const host of ['0.0.0.0', '::', '192.168.1.5', 'lab.example', '[2001:db8::1]']) {
    assert.match(names({ TERRARIUM_HOST: host }), /set TERRARIUM_TOKEN and TERRARIUM_ALLOWED_HOSTS too/);
    assert.match(names({ TERRARIUM_HOST: host, TERRARIUM_TOKEN: secret }), /set TERRARIUM_ALLOWED_HOSTS too/);
    assert.match(names({ TERRARIUM_HOST: host, TERRARIUM_ALLOWED_HOSTS: 'lab' }), /set TERRARIUM_TOKEN too/);
    assert.equal(names({ TERRARIUM_HOST: host, TERRARIUM_TOKEN: secret, TERRARIUM_ALLOWED_HOSTS: 'lab' }), 'accepted');
  }
  for (const host of ['127.0.0.1', '127.8.8.8', '::1', '[::1]', 'localhost'])
    assert.equal(names({ TERRARIUM_HOST: host }), 'accepted');
});

test('an engine over plain TCP is accepted on loopback, and elsewhere when that is said', () => {
  assert.equal(readConfig({ DOCKER_HOST: 'tcp://127.0.0.1:2375' }).engines[0]?.insecure, false);
  assert.equal(readConfig({ DOCKER_HOST: 'tcp://[::1]:2375' }).engines[0]?.insecure, false);
  const remote = { DOCKER_HOST: 'tcp://10.0.0.1:2375', TERRARIUM_INSECURE_ENGINE: 'true' };
  assert.equal(readConfig(remote).engines[0]?.insecure, true);
  assert.throws(() => readConfig({ ...remote, DOCKER_TLS_VERIFY: '1' }), /^ConfigError: DOCKER_TLS_VERIFY is set/);
});

test('hosts and origins are brought into the one form that is compared', () => {
  const config = readConfig({
    TERRARIUM_ALLOWED_HOSTS: ' Lab.Example. , lab.example:8443, [2001:DB8:0::1]:80',
    TERRARIUM_ALLOWED_ORIGINS: 'HTTPS://Lab.Example:443,http://localhost:5173',
  });
  assert.deepEqual(config.allowedHosts, ['lab.example', 'lab.example:8443', '[2001:db8::1]:80']);
  assert.deepEqual(config.allowedOrigins, ['https://lab.example', 'http://localhost:5173']);
});

test('an unknown variable is named with the closest known one', () => {
  assert.deepEqual(
    describeUnknownSettings(['PATH', 'TERRARIUM_PORT', 'TERRARIUM_NO_INSTALL', 'TERRARIUM_TEST_RUN']),
    [],
  );
  const [warning, ...others] = describeUnknownSettings(['TERRARIUM_ALOWED_HOST']);
  assert.deepEqual(others, []);
  assert.match(warning ?? '', /TERRARIUM_ALOWED_HOST .*TERRARIUM_ALLOWED_HOSTS\?/);
});

test('every default of the table is what an empty environment gives', () => {
  const defaults = Object.fromEntries(settings.map((setting) => [setting.name, setting.default]));
  // The folder's default depends on the user: the table shows it with a tilde.
  delete defaults.TERRARIUM_STATE_DIR;
  assert.deepEqual(readConfig(defaults), readConfig({}));
});

test('the README shows the table, and --help the same settings', async () => {
  const readme = await readFile(path.resolve(import.meta.dirname, '..', '..', 'README.md'), 'utf8');
  const shown = /<!-- settings:begin -->\n([\s\S]*)<!-- settings:end -->/.exec(readme)?.[1]?.trim();
  assert.equal(shown, formatSettingsAsMarkdown(), 'the README has another table than src/settings.ts');
  for (const { name } of settings) assert.ok(formatSettings().includes(`  ${name}`), name);
});

test('every variable that the sources read is in the table', async () => {
  const source = await readFile(path.resolve(import.meta.dirname, '..', '..', 'src', 'config.ts'), 'utf8');
  const read = [...source.matchAll(/(?:text|integer|list|oneOf)\('([A-Z_]+)'/g)].map(([, name = '']) => name);
  const known: readonly string[] = settings.map(({ name }) => name);
  assert.deepEqual([...new Set(read), 'TERRARIUM_STATE_DIR'].sort(), [...known].sort());
});

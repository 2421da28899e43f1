// The file of engines: what is read of it, and that whatever is wrong is told in one line with its place, the member and the way out.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after } from 'node:test';
import { ConfigError, readConfig } from '../../src/config.ts';
import { makeSelfSigned } from '../support/certificates.ts';
import fc from '../support/fast-check.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'terrarium-engines-file-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const file = path.join(folder, 'engines.yaml');
const put = (name: string, text: string, mode = 0o600) => {
  writeFileSync(path.join(folder, name), text, { mode });
  chmodSync(path.join(folder, name), mode);
};
for (const name of ['a', 'b'])
  makeSelfSigned({ cert: path.join(folder, `${name}.pem`), key: path.join(folder, `${name}-key.pem`) });
put('id', 'a key');
put('open-id', 'a key', 0o644);
put('known', '');
put('junk.pem', 'no certificate');
mkdirSync(path.join(folder, 'folder'));

function read(text: string, env: NodeJS.ProcessEnv = {}) {
  writeFileSync(file, text);
  return readConfig({ TERRARIUM_ENGINES_FILE: file, ...env }).engines;
}

test('engines of every kind are read, paths from the folder of the file on', () => {
  const engines = read(`
# Comments are allowed.
engines:
  - name: here
    endpoint: unix:///var/run/docker.sock
    labels: { room: a, gpu: "true" }
  - { name: loopback, endpoint: "tcp://127.0.0.1:2375" }
  - name: bare
    endpoint: tcp://10.0.0.3
    insecure: true
  - name: tls
    endpoint: tcp://lab.example
    tls: { ca: a.pem, cert: ./a.pem, key: a-key.pem }
  - { name: public, endpoint: tcp://lab.example:4444, tls: {} }
  - name: ssh
    endpoint: ssh://student@lab.example:2222/run/user/1000/docker.sock
    ssh: { identity: id, knownHosts: ${folder}/known }
`);
  const at = (name: string) => path.join(folder, name);
  assert.deepEqual(engines, [
    { name: 'here', endpoint: 'unix:///var/run/docker.sock', labels: { room: 'a', gpu: 'true' }, insecure: false },
    { name: 'loopback', endpoint: 'tcp://127.0.0.1:2375', insecure: false },
    { name: 'bare', endpoint: 'tcp://10.0.0.3', insecure: true },
    {
      name: 'tls',
      endpoint: 'tcp://lab.example',
      insecure: false,
      tls: { ca: at('a.pem'), cert: at('a.pem'), key: at('a-key.pem') },
    },
    { name: 'public', endpoint: 'tcp://lab.example:4444', insecure: false, tls: {} },
    {
      name: 'ssh',
      endpoint: 'ssh://student@lab.example:2222/run/user/1000/docker.sock',
      insecure: false,
      ssh: { identity: at('id'), knownHosts: at('known') },
    },
  ]);
});

test('JSON is as good, and DOCKER_HOST does not count beside the file', () => {
  const text = JSON.stringify({ engines: [{ name: 'one', endpoint: 'unix:///run/docker.sock' }] }, null, '\t');
  const engines = read(text, { DOCKER_HOST: 'tcp://127.0.0.1:9' });
  assert.deepEqual(
    engines.map(({ name }) => name),
    ['one'],
  );
});

const entry = (rest: string) => `engines:\n  - name: one\n    ${rest.replaceAll('\n', '\n    ')}\n`;
const unix = 'endpoint: unix:///run/docker.sock';
const refused: Readonly<Record<string, [text: string, place: string, words: RegExp]>> = {
  'an empty file': ['', 'line 1, column 1', /The file is empty\. It begins with "engines:"/],
  'a list alone': ['- name: one', 'line 1, column 1', /must be a map/],
  'no engines': ['engines: []', 'line 1, column 10', /"engines" must not be empty/],
  'another name': ['engine:\n  - a', 'line 1, column 1', /Unknown field "engine"\. Did you mean "engines"\?/],
  'broken YAML': ['engines:\n  - name: "one', 'line 2, column', /./],
  'a member given twice': [entry(`${unix}\n${unix}`), 'line 4, column 5', /"endpoint" is given twice/],
  'an unknown member': [
    entry(`${unix}\nlables: {}`),
    'line 4, column 5',
    /Unknown field "engines\[0\]\.lables"\. Did you mean "labels"\?/,
  ],
  'no endpoint': [entry('labels: {}'), 'line 2, column 5', /"engines\[0\]\.endpoint" is required/],
  'a name that is none': [
    'engines:\n  - name: "-x"\n    endpoint: unix:///a',
    'line 2, column 11',
    /engines\[0\]\.name/,
  ],
  'a number as a label': [
    entry(`${unix}\nlabels:\n  floor: 3`),
    'line 5, column 14',
    /must be a string\. Put it in quotes/,
  ],
  'a label that is none': [entry(`${unix}\nlabels: { "a b": "c" }`), 'line 4', /labels/],
  'another scheme': [
    entry('endpoint: http://lab:2375'),
    'line 3, column 15',
    /engines\[0\]\.endpoint: .*scheme "http" is not supported/,
  ],
  'plain TCP beyond loopback': [
    entry('endpoint: tcp://10.0.0.3:2375'),
    'line 3, column 15',
    /plain tcp:\/\/ beyond loopback .*"insecure: true"/,
  ],
  'a password': [entry('endpoint: ssh://me:secret@lab'), 'line 3, column 15', /ssh:\/\/me:…@lab.*takes no password/],
  'an option as a user': [entry('endpoint: ssh://-oProxyCommand=x@lab'), 'line 3', /"-oProxyCommand=x" is not a user/],
  'an option as a host': [entry('endpoint: ssh://-oProxyCommand=x'), 'line 3', /is not a host/],
  'TLS on a socket': [entry(`${unix}\ntls: {}`), 'line 4, column 10', /"tls" is for tcp:\/\/ only/],
  'ssh on a socket': [entry(`${unix}\nssh: {}`), 'line 4, column 10', /"ssh" is for ssh:\/\/ only/],
  'insecure on a socket': [
    entry(`${unix}\ninsecure: true`),
    'line 4, column 15',
    /"insecure" is for plain tcp:\/\/ only/,
  ],
  'no such file': [
    entry('endpoint: tcp://lab\ntls: { ca: none.pem }'),
    'line 4, column 16',
    /engines\[0\]\.tls\.ca: There is no file .*none\.pem/,
  ],
  'a folder': [entry('endpoint: tcp://lab\ntls: { ca: folder }'), 'line 4, column 16', /is a folder/],
  'no certificate in it': [
    entry('endpoint: tcp://lab\ntls: { ca: junk.pem }'),
    'line 4, column 16',
    /There is no certificate in/,
  ],
  'a certificate without a key': [
    entry('endpoint: tcp://lab\ntls: { cert: a.pem }'),
    'line 4, column 18',
    /"cert" is given without "key"/,
  ],
  'no key in it': [
    entry('endpoint: tcp://lab\ntls: { cert: a.pem, key: junk.pem }'),
    'line 4, column 30',
    /no private key that can be read/,
  ],
  "another one's key": [
    entry('endpoint: tcp://lab\ntls: { cert: a.pem, key: b-key.pem }'),
    'line 4, column 30',
    /is not the one of the certificate/,
  ],
  'no identity': [entry('endpoint: ssh://lab\nssh: { identity: none }'), 'line 4, column 22', /There is no file/],
  'an identity that others may read': [
    entry('endpoint: ssh://lab\nssh: { identity: open-id }'),
    'line 4, column 22',
    /Others may read .*chmod 600/,
  ],
  'no known hosts': [entry('endpoint: ssh://lab\nssh: { knownHosts: none }'), 'line 4, column 24', /There is no file/],
  'one name twice': [
    `${entry(unix)}  - name: one\n    endpoint: unix:///b`,
    'line 4, column 11',
    /"one" is that of the engine in line 2 too/,
  ],
  'one engine under two names': [`${entry(unix)}  - name: two\n    ${unix}`, 'line 5, column 15', /line 2 too/],
  'two documents': [`${entry(unix)}---\n${entry(unix)}`, 'line', /several documents/],
};

for (const [what, [text, place, words]] of Object.entries(refused))
  test(`${what} is refused in one line with its place`, () => {
    assert.throws(
      () => read(text),
      (error: Error) => {
        assert.ok(error instanceof ConfigError, String(error));
        assert.ok(error.message.startsWith(`TERRARIUM_ENGINES_FILE names "${file}"; ${place}`), error.message);
        assert.match(error.message, words);
        assert.doesNotMatch(error.message, /\n|secret/);
        return true;
      },
    );
  });

test('a file that cannot be read, and an insecure engine said in the other place, are refused too', () => {
  assert.throws(
    () => readConfig({ TERRARIUM_ENGINES_FILE: `${folder}/none` }),
    /^ConfigError: TERRARIUM_ENGINES_FILE names ".*none"; it cannot be read: ENOENT/,
  );
  assert.throws(
    () => read(entry(unix), { TERRARIUM_INSECURE_ENGINE: 'true' }),
    /^ConfigError: TERRARIUM_INSECURE_ENGINE .*"insecure: true"/,
  );
});

test('whatever is in the file, it is read or refused in one line', () => {
  const good = [
    'engines:',
    '  - name: a',
    '    endpoint: unix:///a',
    '    labels: { a: b }',
    '  - name: c',
    '    endpoint: ssh://c',
  ];
  const bad = ['    tls: {}', '- ', '{', '}', '&a', '*a', '!!x', '"', '\t', ': ', '---'];
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.subarray(good).map((lines) => lines.join('\n')),
    fc.array(fc.constantFrom(...good, ...bad), { maxLength: 8 }).map((lines) => lines.join('\n')),
  );
  let accepted = 0;
  fc.assert(
    fc.property(text, (content) => {
      try {
        read(content);
        accepted += 1;
      } catch (error) {
        assert.ok(error instanceof ConfigError, String((error as Error).stack));
        assert.doesNotMatch(error.message, /\n/);
      }
    }),
    { numRuns: 2_000 },
  );
  assert.ok(accepted > 20);
});

test('the variables of the docker command count for the one engine', () => {
  const tls = { DOCKER_HOST: 'tcp://lab.example', DOCKER_TLS_VERIFY: '1' };
  assert.throws(
    () => readConfig({ ...tls, DOCKER_CERT_PATH: folder }),
    /DOCKER_CERT_PATH is ".*": There is no file .*ca\.pem/,
  );
  put('ca.pem', '');
  assert.throws(() => readConfig({ ...tls, DOCKER_CERT_PATH: folder }), /no certificate in .*ca\.pem/);
  spawnSync('cp', [path.join(folder, 'a.pem'), path.join(folder, 'ca.pem')]);
  const [only] = readConfig({ ...tls, DOCKER_CERT_PATH: folder }).engines;
  assert.deepEqual(only?.tls, { ca: path.join(folder, 'ca.pem') });
  spawnSync('cp', [path.join(folder, 'a.pem'), path.join(folder, 'cert.pem')]);
  assert.throws(() => readConfig({ ...tls, DOCKER_CERT_PATH: folder }), /There is no file .*key\.pem/);
  spawnSync('cp', [path.join(folder, 'a-key.pem'), path.join(folder, 'key.pem')]);
  assert.equal(readConfig({ ...tls, DOCKER_CERT_PATH: folder }).engines[0]?.tls?.key, path.join(folder, 'key.pem'));
  assert.equal(readConfig({ DOCKER_HOST: 'ssh://me@lab' }).engines[0]?.endpoint, 'ssh://me@lab');
  assert.equal(readConfig({ ...tls, DOCKER_HOST: 'unix:///a' }).engines[0]?.tls, undefined, 'a socket needs none');
});

// The examples of docs/engines.md are files of engines that are accepted, and the mistake that it shows is told as it says.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { readConfig } from '../../src/config.ts';
import { makeSelfSigned } from '../support/certificates.ts';

test('the files that are shown are accepted, and show an engine of each kind', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'terrarium-engines-docs-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(path.join(folder, 'certificates'));
  const at = (name: string) => path.join(folder, name);
  makeSelfSigned({ cert: at('certificates/cert.pem'), key: at('certificates/key.pem') });
  writeFileSync(at('certificates/ca.pem'), readFileSync(at('certificates/cert.pem')));
  writeFileSync(at('id_ed25519'), '', { mode: 0o600 });
  writeFileSync(at('known_hosts'), '');
  const document = readFileSync(path.resolve(import.meta.dirname, '..', '..', 'docs', 'engines.md'), 'utf8');
  const blocks = [...document.matchAll(/^```(yaml|json)\n(.*?)^```$/gms)].map(([, , content = '']) => content);
  const read = blocks.map((content) => {
    writeFileSync(at('engines'), content);
    return readConfig({ TERRARIUM_ENGINES_FILE: at('engines') }).engines;
  });
  const [yaml = [], json = []] = read;
  assert.deepEqual(
    yaml.map(({ name, endpoint, tls, ssh, insecure }) => [
      name,
      endpoint.split(':')[0],
      tls !== undefined,
      ssh !== undefined,
      insecure,
    ]),
    [
      ['here', 'unix', false, false, false],
      ['lab-1', 'tcp', true, false, false],
      ['lab-2', 'ssh', false, true, false],
      ['lab-3', 'tcp', false, false, true],
    ],
  );
  assert.deepEqual(json, [yaml[0]]);

  const [, shown = ''] = /^```text\n(terrarium: TERRARIUM_ENGINES_FILE.*)$/m.exec(document) ?? [];
  writeFileSync(
    at('engines.yaml'),
    'engines:\n  - name: lab-1\n    endpoint: tcp://lab-1.example:2376\n    tls: { ca: none.pem }\n',
  );
  assert.throws(
    () => readConfig({ TERRARIUM_ENGINES_FILE: at('engines.yaml') }),
    (error: Error) => `terrarium: ${error.message}` === shown.replaceAll('/etc/terrarium', folder),
  );
});

// `terrarium check` as a process, on a real server and engine: followed, waited for, and reported to CI with evidence.
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { startApp } from '../support/app.ts';
import { findBuild, useCli } from '../support/cli.ts';
import { docker } from '../support/engine.ts';
import { useLabFiles, webLab } from '../support/lab-files.ts';

const build = await findBuild({ after });
const app = await startApp({ after });
const server = { url: app.url, build };
const terrarium = useCli(server, { after });
const files = await useLabFiles({ after });

const esc = '\u001b';

test('checks turn green in their place on a terminal, and are lines in a pipe', async () => {
  const { name, file } = await files.make(webLab.replace(', ready: [listens]', ''));
  assert.equal((await terrarium('up', file)).code, 0);
  await docker('stop', '-t', '0', `${name}-alone`);
  const piped = terrarium.start('check', name, '-f');
  const shown = terrarium.startOnTerminal('check', name, '--follow');
  const json = terrarium.start('check', name, '-f', '--json');
  const waiting = terrarium.startOnTerminal('check', name, '--wait', '60s');
  await piped.until('the failure', ({ stdout }) =>
    /^\S+Z ✗ lo-only {3}alone has .*: Container .* does not run/m.test(stdout),
  );
  await shown.until('two to hold', ({ stdout }) => stdout.includes('2 of 3 hold') && stdout.includes(`${esc}[31m✗`));
  await json.until('three results', ({ documents }) => documents.length === 3);
  await waiting.until('it to wait', ({ stdout }) => stdout.includes('2 hold, 1 does not'));
  await docker('start', `${name}-alone`);
  await piped.until('it to hold', ({ stdout }) => /^\S+Z ✓ lo-only {3}alone has/m.test(stdout));
  await shown.until('all to hold', ({ stdout }) => stdout.includes('3 of 3 hold'));
  await json.until('the change', ({ documents }) => documents.at(-1).status === 'pass' && documents.length === 4);
  assert.equal(await waiting.end(), 0);
  assert.match(waiting.stdout, /3 hold/);
  for (const one of [piped, json]) {
    one.kill('SIGINT');
    assert.equal(await one.end(), 130);
  }
  shown.type('\u0003');
  assert.equal(await shown.end(), 130);
  assert.equal((await terrarium('down', name)).code, 0);
});

test('a report for CI: JUnit, and evidence of what does not hold', async () => {
  const { name, file } = await files.make(`
networks: { lan: null }
containers:
  web: { mode: bridged, network: lan, command: [httpd, -f, -p, "2222"] }
  talker: { mode: bridged, network: lan, command: [sh, -c, echo I am here; exec sleep 3600] }
  alone: { mode: closed }
checks:
  listens: { container: web, listens: 2222 }
  wrong-port: { container: talker, reaches: { container: web, port: 9 } }
  lonely: { container: alone, interfaces: [lo] }
`);
  const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-evidence-'));
  after(() => rm(folder, { recursive: true, force: true }));
  const [evidence, junit] = [path.join(folder, 'evidence'), path.join(folder, 'report.xml')];
  assert.equal((await terrarium('up', file)).code, 0);
  await docker('stop', '-t', '0', `${name}-alone`);

  const checked = await terrarium('check', file, '--junit', junit, '--evidence', evidence);
  assert.equal(checked.code, 1, checked.stderr);
  const xml = await readFile(junit, 'utf8');
  assert.match(xml, new RegExp(`<testsuite name="${name}" tests="3" failures="2" errors="0"`));
  assert.match(xml, /name="wrong-port" time="[\d.]+"><failure message="talker reaches web:9">/);
  const read = (...names: string[]) => readFile(path.join(evidence, ...names), 'utf8');
  assert.deepEqual((await readdir(evidence)).sort(), ['checks', 'containers', 'lab.json', 'report.json']);
  assert.deepEqual((await readdir(path.join(evidence, 'checks'))).sort(), ['lonely', 'wrong-port']);
  assert.deepEqual(
    (await readdir(path.join(evidence, 'containers'))).sort(),
    [`${name}-alone`, `${name}-talker`, `${name}-web`],
    'those that a failed check is about, and no others',
  );
  assert.equal(JSON.parse(await read('report.json')).failed, 2);
  assert.equal(JSON.parse(await read('lab.json')).name, name);
  assert.match(await read('checks', 'wrong-port', 'result.txt'), /^✗ wrong-port {3}talker reaches web:9\n {4}\S/);
  assert.match(
    await read('checks', 'wrong-port', `path-${name}-web-9-tcp.txt`),
    new RegExp(`^${name}-talker → .*:9\n(.*\n)*✗ nothing listens on tcp 9`),
  );
  assert.match(await read('containers', `${name}-web`, 'netstat.txt'), /^tcp .*:::2222 .*LISTEN/m);
  assert.match(await read('containers', `${name}-web`, 'ifconfig.txt'), /^eth0 .*HWaddr/m);
  assert.equal(await read('containers', `${name}-talker`, 'logs.txt'), 'I am here\n');
  assert.ok(JSON.parse(await read('containers', `${name}-web`, 'ifconfig.json')).routes.length > 0);
  assert.match(await read('containers', `${name}-alone`, 'netstat.txt'), /^It could not be seen: .* does not run/);
  assert.equal(JSON.parse(await read('containers', `${name}-alone`, 'container.json')).state, 'exited');

  // What was found before is not taken for what is so now; and nothing of anybody's is written over.
  await docker('start', `${name}-alone`);
  const some = await terrarium('check', name, 'listens', 'lonely', '--junit', '-', '--evidence', evidence);
  assert.deepEqual([some.code, some.stdout.startsWith('<?xml')], [0, true], some.stderr);
  assert.deepEqual((await readdir(evidence)).sort(), ['lab.json', 'report.json']);
  const refused = await terrarium('check', name, '--evidence', folder);
  assert.deepEqual([refused.code, /is not empty/.test(refused.stderr)], [2, true], refused.stderr);
  assert.equal((await terrarium('down', name)).code, 0);
});

// The commands about labs as processes, on a real server and engine: what they print, how they end, and that Ctrl-C leaves nothing.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, test } from 'node:test';
import { startApp } from '../support/app.ts';
import { findBuild, useCli } from '../support/cli.ts';
import { docker, removeContainer } from '../support/engine.ts';
import { useLabFiles, webLab } from '../support/lab-files.ts';
import { clearLab, findLeft } from '../support/labs.ts';
import { waitFor } from '../support/wait-for.ts';

const build = await findBuild({ after });
const app = await startApp({ after });
const server = { url: app.url, build };
const terrarium = useCli(server, { after });
const files = await useLabFiles({ after });

const esc = '\u001b';

const changed = webLab
  .replace('alone: { mode: closed }', 'other: { mode: closed }')
  .replace('container: alone', 'container: other')
  .replace('"2222"]', '"2222", -h, /tmp]');

/** It is never ready. */
const never = `
containers:
  web: { mode: bridged, command: [httpd, -f, -p, "2222"], ready: [up] }
checks:
  up: { container: web, listens: 9 }
`;

test('a lab: planned, up, proved, changed, listed, down', async () => {
  const { name, file } = await files.make(webLab);
  const planned = await terrarium('plan', file);
  assert.equal(planned.code, 0, planned.stderr);
  assert.equal(
    planned.stdout,
    `+ network   default\n+ container web\n+ container mate\n+ container alone\n\n${name}: 4 to create\n`,
  );
  assert.deepEqual(await findLeft(name), [], 'a plan makes nothing');
  assert.equal((await terrarium('plan', file, '--exit-code')).code, 1);

  const up = await terrarium('up', file);
  assert.equal(up.code, 0, up.stderr);
  const port = (await docker('port', `${name}-web`)).stdout.replace('2222/tcp -> ', '').trim();
  assert.equal(up.stdout, `${name}: 4 created\n${name}-web   ${port}->2222/tcp\nit ends in 1 hour\n`);
  for (const line of [
    'network default created',
    'container web created',
    'container web ready',
    'container mate created',
  ])
    assert.match(up.stderr, new RegExp(`^${line} \\(\\d+\\.\\ds\\)$`, 'm'));
  assert.ok(!`${up.stdout}${up.stderr}`.includes(esc), 'a pipe gets no colours and is not drawn on');

  const again = await terrarium('up', file);
  assert.deepEqual([again.code, again.stderr], [0, '']);
  assert.match(again.stdout, new RegExp(`^${name}: nothing was to be changed, 4 kept$`, 'm'));
  assert.equal((await terrarium('plan', file, '--exit-code')).code, 0);

  const checked = await terrarium('check', name);
  assert.equal(checked.code, 0, checked.stderr);
  assert.equal(
    checked.stdout,
    `✓ listens   web listens on tcp/2222
✓ shared    mate shares the network namespace of web
✓ lo-only   alone has the interfaces lo and no others

${name}: 3 hold
`,
  );

  await writeFile(file, changed);
  const diff = await terrarium('plan', file);
  assert.equal(
    diff.stdout,
    `= network   default
~ container web     replace: command changed
~ container mate    replace: its target ${name}-web is replaced
+ container other
- container alone   remove: the file does not have it

${name}: 1 to create, 2 to replace, 1 to remove, 1 kept
`,
  );
  const coloured = await useCli(server, { after }, { FORCE_COLOR: '1' })('plan', file);
  assert.ok(
    coloured.stdout.includes(`${esc}[33m~ container web     replace: command changed${esc}[39m\n`),
    coloured.stdout,
  );
  assert.ok(coloured.stdout.includes(`${esc}[31m- container alone`), coloured.stdout);
  assert.ok(coloured.stdout.includes(`${esc}[32m+ container other`), coloured.stdout);

  const listed = await terrarium('ls');
  const line = listed.stdout.split('\n').find((one) => one.startsWith(`${name} `)) ?? '';
  assert.match(line, /^\S+ +as described +running\(3\) +1 +\S+ +in 1 hour$/, listed.stdout);
  await docker('stop', '-t', '0', `${name}-alone`);
  await waitFor(async (see) => /differs +running\(2\), exited\(1\)/.test(see((await terrarium('ls')).stdout)), {
    what: 'ls to see a stop',
  });
  assert.ok((await terrarium('ls', '-q')).stdout.split('\n').includes(name));

  const down = await terrarium('down', file);
  assert.deepEqual([down.code, down.stdout], [0, `${name}\n`]);
  assert.match(down.stderr, /^container web removed \(\d+\.\ds\)$/m);
  assert.deepEqual(await findLeft(name), []);
});

test('each command prints one JSON document', async () => {
  const { name, file } = await files.make(webLab);
  const parse = async (...args: string[]) => {
    const { code, stdout, stderr } = await terrarium(...args, '--json');
    assert.equal(stderr, '');
    return { code, value: JSON.parse(stdout) };
  };
  assert.deepEqual((await parse('plan', file)).value.steps.length, 4);
  const up = await parse('up', file);
  assert.deepEqual([up.code, up.value.changed, up.value.lab.name], [0, true, name]);
  await docker('stop', '-t', '0', `${name}-alone`);
  const report = await parse('check', name);
  assert.deepEqual([report.code, report.value.status, report.value.passed, report.value.failed], [1, 'fail', 2, 1]);
  assert.ok((await parse('ls')).value.some((one: { name: string }) => one.name === name));
  assert.deepEqual((await parse('down', name)).value, [{ lab: name, removed: { containers: 3, networks: 1 } }]);
});

test('a file that is wrong is shown with each place, and nothing is made', async () => {
  const { name, file } = await files.make('containers:\n  web: { mode: bridgd }\n  t: { mode: joined, traget: web }\n');
  for (const command of ['up', 'plan']) {
    const { code, stdout, stderr } = await terrarium(command, file);
    assert.deepEqual([code, stdout], [2, '']);
    assert.ok(
      stderr.startsWith(`terrarium: ${file}:2:16: There is no such mode
  2 |   web: { mode: bridgd }
    |                ^
  Did you mean "bridged"?`),
      stderr,
    );
    assert.ok(stderr.includes(`\n${file}:3:22: Unknown field "containers.t.traget"\n`), stderr);
  }
  assert.deepEqual(await findLeft(name), []);

  const piped = await terrarium.withInput('containers: [', 'plan', '-', '--name', name);
  assert.match(piped.stderr, /^terrarium: standard input:1:\d+: /);
  const nameless = await terrarium.withInput(webLab, 'up', '-');
  assert.deepEqual([nameless.code, /needs a name\n {2}Add --name/.test(nameless.stderr)], [2, true], nameless.stderr);
  const named = await terrarium.withInput(`name: ${name}\n${webLab}`, 'plan', '-');
  assert.match(named.stdout, new RegExp(`^${name}: 4 to create$`, 'm'));
  for (const missing of ['no-such-file.yaml', files.folder]) {
    const { code, stderr } = await terrarium('plan', missing);
    assert.deepEqual([code, stderr.startsWith(`terrarium: "${missing}" cannot be read (E`)], [2, true], stderr);
  }
});

test('exit codes: what holds, what does not, what could not be tried', async () => {
  const { name, file } = await files.make(webLab);
  const ends = async (code: number, args: string[], words: RegExp) => {
    const ended = await terrarium(...args);
    assert.deepEqual(
      [ended.code, words.test(`${ended.stdout}${ended.stderr}`)],
      [code, true],
      `${args}: ${ended.stdout}${ended.stderr}`,
    );
  };
  await ends(2, ['check', name], /There is no lab/);
  await ends(1, ['down', name], /There is no lab "\S+"\n {2}terrarium ls lists them/);
  await ends(0, ['down', '-f', name], /^$/);
  await ends(2, ['up', file, '--instances', '2', '--as', 'alice'], /exclude each other/);
  await ends(2, ['up', file, '--url', 'http://127.0.0.1:9'], /There is no answer/);
  await ends(2, ['check', name, '--url', 'http://127.0.0.1:9', '--wait', '30s'], /There is no answer/);
  await ends(2, ['check', name, '--wait', 'soon'], /has to be a duration/);
  await ends(2, ['check', name, '-f', '--wait', '1s'], /-f goes on/);
  await ends(0, ['up', file], /4 created/);
  await ends(0, ['check', file, 'listens'], /1 holds$/m);
  await ends(2, ['check', name, 'lstens'], /has no check "lstens"\n {2}Known: listens/);
  await docker('stop', '-t', '0', `${name}-alone`);
  await ends(1, ['check', name, '--wait', '2s'], /✗ lo-only .*\n {4}Container "\S+" does not run/);
  await ends(0, ['down', name], new RegExp(`^${name}$`, 'm'));

  // Somebody has the name of one of its members, so that nothing is begun.
  const taken = await docker('create', '--name', `${name}-alone`, '--label', `io.terrarium.lab=${name}`, 'busybox');
  assert.equal(taken.code, 0, taken.stderr);
  await ends(1, ['plan', file], /\+ container alone\n(.*\n)*! .*-alone/);
  await ends(1, ['up', file], new RegExp(`terrarium: .*${name}-alone`));
  await docker('rm', `${name}-alone`);
  assert.deepEqual(await findLeft(name), []);
});

test('Ctrl-C in the middle of an up leaves nothing, on a terminal and in a pipe', async () => {
  const { name, file } = await files.make(never);
  const piped = terrarium.start('up', file);
  await piped.until('the web to be made', ({ stderr }) => /container web created/.test(stderr));
  piped.kill('SIGINT');
  assert.equal(await piped.end(60_000), 130);
  assert.match(piped.stderr, /what was made is removed again(.*\n)*container web removed again\n/);
  assert.deepEqual([piped.stdout, await findLeft(name)], ['', []]);

  const shown = terrarium.startOnTerminal('up', file);
  await shown.until('the web to be drawn', ({ stdout }) => /container web .* not ready yet/.test(stdout));
  shown.type('\u0003');
  assert.equal(await shown.end(60_000), 130);
  assert.match(shown.stdout, /container web .* removed again/);
  assert.ok(shown.stdout.includes(`${esc}[?25l`) && shown.stdout.includes(`${esc}[?25h`), 'the cursor is back');
  assert.deepEqual(await findLeft(name), []);

  // Who does not even wait for that.
  const killed = terrarium.start('up', file);
  await killed.until('the web to be made', ({ stderr }) => /container web created/.test(stderr));
  killed.kill('SIGKILL');
  await killed.end();
  await waitFor(async (see) => see(await findLeft(name)).length === 0, {
    what: 'the server to undo it',
  });
});

test('for a class: instances, and one for somebody', async () => {
  const { name, file } = await files.make(
    'containers: { one: { mode: closed } }\nchecks: { lo: { container: one, interfaces: [lo] } }',
  );
  after(() => clearLab(`${name}.alice`));
  assert.match((await terrarium('plan', file, '--instances', '3')).stdout, /^\+ container 3\/one$/m);
  assert.equal((await terrarium('up', file, '--instances', '3')).code, 0);
  assert.equal((await terrarium('up', file, '--as', 'alice')).code, 0);
  const checked = await terrarium('check', name);
  assert.match(checked.stdout, /^✓ lo \[1\] .*\n✓ lo \[2\] .*\n✓ lo \[3\] .*\n\n\S+: 3 hold\n$/);
  assert.match((await terrarium('check', name, '--instance', '2')).stdout, /: 1 holds\n$/);
  assert.equal((await terrarium('check', file, '--as', 'alice')).code, 0);
  const [line = ''] = (await terrarium('ls')).stdout.split('\n').filter((one) => one.startsWith(`${name} `));
  assert.match(line, /running\(3\) +0 +3 +/);
  const down = await terrarium('down', name, `${name}.alice`);
  assert.deepEqual([down.code, down.stdout], [0, `${name}\n${name}.alice\n`]);
  for (const lab of [name, `${name}.alice`]) assert.deepEqual(await findLeft(lab), []);
});

test('a lab is kept longer, a change is cancelled, what is left over is found', async () => {
  const { name, file } = await files.make(webLab.replace('ttl: 2h', 'ttl: 1h30m'));
  assert.equal((await terrarium('cancel', name)).code, 1);
  assert.equal((await terrarium('up', file)).code, 0);
  assert.equal((await terrarium('extend', name, '2h')).stdout, `${name} ends in 3 hours\n`);
  const wrong = await terrarium('extend', name, 'long');
  assert.deepEqual([wrong.code, /duration "long" is not valid/.test(wrong.stderr)], [2, true], wrong.stderr);
  assert.equal((await terrarium('extend', name, '29d')).code, 0);
  assert.equal((await terrarium('extend', name, '29d')).code, 2, 'not for ever');
  const found = await terrarium('audit', '--json');
  const ours = (text: string) => JSON.parse(text).findings.filter((one: { lab: string }) => one.lab === name);
  assert.deepEqual(ours(found.stdout), []);
  const stray = `${name}-stray`;
  after(() => removeContainer(stray));
  assert.equal((await terrarium('run', 'closed', '-d', '--name', stray)).code, 0);
  const audit = await terrarium('audit');
  assert.equal(audit.code, 1);
  assert.match(audit.stdout, new RegExp(`^container +${stray} .*it belongs to no lab$`, 'm'));
  assert.equal((await terrarium('down', name)).code, 0);

  const waiting = await files.make(never);
  const up = terrarium.start('up', waiting.file);
  await up.until('the web to be made', ({ stderr }) => /container web created/.test(stderr));
  const cancelled = await terrarium('cancel', waiting.name);
  assert.deepEqual([cancelled.code, cancelled.stdout], [0, `${waiting.name}\n`], cancelled.stderr);
  assert.equal(await up.end(60_000), 1);
  assert.match(
    up.stderr,
    /terrarium: The change of the lab "\S+" was cancelled\n {2}What was made was removed again\.\n$/,
  );
  assert.deepEqual(await findLeft(waiting.name), []);
});

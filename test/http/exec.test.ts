// POST /containers/{id}/exec: what goes in and what comes out, and what is refused. How commands end is in exec-end.test.ts.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import request from 'supertest';
import { startApp } from '../support/app.ts';
import { callDocker, createTestContainer } from '../support/engine.ts';
import fc from '../support/fast-check.ts';
import { managedLabels } from '../support/managed.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after });
const container = await createTestContainer({ after }, { body: { Labels: managedLabels } });
await isKnown(container.id);

function isKnown(id: string, state = 'running') {
  const { catalogue } = server.app.services;
  return waitFor((see) => see(catalogue.mirror().container(id)?.state) === state, {
    what: `the server to see ${id} ${state}`,
  });
}

function run(body: unknown, id = container.id) {
  return request(server.url)
    .post(`/api/v1/containers/${id}/exec`)
    .set(server.headers)
    .send(body as object);
}

test('exit code, stdout and stderr come back, each in its place', async () => {
  const { status, body } = await run({ command: ['sh', '-c', 'echo out; echo err >&2; exit 3'] });
  assert.equal(status, 200);
  assert.deepEqual(body, { exitCode: 3, stdout: 'out\n', stderr: 'err\n', truncated: false, timedOut: false });
});

test('stdin is written as it is, and then ends', async () => {
  const stdin = 'two\nlines, wíth ünïcode 🐚 and no end';
  const { body } = await run({ command: ['cat'], stdin });
  assert.deepEqual([body.exitCode, body.stdout], [0, stdin]);
});

test('an empty stdin, and none, end at once', async () => {
  for (const input of [{ stdin: '' }, {}]) {
    const { body } = await run({ command: ['cat'], ...input });
    assert.deepEqual([body.exitCode, body.stdout, body.timedOut], [0, '', false]);
  }
});

test('a program that does not read its stdin is no error', async () => {
  const { status, body } = await run({ command: ['true'], stdin: 'x'.repeat(500_000) });
  assert.deepEqual([status, body.exitCode], [200, 0]);
});

test('every argument arrives as it was sent: no shell reads it', async () => {
  const hostile = fc.constantFrom(
    '$(id)',
    '`id`',
    '; exit 9',
    '*',
    '~',
    '"',
    "'",
    '\\',
    '\n',
    '-n',
    '--',
    ' ',
    '$HOME',
    '|',
  );
  const argument = fc.oneof(
    hostile,
    fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(argument, { maxLength: 8 }), async (args) => {
      const { body } = await run({ command: ['printf', '%s\\0', ...args] });
      const expected = args.length === 0 ? '\0' : args.map((argument) => `${argument}\0`).join('');
      assert.deepEqual([body.exitCode, body.stdout], [0, expected]);
    }),
    { numRuns: 25 },
  );
});

test('output is bounded, and the program runs on to its own exit code', async () => {
  const { body } = await run({
    command: ['sh', '-c', 'head -c 5000000 /dev/zero | tr "\\0" a; head -c 1048576 /dev/zero | tr "\\0" b >&2; exit 7'],
  });
  assert.equal(body.exitCode, 7);
  assert.equal(body.truncated, true);
  assert.equal(body.stdout, 'a'.repeat(1_048_576));
  assert.equal(body.stderr, 'b'.repeat(1_048_576), 'exactly the limit is whole');
});

test('output of exactly the limit is not called truncated', async () => {
  const { body } = await run({ command: ['sh', '-c', 'head -c 1048576 /dev/zero | tr "\\0" a'] });
  assert.deepEqual([body.truncated, body.stdout.length], [false, 1_048_576]);
});

test('a character that the limit cuts in two is left out; a byte that is no UTF-8 is replaced', async () => {
  const cut = await run({ command: ['sh', '-c', 'printf a; yes 🐚 | head -n 300000 | tr -d "\\n"'] });
  assert.equal(cut.body.truncated, true);
  assert.match(cut.body.stdout, /^a🐚+$/u);
  const broken = await run({ command: ['printf', 'a\\377b\\303'] });
  assert.equal(broken.body.stdout, 'a\u{fffd}b\u{fffd}');
});

test('an id, a name and a unique prefix find the container', async () => {
  for (const ref of [container.id, container.name, container.id.slice(0, 12)]) {
    const { status } = await run({ command: ['true'] }, ref);
    assert.equal(status, 200, ref);
  }
});

test('what a command leaves running on purpose stays', async () => {
  const { body } = await run({ command: ['sh', '-c', 'sleep 3141 >/dev/null 2>&1 & echo started'] });
  assert.equal(body.stdout, 'started\n');
  const { body: processes } = await run({ command: ['ps'] });
  assert.match(processes.stdout, /sleep 3141/);
});

test('a program that is not there is refused in words, not by an exit code', async () => {
  for (const program of ['no-such-program', '/no/such', '']) {
    const { status, body } = await run({ command: [program] });
    assert.deepEqual([status, body.code, body.field], [422, 'engine_refused', 'command[0]'], program);
    assert.match(body.detail, new RegExp(`^There is no program "${program}" in container "${container.name}"`));
  }
  const { status, body } = await run({ command: ['/etc'] });
  assert.deepEqual([status, body.code], [422, 'engine_refused']);
  assert.match(body.detail, /is not a program/);
});

test('an exit code of 126 or 127 that the program itself gives is a result', async () => {
  for (const exitCode of [126, 127]) {
    const { status, body } = await run({
      command: ['sh', '-c', `echo "OCI runtime exec failed: no"; exit ${exitCode}`],
    });
    assert.deepEqual([status, body.exitCode], [200, exitCode]);
  }
});

test('a stopped and a paused container are refused by their state', async (t) => {
  const stopped = await createTestContainer(t, { start: false, body: { Labels: managedLabels } });
  const paused = await createTestContainer(t, { body: { Labels: managedLabels } });
  await callDocker('POST', `/containers/${paused.id}/pause`);
  await isKnown(stopped.id, 'created');
  await isKnown(paused.id, 'paused');
  const refusals = [
    [stopped, 409, 'container_not_running'],
    [paused, 409, 'state_conflict'],
  ] as const;
  for (const [{ id, name }, expectedStatus, code] of refusals) {
    const { status, body } = await run({ command: ['true'] }, id);
    assert.deepEqual([status, body.code], [expectedStatus, code]);
    assert.ok(body.detail.includes(name) && body.hint);
  }
});

test('what Terrarium does not manage, and its own helpers, are refused', async (t) => {
  const foreign = await createTestContainer(t);
  const helper = await createTestContainer(t, {
    body: { Labels: { ...managedLabels, 'io.terrarium.role': 'helper' } },
  });
  for (const { id } of [foreign, helper]) {
    await isKnown(id);
    const { status, body } = await run({ command: ['true'] }, id);
    assert.deepEqual([status, body.code], [403, 'not_managed']);
  }
});

test('an unknown container and an unknown engine are not found', async () => {
  const container = await run({ command: ['true'] }, 'no-such-container');
  assert.deepEqual([container.status, container.body.code], [404, 'container_not_found']);
  const engine = await request(server.url)
    .post(`/api/v1/containers/${container.body.id}/exec?engine=mars`)
    .set(server.headers)
    .send({ command: ['true'] });
  assert.deepEqual([engine.status, engine.body.code], [404, 'engine_not_found']);
});

test('bad bodies are refused by the name of the field, and run nothing', async () => {
  const good = { command: ['touch', '/ran'] };
  const bad: readonly [body: unknown, field: string | undefined][] = [
    [{}, 'command'],
    [{ command: 'touch /ran' }, 'command'],
    [{ command: [] }, 'command'],
    [{ command: ['touch', 1] }, 'command[1]'],
    [{ command: ['touch', '/ran\0'] }, 'command[1]'],
    [{ command: Array.from({ length: 257 }, () => 'x') }, 'command'],
    [{ command: ['x'.repeat(65_537)] }, 'command[0]'],
    [{ ...good, stdin: 5 }, 'stdin'],
    [{ ...good, timeoutMs: 99 }, 'timeoutMs'],
    [{ ...good, timeoutMs: 600_001 }, 'timeoutMs'],
    [{ ...good, timeoutMs: '1000' }, 'timeoutMs'],
    [{ ...good, timeoutMs: 1000.5 }, 'timeoutMs'],
    [{ ...good, tty: true }, 'tty'],
    [{ ...good, user: 'root' }, 'user'],
    [{ ...good, privileged: true }, 'privileged'],
    [[], undefined],
  ];
  for (const [body, field] of bad) {
    const { status, body: problem, type } = await run(body);
    assert.deepEqual(
      [status, type, problem.code],
      [400, 'application/problem+json', 'invalid_request'],
      JSON.stringify(body).slice(0, 80),
    );
    if (field !== undefined) assert.equal(problem.field, field);
  }
  const { body } = await run({ command: ['test', '-e', '/ran'] });
  assert.equal(body.exitCode, 1);
});

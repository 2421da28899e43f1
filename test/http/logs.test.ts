// GET /containers/{id}/logs: text and lines, the past and what is to come.
import assert from 'node:assert/strict';
import test, { after, type TestContext } from 'node:test';
import request from 'supertest';
import type { LogLine } from '../../src/schemas/logs.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { callDocker, createTestContainer, docker, execInContainer, removeContainer } from '../support/engine.ts';
import { startEngineProxy } from '../support/engine-proxy.ts';
import { managedLabels } from '../support/managed.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const server = await startApp({ after });

async function createManaged(t: TestContext, body: object, seenBy: RunningApp = server) {
  const container = await createTestContainer(t, { body: { ...body, Labels: managedLabels } });
  await isKnown(container.id, seenBy);
  return container;
}

function isKnown(id: string, { app }: RunningApp = server) {
  const mirror = app.services.catalogue.mirror();
  return waitFor((see) => see(mirror.container(id)), { what: 'the server to know the container' });
}

/** A container that runs a shell script and has ended. */
async function runScript(t: TestContext, script: string, body: object = {}) {
  const container = await createManaged(t, { Cmd: ['sh', '-c', script], ...body });
  await callDocker('POST', `/containers/${container.id}/wait`);
  return container;
}

const path = (id: string, query = '') => `/api/v1/containers/${id}/logs${query}`;

function getText(id: string, query = '') {
  return request(server.url).get(path(id, query)).set(server.headers);
}

async function getLines(id: string, query = ''): Promise<LogLine[]> {
  const { status, text, type } = await getText(id, query)
    .set('accept', 'application/x-ndjson')
    .buffer(true)
    .parse((response, done) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      response.on('end', () => done(null, body));
    })
    .then((response) => ({ ...response, status: response.status, type: response.type, text: response.body as string }));
  assert.deepEqual([status, type], [200, 'application/x-ndjson']);
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as LogLine);
}

/** Follows a log; what has come is in `text()`. */
async function follow(t: TestContext, id: string, { query = '', accept = 'text/plain', at = server } = {}) {
  const reader = new AbortController();
  t.after(() => reader.abort());
  const response = await fetch(`${at.url}${path(id, `?follow=true${query}`)}`, {
    headers: { ...at.headers, accept },
    signal: reader.signal,
  });
  assert.equal(response.status, 200);
  let text = '';
  let end: 'reading' | 'ended' | 'cut' = 'reading';
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true });
  })().then(
    () => {
      end = 'ended';
    },
    () => {
      end = 'cut';
    },
  );
  return { text: () => text, end: () => end, reading, leave: () => reader.abort() };
}

test('the text is what was written, escapes and all, and says what it is', async (t) => {
  const { id, name } = await runScript(
    t,
    'printf "one\\n\\033[31mred 🐚\\n"; sleep 0.1; echo two >&2; sleep 0.1; printf "no end"',
  );
  const response = await getText(id)
    .buffer(true)
    .parse((answer, done) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => done(null, Buffer.concat(chunks)));
    });
  assert.equal(response.status, 200);
  assert.equal(response.headers['content-type'], 'text/plain; charset=utf-8');
  assert.equal(response.headers['x-content-type-options'], 'nosniff');
  assert.equal((response.body as Buffer).toString(), 'one\n\x1b[31mred 🐚\ntwo\nno end');
  assert.equal((await getText(name)).status, 200);
});

test('tail chooses how much of the past: a number, all, or 1000 lines', async (t) => {
  const { id } = await runScript(t, 'seq 1500');
  const numbers = (text: string) => text.trimEnd().split('\n').map(Number);
  assert.deepEqual(numbers((await getText(id, '?tail=3')).text), [1498, 1499, 1500]);
  assert.equal((await getText(id, '?tail=0')).text, '');
  const all = numbers((await getText(id, '?tail=all')).text);
  assert.deepEqual([all.length, all[0], all.at(-1)], [1500, 1, 1500]);
  const some = numbers((await getText(id)).text);
  assert.deepEqual([some.length, some[0]], [1000, 501]);
});

test('lines of JSON tell the output and the time', async (t) => {
  const before = Date.now() - 1_000;
  const { id } = await runScript(t, 'echo out; sleep 0.1; echo err >&2; sleep 0.1; echo; printf "a\\377b"');
  const lines = await getLines(id);
  assert.deepEqual(
    lines.map(({ at, ...rest }) => rest),
    [
      { stream: 'stdout', line: 'out' },
      { stream: 'stderr', line: 'err' },
      { stream: 'stdout', line: '' },
      { stream: 'stdout', line: 'a\u{fffd}b', partial: true },
    ],
  );
  for (const { at } of lines) {
    assert.match(at ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    assert.ok(Date.parse(at ?? '') > before && Date.parse(at ?? '') < Date.now() + 1_000);
  }
});

test('a long line comes in pieces that make the whole again, without times in its midst', async (t) => {
  const { id } = await runScript(t, 'yes 🐚 | head -n 20000 | tr -d "\\n"; echo; echo next');
  const lines = await getLines(id);
  const long = lines.slice(0, -1);
  assert.equal(long.map(({ line }) => line).join(''), '🐚'.repeat(20_000));
  assert.deepEqual(
    long.map(({ partial }) => partial ?? false),
    [...long.slice(1).map(() => true), false],
  );
  assert.equal(lines.at(-1)?.line, 'next');
  assert.equal((await getText(id)).text, `${'🐚'.repeat(20_000)}\nnext\n`);
});

test('a terminal has one output, and its line ends are not shown', async (t) => {
  const { id } = await runScript(t, 'echo out; echo err >&2', { Tty: true });
  assert.deepEqual(
    (await getLines(id)).map(({ stream, line }) => [stream, line]),
    [
      ['stdout', 'out'],
      ['stdout', 'err'],
    ],
  );
  assert.equal((await getText(id)).text, 'out\r\nerr\r\n');
});

test('follow goes on over restarts without losing or doubling a line, and ends with the container', async (t) => {
  const script =
    'n=$(cat /n 2>/dev/null || echo 0); echo $((n+1)) >/n; for i in 1 2 3; do echo run $n line $i; done; sleep 600';
  const { id } = await createManaged(t, { Cmd: ['sh', '-c', script] });
  const log = await follow(t, id);
  const lines = await follow(t, id, { accept: 'application/x-ndjson' });
  const expected = (runs: number) =>
    Array.from({ length: runs }, (_, run) => [1, 2, 3].map((line) => `run ${run} line ${line}\n`).join('')).join('');
  await waitFor((see) => see(log.text()) === expected(1), { what: 'the first run' });
  await callDocker('POST', `/containers/${id}/restart?t=0`);
  await waitFor((see) => see(log.text()) === expected(2), { what: 'the second run' });
  await callDocker('POST', `/containers/${id}/stop?t=0`);
  await waitFor(async (see) => !see((await callDocker('GET', `/containers/${id}/json`)).State).Running, {
    what: 'it to stop',
  });
  assert.equal(log.end(), 'reading');
  await callDocker('POST', `/containers/${id}/start`);
  await waitFor((see) => see(log.text()) === expected(3), { what: 'the third run' });
  await removeContainer(id);
  await waitFor((see) => see(log.end()) === 'ended' && see(lines.end()) === 'ended', { what: 'the ends' });
  assert.equal(log.text(), expected(3));
  const parsed = lines
    .text()
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as LogLine).line);
  assert.deepEqual(`${parsed.join('\n')}\n`, expected(3));
});

test('follow begins at once where nothing is said, and shows what is said from now on', async (t) => {
  // What it said on stderr could come before what it had said on stdout: the engine reads the two beside each other.
  const { id } = await createManaged(t, {
    Cmd: ['sh', '-c', 'echo past; cat /said 2>/dev/null && exec tail -n 0 -f /said'],
  });
  await waitFor(async (see) => see((await docker('logs', id)).stdout).includes('past'), { what: 'its first line' });
  const log = await follow(t, id, { query: '&tail=0' });
  assert.equal(log.text(), '');
  // There is no /said yet: each run is over as soon as it has begun.
  await callDocker('POST', `/containers/${id}/restart?t=0`);
  await waitFor((see) => see(log.text()).startsWith('past\n'), { what: 'the line of the next run' });
  assert.equal(log.end(), 'reading');
  await docker('cp', import.meta.filename, `${id}:/said`);
  await callDocker('POST', `/containers/${id}/start`);
  await waitFor((see) => see(log.text()).includes('follow begins at once'), { what: 'the file' });
  await execInContainer(id, 'sh', '-c', 'echo now >>/said');
  await waitFor((see) => see(log.text()).endsWith('now\n'), { what: 'the new line' });
  assert.equal(log.text().match(/^past$/gm)?.length, 2, 'once for each run since');
});

test('a container that was never started has an empty log, and can be followed into its first run', async (t) => {
  const { id } = await createTestContainer(t, {
    start: false,
    body: { Cmd: ['echo', 'hello'], Labels: managedLabels },
  });
  await isKnown(id);
  assert.deepEqual([(await getText(id)).status, (await getText(id)).text], [200, '']);
  const log = await follow(t, id);
  await callDocker('POST', `/containers/${id}/start`);
  await waitFor((see) => see(log.text()) === 'hello\n', { what: 'the first line' });
});

test('when the client leaves, and when the server closes, nothing reads the log any more', async (t) => {
  const proxy = await startEngineProxy(t);
  const behind = await startApp(t, { env: { DOCKER_HOST: proxy.endpoint } });
  const { id } = await createManaged(t, {}, behind);
  const reading = /^GET .*\/logs\?/;
  const left = await follow(t, id, { at: behind });
  const stays = await follow(t, id, { at: behind, accept: 'application/x-ndjson' });
  await waitFor((see) => see(proxy.count(reading)) === 2, { what: 'two readers' });
  left.leave();
  await waitFor((see) => see(proxy.count(reading)) === 1, { what: 'one to be gone' });
  await behind.close();
  await stays.reading;
  assert.equal(stays.end(), 'ended');
});

test('an engine that goes away is the last line, or cuts the text off', async (t) => {
  const proxy = await startEngineProxy(t);
  const behind = await startApp(t, { env: { DOCKER_HOST: proxy.endpoint } });
  const { id } = await createManaged(t, { Cmd: ['sh', '-c', 'echo begun; sleep 600'] }, behind);
  const text = await follow(t, id, { at: behind });
  const lines = await follow(t, id, { at: behind, accept: 'application/x-ndjson' });
  await waitFor((see) => see(text.text()) === 'begun\n' && see(lines.text()).includes('begun'), {
    what: 'the begin of the log',
  });
  await proxy.close();
  await Promise.all([text.reading, lines.reading]);
  assert.deepEqual([text.end(), lines.end()], ['cut', 'ended']);
  const last = JSON.parse(lines.text().trimEnd().split('\n').at(-1) ?? '');
  assert.equal(last.error.code, 'engine_unavailable');
  assert.equal(last.error.status, 503);
});

test('a reader that stands still costs the server no memory', async (t) => {
  const { id } = await createManaged(t, {
    Cmd: ['yes', 'a line of a flood that nobody reads'],
    HostConfig: { LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } }, NanoCpus: 3e8 },
  });
  const before = process.memoryUsage().rss;
  const reader = new AbortController();
  t.after(() => reader.abort());
  for (const accept of ['text/plain', 'application/x-ndjson']) {
    const answer = await fetch(`${server.url}${path(id, '?follow=true&tail=all')}`, {
      headers: { ...server.headers, accept },
      signal: reader.signal,
    });
    assert.equal(answer.status, 200);
  }
  let highest = 0;
  for (let look = 0; look < 20; look += 1) {
    await letTimePass(100, 'the flood goes on, and the server could keep what nobody reads');
    highest = Math.max(highest, process.memoryUsage().rss);
  }
  assert.ok(highest - before < 80_000_000, `${Math.round((highest - before) / 1e6)} MB more`);
});

test('what is not ours to show, not there, or not asked for properly is refused', async (t) => {
  const foreign = await createTestContainer(t);
  const helper = await createTestContainer(t, { body: { Labels: { 'io.terrarium.role': 'helper' } } });
  const { id } = await createManaged(t, {});
  await isKnown(foreign.id);
  await isKnown(helper.id);
  const cases: readonly [path: string, status: number, code: string, field?: string][] = [
    [path(foreign.id), 403, 'not_managed'],
    [path(helper.id), 403, 'not_managed'],
    [path('nothing'), 404, 'container_not_found'],
    [path(id, '?engine=mars'), 404, 'engine_not_found'],
    [path(id, '?tail=-1'), 400, 'invalid_request', 'tail'],
    [path(id, '?tail=1.5'), 400, 'invalid_request', 'tail'],
    [path(id, '?tail=many'), 400, 'invalid_request', 'tail'],
    [path(id, '?tail=99999999'), 400, 'invalid_request', 'tail'],
    [path(id, '?follow=yes'), 400, 'invalid_request', 'follow'],
    [path(id, '?since=1'), 400, 'invalid_request', 'since'],
  ];
  for (const [url, status, code, field] of cases) {
    const answer = await request(server.url).get(url).set(server.headers);
    assert.deepEqual([answer.status, answer.type, answer.body.code], [status, 'application/problem+json', code], url);
    if (field !== undefined) assert.equal(answer.body.field, field);
  }
  const { status, body } = await getText(id).set('accept', 'image/png');
  assert.deepEqual([status, body.code], [406, 'not_acceptable']);
});

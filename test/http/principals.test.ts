// The tokens file while the server runs: who is in it may get in, who is gone from it is out, with everything that is open (how soon: principals-time.test.ts); a file that
// is no good changes nothing and is told. And how pages log in and out, what is booked, and how much each may have.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, type TestContext } from 'node:test';
import { WebSocket } from 'ws';
import { formatTokensFile } from '../../src/domain/principals/tokens-file.ts';
import { hashToken } from '../../src/services/credentials/token-hash.ts';
import { useApi } from '../support/api.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { labName, useLabs } from '../support/labs.ts';
import { makeTokensFile } from '../support/principals.ts';
import { send } from '../support/raw-http.ts';
import { uniqueName } from '../support/run-id.ts';
import { connectStream } from '../support/stream-client.ts';
import { type See, waitFor } from '../support/wait-for.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-books-'));
after(() => rm(folder, { recursive: true, force: true }));
const auditFile = path.join(folder, 'audit.jsonl');
const file = await makeTokensFile({ after }, { teacher: { role: 'admin' } });
const server = await startApp(
  { after },
  { env: { TERRARIUM_TOKENS_FILE: file.path, TERRARIUM_AUDIT_FILE: auditFile } },
);

const session = (headers: { authorization: string }, at: RunningApp = server) =>
  send(at.url, { path: '/api/v1/session', headers });
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
/** Who goes on with a token that is none is told to wait at last. */
const isOut = async (headers: { authorization: string }, at: RunningApp = server) =>
  [401, 429].includes((await session(headers, at)).status);
const isIn = async (name: string, see: See = (value) => value) =>
  see((await session(file.headersOf(name))).status) === 200;
const until = (what: string, look: (see: See) => Promise<boolean> | boolean) => waitFor(look, { what });

/** Everything that a login can have open, and what became of it. */
async function openAll(t: TestContext, name: string) {
  const headers = file.headersOf(name);
  const api = useApi({ url: server.url, headers }, { after });
  const { id } = await api.create('closed', { name: uniqueName(name), command: ['sleep', '600'] });
  const ends = new Map<string, unknown>();

  const socket = async (what: string, url: string) => {
    const ws = new WebSocket(`${server.url.replace('http', 'ws')}/api/v1${url}`, { headers });
    t.after(() => ws.terminate());
    ws.on('error', () => {});
    ws.on('close', (code) => ends.set(what, code));
    await once(ws, 'open');
    return ws;
  };
  const follow = async (what: string, url: string, accept: string, body?: object) => {
    const call = request(`${server.url}/api/v1${url}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { ...headers, accept, ...(body !== undefined && { 'content-type': 'application/json' }) },
    });
    t.after(() => call.destroy());
    call.on('error', () => ends.set(what, 'cut'));
    call.on('response', (answer) => {
      answer.resume();
      answer.on('error', () => {});
      answer.on('close', () => ends.set(what, answer.complete ? answer.statusCode : 'cut'));
    });
    call.end(body === undefined ? undefined : JSON.stringify(body));
    if (body === undefined) await once(call, 'response');
  };

  const stream = await socket('stream', '/stream');
  stream.send(JSON.stringify({ type: 'subscribe', id: 'n', topic: 'netstat', container: id }));
  await socket('netstat', `/containers/${id}/netstat`);
  await socket('ifconfig', `/containers/${id}/ifconfig`);
  await socket('events', '/events');
  const terminal = await socket('terminal', `/containers/${id}/terminal`);
  await follow('sse', '/events', 'text/event-stream');
  await follow('ndjson', '/events', 'application/x-ndjson');
  await follow('observation', `/containers/${id}/netstat`, 'application/x-ndjson');
  await follow('logs', `/containers/${id}/logs?follow=true`, 'application/x-ndjson');
  await follow('exec', `/containers/${id}/exec`, 'application/json', { command: ['sleep', '500'] });
  const processes = async () =>
    (await useApi(server, t).post(`/containers/${id}/exec`, { command: ['ps'] })).body.stdout;
  await until('the command to run', async (see) => see(await processes()).includes('sleep 500'));
  await until('a shell in it', (see) => see(terminal.readyState) === WebSocket.OPEN);
  return { id, ends, processes, stream };
}

const expectedEnds = {
  stream: 4401,
  netstat: 4401,
  ifconfig: 4401,
  events: 4401,
  terminal: 4401,
  sse: 'cut',
  ndjson: 'cut',
  observation: 'cut',
  logs: 'cut',
  exec: 401,
};

test('who is taken out of the file is out, with all that is open, and nobody else', async (t) => {
  await file.write({ teacher: { role: 'admin' }, anna: {}, bert: {} });
  await until('anna to be known', (see) => isIn('anna', see));
  const anna = await openAll(t, 'anna');
  const bert = await openAll(t, 'bert');
  const { body: issued } = await send(server.url, {
    method: 'POST',
    path: '/api/v1/tickets',
    headers: file.headersOf('anna'),
  });
  const page = (
    await send(server.url, { method: 'POST', path: '/api/v1/login', body: { token: file.tokenOf('anna') } })
  ).body;
  const pageSocket = await connectStream(t, `${server.url}/api/v1/stream`, { headers: bearer(page.token) });

  // A quota is no right: to change it ends nothing.
  await file.write({ teacher: { role: 'admin' }, anna: { quotas: { containers: 50 } }, bert: {} });
  await until('the quota', async (see) => see((await session(file.headersOf('anna'))).body.quotas).containers === 50);
  assert.equal(anna.ends.size, 0);

  await file.write({ teacher: { role: 'admin' }, bert: {} });
  await until(
    'all of anna to be over',
    (see) => see(anna.ends).size === Object.keys(expectedEnds).length && see(pageSocket.closed) !== undefined,
  );
  assert.deepEqual(Object.fromEntries(anna.ends), expectedEnds);
  assert.equal(pageSocket.closed?.code, 4401, 'a page that logged in by that token');
  assert.equal(await isIn('anna'), false);
  assert.ok(await isOut(bearer(page.token)));
  await assert.rejects(connectStream(t, `${server.url}/api/v1/stream?ticket=${issued.ticket}`), { status: 401 });
  await until('what she ran to be gone', async (see) => !/sleep 500| sh$/m.test(see(await anna.processes())));
  assert.equal(bert.ends.size, 0, 'nobody else hears of it');

  // Another role is another login, and so is another right.
  await file.write({ teacher: { role: 'admin' }, bert: { role: 'viewer' } });
  await until('all of bert to be over', (see) => see(bert.ends).size === Object.keys(expectedEnds).length);
  assert.deepEqual(Object.fromEntries(bert.ends), expectedEnds);
  assert.equal((await session(file.headersOf('bert'))).body.role, 'viewer');
});

test('a login ends at its time, with what it has open', async (t) => {
  await file.write({ teacher: { role: 'admin' }, carl: { role: 'viewer', expiresAt: Date.now() + 8_000 } });
  await until('carl to be known', (see) => isIn('carl', see));
  const client = await connectStream(t, `${server.url}/api/v1/stream`, { headers: file.headersOf('carl') });
  await until('his time to be up', (see) => see(client.closed) !== undefined);
  assert.equal(client.closed?.code, 4401);
  assert.equal(await isIn('carl'), false);
});

test('a file that is no good changes nothing and is told, however it came to be', async (t) => {
  const people = { teacher: { role: 'admin' }, dora: {} } as const;
  await file.write(people);
  await until('dora to be known', (see) => isIn('dora', see));
  const good = await readFile(file.path, 'utf8');
  const problem = () => server.app.accounts.problem;
  const bad: [name: string, spoil: () => Promise<unknown>, words: RegExp][] = [
    ['cut off', () => writeFile(file.path, good.slice(0, -20)), /no JSON/],
    ['empty', () => writeFile(file.path, ''), /no JSON/],
    [
      'a token in it',
      () => writeFile(file.path, good.replace(/sha256:[0-9a-f]{64}/, file.tokenOf('dora'))),
      /no hash of a token/,
    ],
    [
      'a weak hash',
      () => writeFile(file.path, good.replace(/sha256:[0-9a-f]{64}/, 'md5:098f6bcd4621d373cade4e832627b4f6')),
      /no hash/,
    ],
    ['an unknown role', () => writeFile(file.path, good.replace('"operator"', '"king"')), /role is "king"/],
    ['an unknown field', () => writeFile(file.path, good.replace('"role"', '"rolle"')), /no field/],
    ['readable by others', () => writeFile(file.path, good).then(() => chmod(file.path, 0o644)), /chmod 600/],
    ['gone', () => rm(file.path), /no such file/],
  ];
  for (const [name, spoil, words] of bad) {
    await spoil();
    await until(`${name} to be told`, (see) => words.test(see(problem()) ?? ''));
    assert.ok(!problem()?.includes(file.tokenOf('dora')), 'no token in words');
    assert.ok(await isIn('dora'), `${name}: who was in stays in`);
  }
  const metric = (await send(server.url, { path: '/metrics', headers: server.headers })).text;
  assert.match(metric, /^terrarium_tokens_file_broken 1$/m);
  await file.write({ teacher: { role: 'admin' }, erna: {} });
  await until('the mended file to count', (see) => isIn('erna', see));
  assert.equal(problem(), null);
  assert.equal(await isIn('dora'), false);
  t.diagnostic('a start with such a file is refused');
  await writeFile(file.path, 'nonsense');
  await assert.rejects(startApp(t, { env: { TERRARIUM_TOKENS_FILE: file.path } }), /TERRARIUM_TOKENS_FILE .* no JSON/);
  await file.write({ teacher: { role: 'admin' } });
});

test('a file behind links is followed through them, as a ConfigMap changes', async (t) => {
  const mount = await mkdtemp(path.join(tmpdir(), 'terrarium-mount-'));
  t.after(() => rm(mount, { recursive: true, force: true }));
  const version = async (name: string, token: string) => {
    const made = await mkdtemp(path.join(mount, '..v'));
    const entry = {
      name,
      role: 'viewer' as const,
      tokens: [hashToken(token)],
      expiresAt: null,
      rights: [],
      quotas: {},
    };
    await writeFile(path.join(made, 'tokens.json'), formatTokensFile([entry]), { mode: 0o440 });
    await symlink(path.basename(made), path.join(mount, '..new'));
    await rename(path.join(mount, '..new'), path.join(mount, '..data'));
  };
  const [first, second] = [`trm_${'a'.repeat(43)}`, `trm_${'b'.repeat(43)}`];
  await version('one', first);
  await symlink('..data/tokens.json', path.join(mount, 'tokens.json'));
  const other = await startApp(t, { env: { TERRARIUM_TOKENS_FILE: path.join(mount, 'tokens.json') } });
  assert.equal((await session(bearer(first), other)).body.name, 'one');
  await version('two', second);
  await until('the second version', async (see) => see((await session(bearer(second), other)).body).name === 'two');
  assert.ok(await isOut(bearer(first), other));
});

test('a page has a session of its own: logged out it is over, and the token is not', async (t) => {
  await file.write({ teacher: { role: 'admin' }, fritz: {} });
  await until('fritz to be known', (see) => isIn('fritz', see));
  const logIn = async (body: object) =>
    (await send(server.url, { method: 'POST', path: '/api/v1/login', body })).body.token as string;
  const invite = (headers: { authorization: string }, query = '') =>
    send(server.url, { method: 'POST', path: `/api/v1/login-codes${query}`, headers });
  const [one, two] = [
    await logIn({ token: file.tokenOf('fritz') }),
    await logIn({ code: (await invite(file.headersOf('fritz'))).body.code }),
  ];
  const { body } = await session(bearer(one));
  assert.deepEqual(
    [body.name, body.role, body.kind, body.sees, body.rights],
    ['fritz', 'operator', 'session', 'own', []],
  );
  assert.ok(Date.parse(body.expiresAt) - Date.now() > 11 * 3_600_000);
  const client = await connectStream(t, `${server.url}/api/v1/stream`, { headers: bearer(one) });
  const out = (token: string) => send(server.url, { method: 'POST', path: '/api/v1/logout', headers: bearer(token) });
  assert.equal((await out(one)).status, 204);
  await until('its socket to end', (see) => see(client.closed)?.code === 4401);
  assert.ok(await isOut(bearer(one)));
  assert.equal((await session(bearer(two))).status, 200, 'another page of his');
  assert.equal((await out(file.tokenOf('fritz'))).body.code, 'state_conflict');
  assert.ok(await isIn('fritz'));

  // After a restart of the server the page goes on, and the one that was logged out does not.
  const { stateDir } = server.app.config;
  const again = await startApp(t, { env: { TERRARIUM_TOKENS_FILE: file.path }, config: { stateDir } });
  assert.equal((await session(bearer(two), again)).status, 200);
  assert.ok(await isOut(bearer(one), again));

  // Nobody gives more than they have, and a link to look shows what its maker sees.
  assert.equal((await invite(file.headersOf('fritz'), '?role=admin')).status, 403);
  const looking = bearer(await logIn({ code: (await invite(file.headersOf('fritz'), '?role=viewer')).body.code }));
  const seen = (await session(looking)).body;
  assert.deepEqual([seen.name, seen.role, seen.sees, seen.rights], ['fritz', 'viewer', 'own', []]);
  assert.equal((await invite(looking)).status, 403);
  const forged = two.replace(/\..*/, `.${'A'.repeat(43)}`);
  assert.ok(await isOut(bearer(forged)));
});

test('however many ask at once, nobody gets more than they may have', async (t) => {
  const quotas = { containers: 5, labs: 2, streams: 4, memory: 320 * 1024 ** 2 };
  await file.write({ teacher: { role: 'admin' }, gerd: { quotas } });
  await until('gerd to be known', (see) => isIn('gerd', see));
  const headers = file.headersOf('gerd');
  const as = { url: server.url, headers };
  const api = useApi(as, t);
  const labs = useLabs(as, { after });
  const names = [labName(), labName(), labName(), labName()];
  const one = { containers: { t: { mode: 'closed', limits: { memory: '24m' } } } } as const;
  const applied = await Promise.all(names.map((name) => labs.put(name, one)));
  assert.equal(
    applied.filter(({ status }) => status === 200).length,
    2,
    JSON.stringify(applied.map(({ body }) => body)),
  );
  assert.ok(applied.every(({ status, body }) => status === 200 || (status === 409 && body.quota === 'labs')));

  // The default limit is 512 MiB: one would be too much already.
  const large = await api.tryCreate('closed');
  assert.deepEqual([large.status, large.body.code, large.body.quota], [409, 'quota_exceeded', 'memory']);
  const answers = await Promise.all(
    Array.from({ length: 8 }, () => api.tryCreate('closed', { limits: { memory: '100m' } })),
  );
  assert.equal(
    answers.filter(({ status }) => status === 201).length,
    2,
    'beside the labs there is room for two of 100 MiB',
  );
  assert.ok(answers.every(({ status, body }) => status === 201 || (status === 409 && body.quota === 'memory')));
  const small = await Promise.all(
    Array.from({ length: 6 }, () => api.tryCreate('closed', { limits: { memory: '24m' } })),
  );
  assert.equal(small.filter(({ status }) => status === 201).length, 1, 'five containers, of which two are of labs');
  assert.ok(small.some(({ body }) => body.quota === 'containers' && body.limit === 5));

  // What is refused before it is a socket takes no place for good.
  const refused = await Promise.allSettled(
    Array.from({ length: 6 }, () => connectStream(t, `${server.url}/api/v1/containers/none/netstat`, { headers })),
  );
  assert.ok(refused.every(({ status }) => status === 'rejected'));
  const sockets = await Promise.allSettled(
    Array.from({ length: 8 }, () => connectStream(t, `${server.url}/api/v1/stream`, { headers })),
  );
  const open = sockets.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  assert.equal(open.length, 4);
  open[0]?.socket.terminate();
  await until('a place to be free', async () => {
    const next = await connectStream(t, `${server.url}/api/v1/stream`, { headers }).catch(() => null);
    return next !== null;
  });
  open[1]?.socket.send(JSON.stringify({ type: 'subscribe', id: 'one', topic: 'events' }));
  const refusal = await open[1]?.until('the refusal', (one) => one.frames.find(({ type }) => type === 'error'));
  assert.equal(refusal?.code, 'quota_exceeded');
});

test('changes and refusals are booked, each on a line, without what was said', async () => {
  await file.write({ teacher: { role: 'admin' }, hans: {}, ilse: {} });
  await until('ilse to be known', (see) => isIn('ilse', see));
  const api = useApi({ url: server.url, headers: file.headersOf('hans') }, { after });
  const secret = 'what-nobody-may-read';
  const made = await api.create('closed', { env: { PASSWORD: secret } });
  await api.post(`/containers/${made.id}/exec`, { command: ['echo', secret], stdin: secret });
  await send(server.url, { path: `/api/v1/containers/${made.id}`, headers: file.headersOf('ilse') });
  await send(server.url, {
    method: 'POST',
    path: `/api/v1/containers/${made.id}/stop`,
    headers: file.headersOf('ilse'),
  });
  await send(server.url, { path: '/api/v1/containers?scope=all', headers: file.headersOf('ilse') });
  await send(server.url, { path: '/api/v1/session', headers: bearer('wrong') });
  await send(server.url, { path: '/api/v1/containers', headers: file.headersOf('ilse') });
  // It is renamed, as logrotate does, and goes on in a new one.
  await until('the books', async (see) => see(await readFile(auditFile, 'utf8')).includes('"code":"unauthorized"'));
  await rename(auditFile, `${auditFile}.1`);
  await api.post(`/containers/${made.id}/stop`);
  await until('the new file', async (see) => see(await readFile(auditFile, 'utf8').catch(() => '')).includes('stop'));
  assert.equal((await stat(auditFile)).mode & 0o777, 0o600);
  const text = (await readFile(`${auditFile}.1`, 'utf8')) + (await readFile(auditFile, 'utf8'));
  assert.ok(!text.includes(secret));
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const told = lines
    .filter(({ principal, code }) => ['hans', 'ilse'].includes(principal) || code === 'unauthorized')
    .map(({ principal, action, object, outcome, code }) => [principal, action, object, outcome, code].join(' | '));
  const { id } = made;
  for (const line of [
    `hans | POST /api/v1/containers/closed | containers/${id} | done | `,
    `hans | POST /api/v1/containers/:id/exec | ${id} | done | `,
    `ilse | GET /api/v1/containers/:id | ${id} | refused | container_not_found`,
    `ilse | POST /api/v1/containers/:id/stop | ${id} | refused | container_not_found`,
    'ilse | GET /api/v1/containers |  | refused | forbidden',
    ' | GET /api/v1/session |  | refused | unauthorized',
    `hans | POST /api/v1/containers/:id/stop | ${id} | done | `,
  ])
    assert.ok(told.includes(line), `${line}\n${told.join('\n')}`);
  assert.ok(!told.includes('ilse | GET /api/v1/containers |  | done | '), 'reads are not');
  assert.ok(
    lines.every(({ at, requestId, address }) => !Number.isNaN(Date.parse(at)) && requestId !== '' && address !== ''),
  );
});

test('a viewer sees no environment, runs no check that runs something, and watches no logs', async (t) => {
  const { body } = await send(server.url, {
    method: 'POST',
    path: '/api/v1/login-codes?role=viewer',
    headers: server.headers,
  });
  const token = (await send(server.url, { method: 'POST', path: '/api/v1/login', body: { code: body.code } })).body
    .token;
  const lab = labName();
  await useLabs(server, { after }).apply(lab, {
    containers: { t1: { mode: 'closed', env: { PASSWORD: 'of the teacher' } } },
    checks: {
      lo: { container: 't1', interfaces: ['lo'] },
      runs: { container: 't1', exec: { command: ['true'] } },
      connects: { container: 't1', cannotReach: { address: '192.0.2.1', port: 80 } },
    },
  });
  const seen = await send(server.url, { path: `/api/v1/labs/${lab}`, headers: bearer(token) });
  assert.equal(seen.status, 200);
  assert.doesNotMatch(seen.text, /of the teacher/);
  const report = await send(server.url, { method: 'POST', path: `/api/v1/labs/${lab}/check`, headers: bearer(token) });
  const told = Object.fromEntries(
    report.body.results.map((one: { name: string; status: string }) => [one.name, one.status]),
  );
  assert.deepEqual(told, { lo: 'pass', runs: 'error', connects: 'error' });
  const client = await connectStream(t, `${server.url}/api/v1/stream`, { headers: bearer(token) });
  client.socket.send(JSON.stringify({ type: 'subscribe', id: 'a', topic: 'logs', container: `${lab}-t1` }));
  const error = await client.until('the refusal', (one) => one.frames.find(({ type }) => type === 'error'));
  assert.equal(error.code, 'forbidden');
});

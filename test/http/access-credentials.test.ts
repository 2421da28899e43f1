// Login codes, WebSocket tickets and failed logins over HTTP, and the token file on disk.
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, type TestContext } from 'node:test';
import { ConfigError } from '../../src/config.ts';
import { loadToken } from '../../src/services/credentials/token-file.ts';
import { startApp } from '../support/app.ts';
import { createTestContainer } from '../support/engine.ts';
import { send, upgradeHeaders } from '../support/raw-http.ts';
import { connectStream } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

const clock = { ahead: 0, now: () => Date.now() + clock.ahead };
const running = await startApp({ after }, { clock });
const authorized = { headers: running.headers };

const postLogin = (body: unknown) => send(running.url, { method: 'POST', path: '/api/v1/login', body });
const post = (path: string) => send(running.url, { method: 'POST', path, ...authorized });

const ask = (token: string) =>
  send(running.url, { path: '/api/v1/session', headers: { authorization: `Bearer ${token}` } });

test('a login code is changed for a session once', async () => {
  const askedAt = clock.now();
  const issued = await post('/api/v1/login-codes');
  const answeredAt = clock.now();
  assert.equal(issued.status, 201);
  assert.equal(issued.headers['cache-control'], 'no-store');
  const { code, url, expiresAt } = issued.body;
  assert.equal(url, `${running.url}/login#code=${code}`);
  const issuedAt = Date.parse(expiresAt) - 600_000;
  assert.ok(askedAt <= issuedAt && issuedAt <= answeredAt, `${expiresAt} is not ten minutes after the code was issued`);

  const first = await postLogin({ code });
  assert.equal(first.status, 200);
  assert.notEqual(first.body.token, running.token);
  assert.equal((await ask(first.body.token)).body.kind, 'session');
  assert.equal(first.headers['cache-control'], 'no-store');
  const again = await postLogin({ code });
  assert.equal(again.status, 401);
  assert.match(again.body.detail, /unknown, used or expired/);
});

test('an expired login code is no use, and nonsense is refused by field', async () => {
  const { body } = await post('/api/v1/login-codes');
  clock.ahead += 600_001;
  assert.equal((await postLogin({ code: body.code })).status, 401);
  for (const wrong of [{}, { code: 5 }, { code: '' }, { token: '' }, { code: 'x', token: 'y' }, [], null]) {
    const answer = await postLogin(wrong);
    assert.equal(answer.status, 400, JSON.stringify(wrong));
    assert.equal(answer.body.code, 'invalid_request');
  }
});

test('a ticket opens one WebSocket, once and in time', async (t) => {
  const { name } = await createTestContainer(t);
  const url = `${running.url}/api/v1/containers/${name}/netstat`;
  const issue = async () => (await post('/api/v1/tickets')).body.ticket as string;

  const ticket = await issue();
  const client = await connectStream(t, `${url}?ticket=${ticket}`, { protocol: 'terrarium.v1' });
  assert.equal(client.socket.protocol, 'terrarium.v1');
  await client.until('the first snapshot', () => client.data);
  await assert.rejects(connectStream(t, `${url}?ticket=${ticket}`), { status: 401 });

  const late = await issue();
  clock.ahead += 30_001;
  await assert.rejects(connectStream(t, `${url}?ticket=${late}`), { status: 401 });

  // Whatever else is in the query still counts, and the ticket is none of the route's business.
  const other = await connectStream(t, `${url}?options=tan&ticket=${await issue()}`);
  await other.close();
  await assert.rejects(connectStream(t, `${url}?optoins=tan&ticket=${await issue()}`), { status: 400 });
});

test('a frame larger than any client needs ends its own socket and no other', async (t) => {
  const { name } = await createTestContainer(t);
  const connect = () =>
    connectStream(t, `${running.url}/api/v1/containers/${name}/netstat`, { headers: running.headers });
  const [rude, polite] = [await connect(), await connect()];
  await polite.until('a snapshot', () => polite.data);
  rude.socket.send('x'.repeat(64 * 1024 + 1));
  await waitFor((see) => see(rude.closed), { what: 'the socket to be closed' });
  assert.equal(rude.closed?.code, 1009);
  assert.equal(polite.closed, undefined);
});

test('a ticket is good for an upgrade and nothing else', async () => {
  const { body } = await post('/api/v1/tickets');
  const asQuery = await send(running.url, { path: `/api/v1/engines?ticket=${body.ticket}` });
  assert.equal(asQuery.status, 401);
  const asToken = await send(running.url, {
    path: '/api/v1/engines',
    headers: { authorization: `Bearer ${body.ticket}` },
  });
  assert.equal(asToken.status, 401);
  const upgrade = { path: `/api/v1/containers/nothing/netstat?ticket=${body.ticket}`, headers: upgradeHeaders };
  assert.equal((await send(running.url, upgrade)).status, 404, 'it was not used up by those');
  assert.equal((await send(running.url, upgrade)).status, 401, 'a refused upgrade uses it up');
});

test('a URL that is no WebSocket says so', async () => {
  const answer = await send(running.url, {
    path: '/api/v1/engines',
    headers: { ...running.headers, ...upgradeHeaders },
  });
  assert.equal(answer.status, 400);
  assert.match(answer.body.detail, /does not speak WebSocket/);
});

test('who guesses gets 429 and the time to wait', async (t) => {
  const { url, headers } = await startApp(t);
  const guess = (i: number) =>
    send(url, { path: '/api/v1/engines', headers: { authorization: `Bearer guess-number-${i}-of-many` } });
  const statuses: number[] = [];
  for (let i = 0; i < 12; i++) statuses.push((await guess(i)).status);
  assert.deepEqual(statuses, [...Array.from({ length: 10 }, () => 401), 429, 429]);
  const stopped = await guess(12);
  assert.equal(stopped.body.code, 'rate_limited');
  const wait = Number(stopped.headers['retry-after']);
  assert.ok(wait >= 1 && wait <= 60, String(wait));
  // A stranger at this address who suddenly guesses right is not let in either.
  assert.equal((await send(url, { path: '/api/v1/engines', headers })).status, 429);
  assert.equal((await send(url, { method: 'POST', path: '/api/v1/login', body: { code: 'x' } })).status, 429);
  assert.equal((await send(url, { path: '/healthz' })).status, 200);
});

async function makeFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'terrarium-token-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('the token is made at the first start, for its owner alone, and kept', async (t) => {
  const folder = path.join(await makeFolder(t), 'a', 'b');
  const token = await loadToken(folder);
  assert.match(token, /^[A-Za-z0-9_-]{43}$/);
  assert.equal(((await stat(folder)).mode & 0o777).toString(8), '700');
  assert.equal(((await stat(path.join(folder, 'token'))).mode & 0o777).toString(8), '600');
  assert.equal(await readFile(path.join(folder, 'token'), 'utf8'), `${token}\n`);
  assert.equal(await loadToken(folder), token);
  assert.deepEqual(await readdir(folder), ['token'], 'nothing else is left');
});

test('of many first starts at once one makes the token, and all have it', async (t) => {
  const folder = await makeFolder(t);
  const tokens = await Promise.all(Array.from({ length: 20 }, () => loadToken(folder)));
  assert.equal(new Set(tokens).size, 1);
  assert.deepEqual(await readdir(folder), ['token']);
});

test('a token that others could have read or replaced is refused', async (t) => {
  const folder = await makeFolder(t);
  const file = path.join(folder, 'token');
  await loadToken(folder);
  const isRefused = (words: RegExp) =>
    assert.rejects(loadToken(folder), (error: Error) => error instanceof ConfigError && words.test(error.message));

  for (const mode of [0o640, 0o604, 0o620, 0o644]) {
    await chmod(file, mode);
    await isRefused(new RegExp(`token can be read by others \\(mode ${mode.toString(8)}\\)`));
  }
  await chmod(file, 0o600);
  await chmod(folder, 0o777);
  await isRefused(/can be written by others \(mode 777\)/);
  await chmod(folder, 0o700);

  await writeFile(file, 'short\n');
  await isRefused(/holds no token/);
  await rm(file);
  await writeFile(path.join(folder, 'elsewhere'), 'a-token-of-somebody-else\n', { mode: 0o600 });
  await symlink(path.join(folder, 'elsewhere'), file);
  await isRefused(/cannot keep a token in .*ELOOP/);
  await rm(file);
  await mkdir(file);
  await isRefused(/is not a file/);
});

test('a folder that cannot be made is named with the way out', async (t) => {
  const file = path.join(await makeFolder(t), 'file');
  await writeFile(file, '');
  await assert.rejects(loadToken(path.join(file, 'state')), (error: Error) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, /^cannot keep a token in .*\/file\/state\/token \(ENOTDIR\); set TERRARIUM_STATE_DIR/);
    return true;
  });
});

test('an app without a configured token takes the one of its folder', async (t) => {
  const folder = await makeFolder(t);
  const { url } = await startApp(t, { env: { TERRARIUM_TOKEN: '', TERRARIUM_STATE_DIR: folder } });
  const token = (await readFile(path.join(folder, 'token'), 'utf8')).trim();
  const answer = await send(url, { path: '/api/v1/engines', headers: { authorization: `Bearer ${token}` } });
  assert.equal(answer.status, 200);
});

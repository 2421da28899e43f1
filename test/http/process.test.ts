// The server as a process: how it starts, what it says when it cannot, how it ends, and that no secret is ever in what it prints.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { settings } from '../../src/settings.ts';
import { testToken } from '../support/app.ts';
import { createTestContainer, findFreePort, inspectContainer, listContainerIds } from '../support/engine.ts';
import { readLogFields } from '../support/log-fields.ts';
import { send } from '../support/raw-http.ts';
import { findServerProgram } from '../support/server-program.ts';
import { connectStream } from '../support/stream-client.ts';
import { waitFor } from '../support/wait-for.ts';

const root = path.resolve(import.meta.dirname, '..', '..');

interface Run {
  readonly url: string;
  readonly stateDir: string;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** The exit code, when the process has ended. */
  readonly ended: () => Promise<{ code: number | null }>;
  readonly signal: (name: NodeJS.Signals) => void;
}

/** Runs the server without a configured token; the process and its folder are gone after the test. */
async function run(
  t: TestContext,
  { env = {}, args = [], preload = [] }: { env?: NodeJS.ProcessEnv; args?: string[]; preload?: string[] } = {},
): Promise<Run> {
  const stateDir = await mkdtemp(path.join(tmpdir(), 'terrarium-process-'));
  const port = await findFreePort();
  const child = spawn(process.execPath, [...preload, ...(await findServerProgram()), ...args], {
    cwd: root,
    env: { ...process.env, TERRARIUM_STATE_DIR: stateDir, TERRARIUM_PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      printed[name] += chunk;
    });
  const closed = once(child, 'close');
  t.after(async () => {
    child.kill('SIGKILL');
    await closed;
    await rm(stateDir, { recursive: true, force: true });
  });
  return {
    url: `http://127.0.0.1:${port}`,
    stateDir,
    stdout: () => printed.stdout,
    stderr: () => printed.stderr,
    async ended() {
      await waitFor((see) => see(child.exitCode) !== null || see(child.signalCode) !== null, {
        what: 'the process to end',
        timeoutMs: 60_000,
        intervalMs: 10,
      });
      await closed;
      return { code: child.exitCode };
    },
    signal: (name) => child.kill(name),
  };
}

async function runUntilReady(t: TestContext, options: Parameters<typeof run>[1] = {}) {
  const server = await run(t, options);
  await waitFor(async (see) => see((await send(server.url, { path: '/readyz' })).status) === 200, {
    what: 'the server to be ready',
  });
  return server;
}

test('what keeps it from starting is told in one line, and nothing else', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port } = taken.address() as { port: number };
  const cases: [env: NodeJS.ProcessEnv, words: RegExp][] = [
    [{ TERRARIUM_PORT: 'many' }, /^terrarium: TERRARIUM_PORT is "many"; .*\n$/],
    [
      { TERRARIUM_PORT: String(port) },
      new RegExp(`^terrarium: port ${port} of 127\\.0\\.0\\.1 is in use .*TERRARIUM_PORT.*\\n$`),
    ],
    [
      { TERRARIUM_HOST: '0.0.0.0' },
      /^terrarium: TERRARIUM_HOST is "0\.0\.0\.0", .*TERRARIUM_TOKEN and TERRARIUM_ALLOWED_HOSTS.*\n$/,
    ],
    [
      { TERRARIUM_HOST: 'no-such-name.invalid', TERRARIUM_TOKEN: testToken, TERRARIUM_ALLOWED_HOSTS: 'a' },
      /^terrarium: TERRARIUM_HOST is "no-such-name\.invalid", which is no address of this machine .*\n$/,
    ],
    [
      { TERRARIUM_STATE_DIR: '/dev/null/state' },
      /^terrarium: cannot keep a token in \/dev\/null\/state\/token .*TERRARIUM_STATE_DIR.*\n$/,
    ],
    [{ DOCKER_HOST: 'ftp://engine' }, /^terrarium: DOCKER_HOST is "ftp:\/\/engine"; .*\n$/],
  ];
  await Promise.all(
    cases.map(async ([env, words]) => {
      const server = await run(t, { env: { TERRARIUM_LOG_LEVEL: 'error', ...env } });
      assert.equal((await server.ended()).code, 1, server.stderr());
      assert.match(server.stderr(), words);
      assert.equal(server.stdout(), '');
    }),
  );
});

test('--help prints every setting, and an unknown argument is refused', async (t) => {
  const help = await run(t, { args: ['--help'] });
  assert.equal((await help.ended()).code, 0);
  for (const { name } of settings) assert.ok(help.stdout().includes(name), name);
  const wrong = await run(t, { args: ['--port=80'] });
  assert.equal((await wrong.ended()).code, 2);
  assert.match(wrong.stderr(), /^terrarium: unknown argument "--port=80".*\n$/);
});

test('it says where it is and how to log in, once, and warns of a misspelled variable', async (t) => {
  const server = await runUntilReady(t, { env: { TERRARIUM_ALOWED_HOSTS: 'x' } });
  const [where, login, ...more] = server.stdout().trim().split('\n');
  assert.deepEqual(more, []);
  assert.equal(where, `Terrarium listens on ${server.url}`);
  const code = new RegExp(`^Log in .*: ${server.url}/login#code=(\\S+)$`).exec(login ?? '')?.[1];
  assert.ok(code, login);
  assert.match(server.stderr(), /TERRARIUM_ALOWED_HOSTS .*TERRARIUM_ALLOWED_HOSTS\?/);

  const file = path.join(server.stateDir, 'token');
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const exchange = () => send(server.url, { method: 'POST', path: '/api/v1/login', body: { code } });
  const { body } = await exchange();
  assert.notEqual(body.token, (await readFile(file, 'utf8')).trim(), 'a session has a token of its own');
  const headers = { authorization: `Bearer ${body.token}` };
  assert.equal((await send(server.url, { path: '/api/v1/session', headers })).body.role, 'admin');
  assert.equal((await exchange()).status, 401);

  server.signal('SIGINT');
  assert.equal((await server.ended()).code, 0);
});

test('SIGTERM tells every stream goodbye, refuses what comes, and leaves no helper', async (t) => {
  const { id, name } = await createTestContainer(t);
  const server = await runUntilReady(t, { env: { TERRARIUM_TOKEN: testToken, TERRARIUM_OBSERVER: 'helper' } });
  const headers = { authorization: `Bearer ${testToken}` };
  const netstat = `${server.url}/api/v1/containers/${name}/netstat`;
  const client = await connectStream(t, netstat, { headers, protocol: 'terrarium.v1' });
  await client.until('a snapshot', () => client.data);
  const following = await fetch(netstat, { headers: { ...headers, accept: 'application/x-ndjson' } });
  assert.equal((await findHelpers(id)).length, 1);

  server.signal('SIGTERM');
  await client.until('the goodbye', () => client.closed !== undefined).catch(() => {});
  assert.deepEqual(client.closed, { code: 1001, reason: 'shutting_down' });
  await following.text().catch(() => {});
  const { code } = await server.ended();
  assert.equal(code, 0, 'a close that takes too long is cut off with exit code 1');
  assert.doesNotMatch(server.stderr(), /killed by timeout/);
  await assert.rejects(fetch(`${server.url}/healthz`));
  await waitFor(async (see) => see(await findHelpers(id)).length === 0, {
    what: 'its helper to be gone',
  });
});

/** Helpers in the namespace of this container. Others on this engine are none of ours. */
async function findHelpers(target: string): Promise<string[]> {
  const found: string[] = [];
  for (const helper of await listContainerIds('io.terrarium.role=helper')) {
    // It may be gone since it was listed.
    const facts = await inspectContainer(helper).catch(() => undefined);
    if (facts?.HostConfig.NetworkMode === `container:${target}`) found.push(helper);
  }
  return found;
}

/** A request that never arrives whole: it keeps the server from closing by itself. */
async function stall(t: TestContext, url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(
    `POST /api/v1/login HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`,
  );
}

test('a request that never ends holds the server up for a moment only; a second signal ends it at once', async (t) => {
  const [patient, hasty] = await Promise.all([runUntilReady(t), runUntilReady(t)]);
  await Promise.all([stall(t, patient.url), stall(t, hasty.url)]);
  // Both have seen the beginning of the request when they have answered another one.
  for (const { url } of [patient, hasty]) assert.equal((await send(url, { path: '/healthz' })).status, 200);

  patient.signal('SIGTERM');
  hasty.signal('SIGTERM');
  await waitFor((see) => see(hasty.stderr()).includes('"closing"'), {
    what: 'the first signal to be seen',
    intervalMs: 10,
  });
  hasty.signal('SIGTERM');
  const second = await hasty.ended();
  assert.equal(second.code, 1);
  assert.match(hasty.stderr(), /"second SIGTERM, exiting"/);
  assert.doesNotMatch(hasty.stderr(), /killed by timeout/, 'it does not wait for the deadline');
  const first = await patient.ended();
  // With exit code 1 the deadline of the whole close would have cut it off.
  assert.equal(first.code, 0, patient.stderr());
  assert.doesNotMatch(patient.stderr(), /killed by timeout/);
});

test('an error that nobody handles is logged and ends the process', async (t) => {
  for (const mistake of ['throw new Error("boom")', 'Promise.reject(new Error("boom"))']) {
    const whenUp = `const timer = setInterval(() => { if (process.listenerCount('SIGTERM') > 0) { clearInterval(timer); ${mistake} } }, 50)`;
    const server = await run(t, { preload: ['--import', `data:text/javascript,${encodeURIComponent(whenUp)}`] });
    const { code } = await server.ended();
    assert.equal(code, 1, server.stderr());
    const fatal = server
      .stderr()
      .split('\n')
      .find((line) => line.includes('"level":60'));
    assert.match(fatal ?? server.stderr(), /boom/);
  }
});

test('nothing secret is in what it prints, at the most talkative level', async (t) => {
  const server = await runUntilReady(t, { env: { TERRARIUM_LOG_LEVEL: 'trace' } });
  const token = (await readFile(path.join(server.stateDir, 'token'), 'utf8')).trim();
  const code = /#code=(\S+)/.exec(server.stdout())?.[1] ?? '';
  const headers = { authorization: `Bearer ${token}` };
  const { name } = await createTestContainer(t);
  const post = (url: string, body?: unknown, more = headers) =>
    send(server.url, { method: 'POST', path: url, headers: more, body });

  await post('/api/v1/login', { code });
  await post('/api/v1/login', { code });
  const { ticket } = (await post('/api/v1/tickets')).body;
  const { ticket: unused } = (await post('/api/v1/tickets')).body;
  const { code: secondCode } = (await post('/api/v1/login-codes')).body;
  const guess = 'a-guess-at-the-token';
  await post('/api/v1/tickets', undefined, { authorization: `Bearer ${guess}` });
  await send(server.url, { path: `/api/v1/engines?token=${token}`, headers });
  await send(server.url, { path: `/api/v1/engines?ticket=${unused}&code=${secondCode}`, headers });
  await send(server.url, { path: `/api/v1/no-such/route?access_token=${token}`, headers });
  await send(server.url, { path: `/login?code=${secondCode}` });
  const client = await connectStream(t, `${server.url}/api/v1/containers/${name}/netstat?ticket=${ticket}`);
  await client.close();
  const password = 'pAsSwOrD-of-a-lab';
  await post('/api/v1/containers/closed?dryRun=true', { env: { PASSWORD: password } });
  await post('/api/v1/containers/closed', { env: [password], name: 'x' });
  await post('/api/v1/containers/closed', { env: { A: 'b' }, command: [password, 5] });
  await post(`/api/v1/containers/${name}/exec`, { command: ['echo', password] });
  await send(server.url, {
    path: '/api/v1/engines',
    headers: { ...headers, cookie: `session=${password}`, 'x-request-id': `${password}/` },
  });
  await send(server.url, { path: '/metrics', headers });
  server.signal('SIGTERM');
  await server.ended();

  const log = server.stderr();
  assert.ok(log.split('\n').length > 20, 'it logged what was done');
  for (const [what, secret] of Object.entries({ token, code, ticket, unused, secondCode, guess, password })) {
    assert.ok(secret.length > 10, what);
    assert.ok(
      !log.includes(secret),
      `the ${what} is in the log: ${log.split('\n').find((line) => line.includes(secret))}`,
    );
  }
  assert.ok(!server.stdout().includes(token));
  const entries = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.ok(
    entries.some(({ audit }) => audit?.outcome === 'refused' && audit.code === 'unauthorized'),
    'what is no secret is not taken for one',
  );
  const documented = await readLogFields();
  for (const line of log.trim().split('\n')) {
    const fields = Object.keys(JSON.parse(line));
    assert.deepEqual(
      fields.filter((field) => !documented.includes(field)),
      [],
      line,
    );
    for (const field of ['level', 'time', 'pid', 'hostname', 'msg']) assert.ok(fields.includes(field), line);
  }
});

// Around the predictions: what is switched off is unknown, what is asked badly is refused, and whoever leaves, dies or stalls leaves nothing behind. On an
// engine of the test's own.
import assert from 'node:assert/strict';
import test, { after, type TestContext } from 'node:test';
import type { Reachability } from '../../src/schemas/verification.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { listContainerIds } from '../support/engine.ts';
import { readPath } from '../support/packet-paths.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { createScratchImage } from '../support/scratch-image.ts';
import { startServerProcess } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const engine = skip === false ? await startPrivateEngine({ after }, { image: 'busybox:latest' }) : undefined;
if (engine !== undefined) process.env.DOCKER_HOST = engine.host;

type Server = Pick<RunningApp, 'url' | 'headers'>;

const servants = ['rules', 'proxies', 'verifier', 'probe', 'helper'] as const;
const listServants = async (roles: readonly (typeof servants)[number][] = servants) =>
  (await Promise.all(roles.map((role) => listContainerIds(`io.terrarium.role=${role}`)))).flat();
const nobodyIsLeft = (what: string) =>
  waitFor(async (see) => see(await listServants()).length === 0, { what, intervalMs: 250 });

async function run(t: TestContext, name: string, ...args: string[]): Promise<void> {
  t.after(async () => {
    await engine?.docker('rm', '--force', name);
  });
  const done = await engine?.docker('run', '--detach', '--name', name, ...args);
  assert.equal(done?.code, 0, done?.stderr);
}
const managed = ['--label', 'io.terrarium.managed=true', '--label', 'io.terrarium.lab=r'];
const web = ['--init', 'busybox:latest', 'httpd', '-f', '-p', '80'];

const ask = (server: Server, query: string, options: RequestInit = {}) =>
  fetch(`${server.url}/api/v1${query}`, { ...options, headers: { ...server.headers, ...options.headers } });

async function read<Answer>(server: Server, query: string): Promise<Answer> {
  const answer = await ask(server, query);
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return JSON.parse(text);
}

test('with the rules switched off nobody reads them, and what hangs on them is unknown', { skip }, async (t) => {
  await run(t, 'off-a', ...managed, '--publish', '8301:80', ...web);
  await run(t, 'off-b', ...managed, '--publish', '8302:80', ...web);
  const app = await startApp(t, { env: { TERRARIUM_RULES: 'off' } });
  const path = await readPath(app, { container: 'off-a', port: 80, from: 'off-b' });
  assert.equal(path.verdict.reaches, null, path.verdict.sentence);
  assert.match(path.verdict.code, /_not_known$/);
  const matrix = await read<Reachability>(app, '/reachability?lab=r');
  assert.ok(matrix.unknown.some((reason) => reason.includes('TERRARIUM_RULES')));
  assert.ok(matrix.entries.length > 0);
  assert.deepEqual(
    matrix.entries.filter(({ outcome }) => outcome === 'reaches').map(({ sentence }) => sentence),
    [],
  );
  assert.deepEqual(await listServants(['rules', 'proxies']), []);
  // A real connection needs no rules.
  const { verification, entries } = await read<Reachability>(app, '/reachability?lab=r&verify=true');
  assert.deepEqual(verification?.disagreements, []);
  assert.ok(entries.some(({ verified, outcome }) => verified === 'open' && outcome === 'unknown'));
});

test('images without a shell are connected from and to; what is not managed is only connected to', {
  skip,
}, async (t) => {
  assert.ok(engine);
  const scratch = await createScratchImage(t);
  await run(t, 'bare', ...managed, scratch, '/bin/sleep', '600');
  await run(t, 'full', ...managed, ...web);
  await run(t, 'foreign', ...web);
  const app = await startApp(t);
  const { nodes, entries, verification } = await read<Reachability>(app, '/reachability?scope=all&verify=true');
  const idOf = (name: string) => nodes.find((node) => node.name === name)?.id ?? assert.fail(name);
  const verified = (from: string, to: string) =>
    entries.find((entry) => entry.from === idOf(from) && entry.to === idOf(to) && entry.port === 80)?.verified;
  assert.equal(verified('bare', 'full'), 'open');
  assert.equal(verified('bare', 'foreign'), 'open');
  assert.equal(verified('foreign', 'full'), null);
  assert.deepEqual(
    verification?.unverified.map(({ from }) => from),
    [idOf('foreign')],
  );
  const outsiders = await read<Reachability>(app, '/reachability');
  assert.ok(outsiders.nodes.every(({ name }) => name !== 'foreign'));
});

test('one who answers zeros through docker-proxy and hangs up was reached', { skip }, async (t) => {
  const zeros = ['nc', '-ll', '-p', '80', '-e', 'head', '-c', '5', '/dev/zero'];
  await run(t, 'zeros', ...managed, '--publish', '127.0.0.1::80', '--init', 'busybox:latest', ...zeros);
  const { nodes, entries, verification } = await read<Reachability>(
    await startApp(t),
    '/reachability?lab=r&verify=true',
  );
  assert.deepEqual(verification?.disagreements, []);
  const host = nodes.find(({ kind }) => kind === 'host')?.id;
  const published = entries.filter(({ from, address }) => from === host && address === '127.0.0.1');
  assert.ok(published.length > 0, JSON.stringify(entries));
  for (const { verified } of published) assert.equal(verified, 'open');
});

test('progress comes a line at a time, and the answer last', { skip }, async (t) => {
  await run(t, 'line-a', ...managed, ...web);
  await run(t, 'line-b', ...managed, ...web);
  const app = await startApp(t);
  const answer = await ask(app, '/reachability?lab=r&verify=true', { headers: { accept: 'application/x-ndjson' } });
  const lines = (await answer.text())
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const [first, last] = [lines[0], lines.at(-1)];
  assert.equal(first.progress.done, 0);
  assert.ok(first.progress.total > 0);
  assert.equal(last.verification.disagreements.length, 0);
  assert.ok(lines.slice(0, -1).every(({ progress }) => progress.done <= progress.total));
});

test('who asks badly is told what is wrong, and nothing is started', { skip }, async (t) => {
  await run(t, 'bad-a', ...managed, ...web);
  const app = await startApp(t);
  await nobodyIsLeft('those of the tests before');
  for (const [query, status, code, culprit] of [
    ['/containers/bad-a/ports/0/path', 400, 'invalid_request', 'port'],
    ['/containers/bad-a/ports/65536/path', 400, 'invalid_request', 'port'],
    ['/containers/bad-a/ports/http/path', 400, 'invalid_request', 'port'],
    ['/containers/bad-a/ports/80/sctp/path', 400, 'invalid_request', 'protocol'],
    ['/containers/nobody/ports/80/path', 404, 'container_not_found', 'nobody'],
    ['/containers/bad-a/ports/80/path?from=nobody', 404, 'container_not_found', 'nobody'],
    ['/containers/bad-a/ports/80/path?from=', 400, 'invalid_request', 'from'],
    ['/containers/bad-a/ports/80/path?form=host', 400, 'invalid_request', 'form'],
    ['/containers/bad-a/ports/80/path?engine=other', 404, 'engine_not_found', 'other'],
    ['/reachability?verify=perhaps', 400, 'invalid_request', 'verify'],
    ['/reachability?scope=mine', 400, 'invalid_request', 'scope'],
    ['/reachability?engine=other', 404, 'engine_not_found', 'other'],
  ] as const) {
    const answer = await ask(app, query);
    const text = await answer.text();
    assert.equal(answer.status, status, `${query}: ${text}`);
    const problem = JSON.parse(text);
    assert.equal(problem.code, code, query);
    assert.ok(`${problem.detail} ${problem.hint}`.includes(culprit), `${query}: ${text}`);
  }
  assert.equal((await ask(app, '/reachability', { headers: { accept: 'text/html' } })).status, 406);
  assert.deepEqual(await listServants(), []);
});

/** Connections that hang, so that there is something to leave: what goes from one bridge to another is dropped. */
async function setSlowScene(t: TestContext): Promise<void> {
  assert.ok(engine);
  await engine.docker('network', 'create', 'slow');
  for (const name of ['slow-a', 'slow-b', 'slow-c'])
    await run(t, name, ...managed, '--network', name === 'slow-a' ? 'slow' : 'bridge', ...web);
  t.after(async () => {
    await engine.docker('network', 'rm', 'slow');
  });
}

test('who leaves stops the connections, and nothing stays', { skip }, async (t) => {
  await setSlowScene(t);
  const app = await startApp(t);
  const leaving = new AbortController();
  const asking = ask(app, '/reachability?lab=r&verify=true', { signal: leaving.signal });
  await waitFor(async (see) => see(await listServants(['verifier'])).length > 0, {
    what: 'a verifier',
    intervalMs: 10,
  });
  leaving.abort();
  await assert.rejects(asking);
  await waitFor(async (see) => see(await listServants(['verifier'])).length === 0, {
    what: 'the verifiers to be gone',
  });
  await nobodyIsLeft('all others to have gone after their grace');
});

test('a server that is killed leaves nothing', { skip }, async (t) => {
  assert.ok(engine);
  await setSlowScene(t);
  const server = await startServerProcess(t, { env: { DOCKER_HOST: engine.host, TERRARIUM_LOG_LEVEL: 'warn' } });
  const asking = ask(server, '/reachability?lab=r&verify=true').catch(() => {});
  await waitFor(async (see) => see(await listServants(['verifier'])).length > 0, {
    what: 'a verifier',
    intervalMs: 10,
  });
  assert.ok((await listServants(['rules', 'proxies'])).length > 0);
  await server.kill('SIGKILL');
  await asking;
  // What was made and not started goes with the sweep of the next server.
  await startApp(t);
  await nobodyIsLeft('everything to be gone');
});

test('an engine that stalls is told as one', { skip }, async (t) => {
  assert.ok(engine);
  await run(t, 'stall-a', ...managed, ...web);
  const app = await startApp(t);
  await readPath(app, { container: 'stall-a', port: 80, from: 'host' });
  await nobodyIsLeft('the helpers of the first question to be gone');
  engine.freeze();
  t.after(() => engine.thaw());
  for (const query of ['/containers/stall-a/ports/80/path', '/reachability?verify=true']) {
    const answer = await ask(app, query);
    assert.ok([503, 504].includes(answer.status), `${query}: ${answer.status} ${await answer.text()}`);
  }
  engine.thaw();
  await waitFor(async (see) => see((await ask(app, '/containers/stall-a/ports/80/path')).status) === 200, {
    what: 'answers to come again',
  });
});

// The typed client over HTTP: every route has a method, errors carry the server's words, and nothing is repeated that must not be.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { WebSocket } from 'ws';
import { createClient as createPageClient } from '../../src/client/index.ts';
import { createClient, TerrariumError } from '../../src/client/node.ts';
import type { LabFile } from '../../src/schemas/lab.ts';
import { startApp } from '../support/app.ts';
import { startChaosProxy } from '../support/chaos-proxy.ts';
import { findFreePort, listContainerIds, removeContainer, removeNetwork } from '../support/engine.ts';
import { clearLab, findLeft, labName } from '../support/labs.ts';
import { uniqueName } from '../support/run-id.ts';
import { noteRoutes } from '../support/visited-routes.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after });
const routes = noteRoutes(server);
const client = createClient({ url: server.url, token: server.token });
after(() => client.close());

/** A name whose container is removed after the test. */
function newName(): string {
  const name = uniqueName('client');
  after(() => removeContainer(name));
  return name;
}

const fails = (expected: Partial<TerrariumError>) => (error: unknown) => {
  assert.ok(error instanceof TerrariumError, String(error));
  const { code, status, field } = error;
  assert.deepEqual({ code, status, field }, { code, status, field, ...expected });
  return true;
};

test('every documented route has a method', async () => {
  const name = newName();
  const { containers, images, engines, access, operations } = client;
  const command = ['sh', '-c', 'echo ready; httpd -p 2222; exec sleep 600'];

  const made = await containers.create('open', { name, command, ports: ['127.0.0.1::2222'] });
  assert.deepEqual([made.name, made.mode, made.state], [name, 'open', 'running']);
  const joined = await containers.create('joined', { name: newName(), target: name, command: ['sleep', '600'] });
  await containers.create('closed', { name: newName() });
  await containers.create('bridged', { name: newName() });
  const dry = await containers.dryRun('closed', { name: newName() });
  assert.equal(dry.mode, 'closed');

  assert.ok((await containers.list({ mode: 'open', state: 'running' })).some(({ id }) => id === made.id));
  assert.equal((await containers.get(name)).id, made.id);
  for (const [verb, state] of [
    ['pause', 'paused'],
    ['unpause', 'running'],
    ['stop', 'exited'],
    ['start', 'running'],
  ] as const)
    assert.equal((await containers[verb](name)).state, state);
  assert.equal((await containers.restart(name, { timeout: 0, rejoin: false })).state, 'running');
  assert.equal((await containers.get(joined.id)).orphaned, true);
  assert.equal((await containers.rejoin(joined.id, { timeout: 0 })).orphaned, false);

  const { namespace: shared } = await containers.namespaces(joined.id);
  assert.ok((await client.namespaces.list()).some(({ id }) => id === shared));
  assert.deepEqual(
    (await client.namespaces.get(shared)).members.map((one) => one.id).sort(),
    [made.id, joined.id].sort(),
  );

  const said = await containers.exec(name, { command: ['wc', '-w'], stdin: 'one two' });
  assert.deepEqual([said.exitCode, said.stdout], [0, '2\n']);
  assert.equal((await containers.ports(name))[0]?.containerPort, 2222);
  assert.match(await containers.portsText(name), /^2222\/tcp -> 127\.0\.0\.1:\d+\n$/);
  const [path] = (await containers.path(name, 2222, { from: 'host' })).paths;
  assert.equal(path?.verdict.reaches, true);
  assert.equal((await containers.path(name, 2222, { protocol: 'tcp' })).published, true);
  assert.ok((await client.reachability.predict()).nodes.some(({ id }) => id === made.id));
  assert.deepEqual((await client.reachability.verify({ lab: 'nobody' })).verification?.disagreements, []);
  assert.ok((await containers.netstat(name, { options: 'ltn' })).sockets.some(({ local }) => local.port === 2222));
  assert.match(await containers.netstatText(name, { options: 'ltn' }), /:::2222 .* LISTEN/);
  assert.ok((await containers.ifconfig(name)).interfaces.some((one) => one.name === 'eth0'));
  assert.match(await containers.ifconfigText(name, { all: true }), /^eth0 {6}Link encap:Ethernet/m);
  const lines = [];
  for await (const { line } of containers.logs(name, { tail: 1 })) lines.push(line);
  assert.deepEqual(lines, ['ready']);
  assert.equal(await containers.logsText(name, { tail: 1 }), 'ready\n');
  const terminal = await containers.terminal(name, { command: ['true'] });
  assert.deepEqual(await terminal.exit, { exitCode: 0 });
  await containers.remove(name);
  await assert.rejects(containers.get(name), fails({ code: 'container_not_found', status: 404 }));

  assert.ok((await images.list()).some(({ tags }) => tags.includes('busybox:latest')));
  await assert.rejects(
    (async () => {
      for await (const step of images.pull('nowhere.invalid/image')) assert.fail(JSON.stringify(step));
    })(),
    fails({ status: 403 }),
  );
  const network = uniqueName('net');
  after(() => removeNetwork(network));
  assert.equal((await client.networks.dryRun({ name: network, mtu: 1400 })).name, network);
  assert.equal((await client.networks.create({ name: network, mtu: 1400 })).mtu, 1400);
  assert.ok((await client.networks.list({ scope: 'managed' })).some((one) => one.name === network));
  const { id: member } = await containers.create('bridged', { name: newName(), command });
  assert.equal((await client.networks.connect(network, { container: member })).containers.length, 1);
  assert.equal((await client.networks.disconnect(network, { container: member })).containers.length, 0);
  assert.equal((await client.networks.get(network)).driver, 'bridge');
  await client.networks.remove(network);
  const [lesson] = await client.lessons.list();
  assert.equal((await client.lessons.get(lesson?.name ?? '')).file.steps?.length, lesson?.steps);
  const [engine] = await engines.list();
  assert.equal((await engines.get(engine?.name ?? '')).state, 'live');
  assert.equal((await engines.daemonConfig(engine?.name ?? '')).engine, engine?.name);
  assert.equal((await engines.checkDaemonConfig('{ "mtu": 67 }', { docker0: '172.17.0.1/16' })).verdict, 'fails');
  const { name: who, role, kind, sees } = await access.session();
  assert.deepEqual([who, role, kind, sees], ['admin', 'admin', 'token', 'all']);
  const { code } = await access.loginCode();
  const page = createClient({ url: server.url, token: (await access.login(code)).token });
  assert.equal((await page.access.session()).kind, 'session');
  await assert.rejects(access.logout(), fails({ code: 'state_conflict' }));
  await page.access.logout();
  await assert.rejects(page.access.session(), fails({ status: 401 }));
  page.close();
  assert.match((await access.ticket()).ticket, /^\S{20,}$/);
  assert.deepEqual(await operations.health(), { status: 'ok' });
  assert.equal((await operations.readiness()).ready, true);
  assert.match(await operations.metrics(), /^terrarium_/m);
  assert.ok('paths' in (await operations.openapi()));
  assert.ok('channels' in (await operations.asyncapi()));
  await client.subscribe({ topic: 'events' }).next();
  await visitLabs();

  // Its answer is a stream that `subscribe` follows on /stream, where events of everything and of each thing go on one connection.
  const byAnotherRoute = ['GET /api/v1/events', 'GET /api/v1/openapi.json', 'GET /api/v1/asyncapi.json'];
  const visited = routes.visited();
  assert.deepEqual(
    routes.documented().filter((route) => !visited.has(route) && !byAnotherRoute.includes(route)),
    [],
  );
});

const web: LabFile = {
  containers: { web: { mode: 'bridged', command: ['httpd', '-f', '-p', '2222'] } },
  checks: { up: { container: 'web', listens: 2222 } },
  ttl: '1h',
};

/** A name whose lab is removed after the test. */
function newLab(): string {
  const name = labName();
  after(() => clearLab(name));
  return name;
}

async function visitLabs(): Promise<void> {
  const { labs } = client;
  const name = newLab();
  const planned = await labs.plan(name, web);
  assert.deepEqual(planned.steps.map((step) => `${step.do} ${step.kind} ${step.key}`).sort(), [
    'create container web',
    'create network default',
  ]);
  const progress: string[] = [];
  const { changed, lab } = await labs.apply(name, JSON.stringify(web), {
    onProgress: (one) => progress.push(one.event === 'plan' ? 'plan' : `${one.do} ${one.key} ${one.state}`),
  });
  assert.deepEqual([changed, lab.state, progress[0]], [true, 'as_described', 'plan']);
  for (const told of ['create default began', 'create default done', 'create web began', 'create web done'])
    assert.ok(progress.includes(told), progress.join());
  assert.equal((await labs.apply(name, web)).changed, false);
  assert.deepEqual((await labs.get(name)).file, web);
  assert.ok((await labs.list()).some((one) => one.name === name));
  const report = await labs.check(name, { checks: ['up'], wait: '10s' });
  assert.deepEqual([report.status, report.results.map((one) => one.name)], ['pass', ['up']]);
  assert.match(await labs.checkJunit(name), /<testsuite name="[^"]+" tests="1" failures="0"/);
  for await (const { status } of labs.watchChecks(name)) {
    assert.equal(status, 'pass');
    break;
  }
  const before = Date.parse(lab.expiresAt ?? '');
  assert.equal(Date.parse((await labs.extend(name, '30m')).expiresAt ?? '') - before, 30 * 60_000);
  await assert.rejects(labs.cancel(name), fails({ code: 'state_conflict', status: 409 }));
  assert.deepEqual(
    (await labs.audit()).findings.filter((one) => one.lab === name),
    [],
  );
  assert.equal((await labs.schema()).title, 'Terrarium lab');
  const gone: string[] = [];
  const { removed } = await labs.remove(name, {
    onProgress: (one) => one.event === 'action' && gone.push(`${one.key} ${one.state}`),
  });
  assert.deepEqual(removed, { containers: 1, networks: 1 });
  assert.ok(gone.includes('web done'));
  await assert.rejects(labs.get(name), fails({ code: 'lab_not_found', status: 404 }));
}

test('an apply that is aborted or cancelled leaves nothing, and fails as it was ended', async () => {
  const never: LabFile = {
    ...web,
    containers: { web: { ...web.containers.web, mode: 'bridged', ready: ['up'] } },
    checks: { up: { container: 'web', listens: 9 } },
  };
  for (const way of ['abort', 'cancel'] as const) {
    const name = newLab();
    const aborting = new AbortController();
    const reason = new Error('enough');
    const applied = client.labs.apply(name, never, {
      signal: aborting.signal,
      onProgress(one) {
        if (one.event !== 'action' || one.do !== 'await' || one.state !== 'began') return;
        if (way === 'abort') aborting.abort(reason);
        else void client.labs.cancel(name);
      },
    });
    await assert.rejects(applied, way === 'abort' ? reason : fails({ code: 'lab_cancelled', status: 409 }));
    await waitFor(async (see) => see(await findLeft(name)).length === 0, { what: `nothing to be left after ${way}` });
  }
});

test('what is wrong with a lab file is told with its place', async () => {
  await assert.rejects(client.labs.plan(newLab(), 'containers:\n  web: { mode: bridgd }\n'), (error) => {
    const { problem } = error as TerrariumError;
    const [first] = problem?.problems ?? [];
    assert.deepEqual([first?.line, first?.column, first?.path], [2, 16, 'containers.web.mode']);
    return fails({ code: 'invalid_request', status: 400, field: 'containers.web.mode' })(error);
  });
});

test('results are followed over a cut, each of them once', async () => {
  const line = await startChaosProxy({ after }, { over: 'tcp', target: server.url.replace('http', 'tcp') });
  const far = createClient({
    url: line.endpoint.replace('tcp', 'http'),
    token: server.token,
    reconnect: { firstMs: 50, longestMs: 50 },
  });
  const name = newLab();
  await client.labs.apply(name, web);
  const { containers } = await client.labs.get(name);
  const seen: string[] = [];
  const cuts: (string | null)[] = [];
  const onCut = (error: TerrariumError | null) => cuts.push(error?.code ?? null);
  for await (const { status } of far.labs.watchChecks(name, { onCut })) {
    seen.push(status);
    if (seen.length === 3) break;
    // While nobody hears of it.
    if (seen.length === 1) line.cut();
    await client.containers[seen.length === 1 ? 'stop' : 'start'](containers[0]?.id ?? '');
  }
  assert.deepEqual(
    [seen, cuts],
    [
      ['pass', 'fail', 'pass'],
      ['unreachable', null],
    ],
  );
  await assert.rejects(far.labs.watchChecks('no-such-lab').next(), fails({ code: 'lab_not_found', status: 404 }));
});

test('a signal ends a stream also when memory was cleaned up since it began', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const name = newLab();
  await client.labs.apply(name, web);
  const aborting = new AbortController();
  const results = client.labs.watchChecks(name, { signal: aborting.signal });
  await results.next();
  const next = results.next();
  for (let round = 0; round < 5; round += 1) await collectGarbage(collect);
  let end: unknown;
  next.then(
    () => {
      end = 'it goes on';
    },
    (error) => {
      end = error;
    },
  );
  const reason = new Error('enough');
  aborting.abort(reason);
  assert.equal(await waitFor((see) => see(end), { what: 'the stream to end' }), reason);
});

/** Collects garbage until an object that nothing refers to any more is finalized. */
async function collectGarbage(collect: () => void): Promise<void> {
  let isFinalized = false;
  const registry = new FinalizationRegistry(() => {
    isFinalized = true;
  });
  registry.register({}, undefined);
  const look = () => {
    collect();
    return isFinalized;
  };
  await waitFor(look, { what: 'garbage to be collected' });
}

test('a page opens its WebSockets with tickets, and never with the token', async () => {
  const page = createPageClient({ url: server.url, token: server.token, WebSocket: WebSocket as never });
  after(() => page.close());
  const name = newName();
  await page.containers.create('closed', { name, command: ['sleep', '600'] });
  const { value } = await page.subscribe({ topic: 'ifconfig', container: name }).next();
  assert.deepEqual(
    value?.data?.interfaces.map((one: { name: string }) => one.name),
    ['lo'],
  );
  const terminal = await page.containers.terminal(name, { command: ['sh', '-c', 'echo over; exit 7'] });
  let shown = '';
  for await (const bytes of terminal.output) shown += new TextDecoder().decode(bytes);
  assert.deepEqual([shown.trim(), await terminal.exit], ['over', { exitCode: 7 }]);
  // Why it is refused a browser does not tell: it is asked over HTTP.
  await page.containers.pause(name);
  await assert.rejects(page.containers.terminal(name), fails({ code: 'state_conflict', status: 409 }));
  await assert.rejects(page.containers.terminal('nobody'), fails({ code: 'container_not_found', status: 404 }));
  assert.ok(routes.urls.some((url) => url.includes('ticket=')));
});

test('the token is in no URL', () => {
  assert.ok(routes.urls.length > 40);
  assert.deepEqual(
    routes.urls.filter((url) => decodeURIComponent(url).includes(server.token)),
    [],
  );
  assert.throws(() => createClient({ url: `http://user:${server.token}@127.0.0.1:1` }), /no user, no query/);
  for (const url of ['127.0.0.1:4242', 'ftp://host', '']) assert.throws(() => createClient({ url }), TypeError, url);
});

test('what the server refuses is told in its words', async () => {
  const stranger = createClient({ url: server.url, token: 'wrong-token-wrong-token' });
  await assert.rejects(stranger.containers.list(), fails({ code: 'unauthorized', status: 401 }));
  await assert.rejects(stranger.subscribe({ topic: 'events' }).next(), fails({ code: 'unauthorized', status: 401 }));
  await assert.rejects(stranger.containers.terminal('x'), fails({ code: 'unauthorized', status: 401 }));
  await assert.rejects(
    client.containers.create('closed', { ports: ['80'] } as never),
    (error) =>
      fails({ code: 'invalid_request', status: 400, field: 'ports' })(error) &&
      (error as TerrariumError).hint !== undefined,
  );
  const port = await findFreePort();
  const nowhere = createClient({ url: `http://127.0.0.1:${port}`, retries: 0 });
  await assert.rejects(nowhere.containers.list(), (error) => {
    assert.match((error as Error).message, new RegExp(`127\\.0\\.0\\.1:${port} \\(ECONNREFUSED\\)`));
    return fails({ code: 'unreachable', status: 0 })(error);
  });
  await assert.rejects(nowhere.subscribe({ topic: 'events' }).next(), fails({ code: 'unreachable' }));
});

test('a signal ends what it is given to', async () => {
  const name = newName();
  await client.containers.create('closed', { name, command: ['sleep', '600'] });
  const reason = new Error('enough');
  for (const act of [
    (signal: AbortSignal) => client.containers.exec(name, { command: ['sleep', '60'] }, { signal }),
    (signal: AbortSignal) =>
      client
        .subscribe({ topic: 'events', container: name }, { signal })
        .next()
        .then(async () => {
          await client.subscribe({ topic: 'logs', container: name, tail: 0 }, { signal }).next();
          await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
        }),
    async (signal: AbortSignal) => {
      const terminal = await client.containers.terminal(name, { signal });
      await terminal.exit;
    },
  ]) {
    const aborting = new AbortController();
    setTimeout(() => aborting.abort(reason), 300);
    await assert.rejects(act(aborting.signal), reason);
    await assert.rejects(act(AbortSignal.abort(reason)), reason);
  }
});

test('a read is repeated, a create only with a key', async () => {
  const line = await startChaosProxy({ after }, { over: 'tcp', target: server.url.replace('http', 'tcp') });
  const far = createClient({ url: line.endpoint.replace('tcp', 'http'), token: server.token, retries: 8 });
  const cutNext = () => {
    line.cut();
    line.set({ kind: 'cutAfter', bytes: 0 });
  };
  /** Cuts the answers on the line until the client has connected for a second time. */
  const cutFirst = async () => {
    const before = line.accepted;
    cutNext();
    await waitFor((see) => see(line.accepted) >= before + 2, { what: 'a repeated request', intervalMs: 5 });
    line.set({ kind: 'none' });
  };
  const [list] = await Promise.all([far.containers.list(), cutFirst()]);
  assert.ok(Array.isArray(list));

  const lost = newName();
  cutNext();
  await assert.rejects(
    far.containers.create('closed', { name: lost, command: ['sleep', '600'] }),
    fails({ code: 'unreachable' }),
  );

  line.set({ kind: 'none' });
  const lab = uniqueName('lab');
  const [made] = await Promise.all([
    far.containers.create('closed', { lab, command: ['sleep', '600'] }, { idempotencyKey: lab }),
    cutFirst(),
  ]);
  after(() => removeContainer(made.id));
  assert.deepEqual(await listContainerIds(`io.terrarium.lab=${lab}`), [made.id]);
});

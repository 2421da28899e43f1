// Nothing of a terminal is left in the container, whoever dies first: the client, the server, the container or the line to the engine.
import assert from 'node:assert/strict';
import test, { after, type TestContext } from 'node:test';
import { type RunningApp, startApp } from '../support/app.ts';
import { callDocker, createTestContainer } from '../support/engine.ts';
import { startEngineProxy } from '../support/engine-proxy.ts';
import { managedLabels } from '../support/managed.ts';
import { listProcesses } from '../support/processes.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { openTerminal, type TerminalClient } from '../support/terminal-client.ts';
import { letTimePass, type See, waitFor } from '../support/wait-for.ts';

const server = await startApp({ after });
const rounds = process.env.TERRARIUM_SWEEP === '1' ? 10 : 5;

async function createManaged(t: TestContext, seenBy: RunningApp = server) {
  const container = await createTestContainer(t, { body: { Labels: managedLabels } });
  const mirror = seenBy.app.services.catalogue.mirror();
  await waitFor((see) => see(mirror.container(container.id)?.state) === 'running', {
    what: 'the server to see it run',
  });
  return container;
}

/** Waits until the server knows the container. */
const knows = ({ url, headers }: ServerProcess, id: string) =>
  waitFor(async (see) => see((await fetch(`${url}/api/v1/containers/${id}`, { headers })).status) === 200, {
    what: 'the server to know the container',
  });

/** What was started beside the main process, guards not counted. */
const listVisitors = async (id: string) =>
  (await listProcesses(id)).filter((line) => !/find_members|docker-init|sleep 3600|sleep 0\.5$/.test(line));
const isEmpty = (id: string, timeoutMs?: number) =>
  waitFor(async (see) => see(await listProcesses(id)).length === 2, {
    what: 'nothing but its main process to be left',
    timeoutMs,
  }).catch(async (error) => assert.fail(`${error.message}: ${(await listProcesses(id)).join('; ').slice(0, 500)}`));

/** A shell with children that would rather stay. */
async function makeItselfAtHome(terminal: TerminalClient): Promise<void> {
  terminal.type(
    'trap "" HUP TERM INT\n(trap "" HUP; exec sleep 6101) >/dev/null 2>&1 </dev/null &\nsetsid sleep 6102 &\n(sleep 6103 &)\necho at "home"; sleep 6104; sleep 6105\n',
  );
  await terminal.until(/at home/);
}

test('a client that leaves, politely or not, at any moment', async (t) => {
  const { id } = await createManaged(t);
  for (let round = 0; round < rounds; round += 1) {
    const terminal = await openTerminal(t, server, id);
    if (round % 2 === 0) await makeItselfAtHome(terminal);
    else await letTimePass(round * 15, 'the client leaves at another moment of the start in each round');
    if (round % 4 < 2) terminal.socket.close();
    else terminal.socket.terminate();
    await waitFor(async (see) => see(await listVisitors(id)).length === 0, {
      what: `nothing to be left, round ${round}`,
    });
  }
  await waitFor((see) => see(server.app.openSockets.size) === 0, { what: 'the sockets to be gone' });
});

test('a client that leaves while its input is held up', async (t) => {
  const { id } = await createManaged(t);
  const terminal = await openTerminal(t, server, id, { command: ['sh', '-c', 'stty raw; echo go; sleep 6201'] });
  await terminal.until(/go/);
  for (let count = 0; count < 100; count += 1) terminal.type(Buffer.alloc(60_000, 'x'));
  await waitFor((see) => see([...server.app.openSockets].map(({ isPaused }) => isPaused)).includes(true), {
    what: 'the server to hold the input up',
    intervalMs: 5,
  });
  terminal.socket.terminate();
  await isEmpty(id);
});

test('a server that closes tells its clients, and leaves no shell and no guard', async (t) => {
  const closing = await startApp(t);
  const { id } = await createManaged(t, closing);
  const terminals = await Promise.all([1, 2, 3].map(() => openTerminal(t, closing, id)));
  await Promise.all(terminals.slice(1).map(makeItselfAtHome));
  await closing.close();
  assert.equal((await listProcesses(id)).length, 2, 'all is gone when the server is');
  for (const terminal of terminals) assert.equal((await terminal.end()).code, 1001);
});

test('a server that is killed with SIGKILL, from the first moment of a session on', async (t) => {
  const { id } = await createManaged(t);
  let next = startServerProcess(t);
  for (let round = 0; round < rounds; round += 1) {
    const victim = await next;
    await knows(victim, id);
    const terminal = await openTerminal(t, victim, id);
    if (round % 3 === 2) await makeItselfAtHome(terminal);
    else await letTimePass(round * 60, 'the server is killed at another moment of the start in each round');
    await victim.kill('SIGKILL');
    if (round < rounds - 1) next = startServerProcess(t);
    await letTimePass(500, 'a shell that the killed server asked for may begin within this time, and must not stay');
    await isEmpty(id);
  }
});

test('a guard that somebody at the terminal kills is replaced, and the next one knows the shell', async (t) => {
  const { id } = await createManaged(t);
  const findGuard = async () => {
    const found = [...server.app.services.catalogue.mirror().containers()];
    return found.find((facts) => facts.pidMode === `container:${id}` && facts.state === 'running')?.id;
  };
  const victim = await startServerProcess(t);
  await knows(victim, id);
  const terminal = await openTerminal(t, victim, id);
  const first = await waitFor(findGuard, { what: 'a guard' });
  // The pattern is written so that it does not match the shell that looks for it.
  terminal.type(
    'cd /proc; for p in [0-9]*; do case $(tr "\\0" " " <$p/cmdline) in *find_mem"bers"*) kill -9 $p;; esac; done; echo do"ne"\n',
  );
  await terminal.until(/done/);
  await waitFor(async (see) => ![undefined, first].includes(see(await findGuard())), { what: 'another guard' });
  // A guard takes orders one by one, and its marks first: after this kill it knows the shell.
  const timedOut = await fetch(`${victim.url}/api/v1/containers/${id}/exec`, {
    method: 'POST',
    headers: { ...victim.headers, 'content-type': 'application/json' },
    body: JSON.stringify({ command: ['sleep', '6106'], timeoutMs: 100 }),
  });
  assert.equal(((await timedOut.json()) as { timedOut?: boolean }).timedOut, true);
  await victim.kill('SIGKILL');
  await isEmpty(id);
});

test('a container that stops, is killed or goes away', async (t) => {
  for (const [method, path] of [
    ['POST', '/stop?t=0'],
    ['POST', '/kill'],
    ['DELETE', '?force=1'],
  ] as const) {
    const { id } = await createManaged(t);
    const terminal = await openTerminal(t, server, id);
    await terminal.until(/[#$] /);
    await callDocker(method, `/containers/${id}${path}`);
    const { code, last } = await terminal.end();
    if (last?.type === 'exit') assert.deepEqual([code, last.exitCode], [1000, 137], path);
    else assert.ok([4409, 4404].includes(code) && last?.type === 'error', `${path}: ${code} ${JSON.stringify(last)}`);
  }
});

test('a line to the engine that is cut: the session alone, or all of it', async (t) => {
  const proxy = await startEngineProxy(t);
  const behind = await startApp(t, { env: { DOCKER_HOST: proxy.endpoint } });
  const { id } = await createManaged(t, behind);
  for (const pattern of [/^POST .*\/exec\/\w+\/start/, /./]) {
    const terminal = await openTerminal(t, behind, id);
    await makeItselfAtHome(terminal);
    assert.ok(proxy.cut(pattern) > 0);
    const { code, last } = await terminal.end();
    // Where all was cut, the guard may have killed it before we could ask.
    if (last?.type === 'exit') assert.deepEqual([code, last.exitCode, pattern.source], [1000, 137, '.']);
    else assert.deepEqual([code, last?.code], [1013, 'engine_unavailable']);
    await waitFor(async (see) => see(await listVisitors(id)).length === 0, { what: 'nothing to be left' });
  }
});

test('a shell that ends leaves what it was told to leave, as in any terminal', async (t) => {
  const { id } = await createManaged(t);
  const terminal = await openTerminal(t, server, id);
  terminal.type('setsid sleep 6301 >/dev/null 2>&1 </dev/null & sleep 0.3; exit 3\n');
  assert.deepEqual(await terminal.end(), { code: 1000, last: { type: 'exit', exitCode: 3 } });
  assert.deepEqual(await listVisitors(id), ['sleep 6301']);
});

test("a command of a killed server that no guard knew is killed by the next server, and a living server's is not", async (t) => {
  const { id } = await createManaged(t);
  const run = (at: Pick<RunningApp, 'url' | 'headers'>, seconds: string) =>
    fetch(`${at.url}/api/v1/containers/${id}/exec`, {
      method: 'POST',
      headers: { ...at.headers, 'content-type': 'application/json' },
      body: JSON.stringify({ command: ['sleep', seconds], timeoutMs: 60_000 }),
    });
  const runs = async (seconds: string, see: See) => see(await listProcesses(id)).includes(`sleep ${seconds}`);
  const victim = await startServerProcess(t);
  await knows(victim, id);
  run(victim, '6401').catch(() => {});
  await waitFor((see) => runs('6401', see), { what: 'it to run', intervalMs: 5 });
  await victim.kill('SIGKILL');
  const ours = run(server, '6402');
  await waitFor((see) => runs('6402', see), { what: 'ours to run' });
  await letTimePass(1_000, 'a guard, if there were one, would kill the command within this time');
  assert.ok(
    (await listProcesses(id)).includes('sleep 6401'),
    'the command has no guard: otherwise this test shows nothing',
  );
  await startServerProcess(t);
  await waitFor(async (see) => !(await runs('6401', see)), { what: 'it to be killed' });
  assert.ok((await listProcesses(id)).includes('sleep 6402'));
  await callDocker('POST', `/containers/${id}/kill`);
  await ours;
});

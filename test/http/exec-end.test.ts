// How a command in a container ends when it does not end by itself: at the time-out, without its caller, without its server, without
// the engine. Each time it is really gone, with its children.
import assert from 'node:assert/strict';
import test, { after, type TestContext } from 'node:test';
import type { ExecResult } from '../../src/schemas/exec.ts';
import type { Problem } from '../../src/schemas/problem.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { callDocker, createTestContainer, execInContainer, listContainerIds } from '../support/engine.ts';
import { startEngineProxy } from '../support/engine-proxy.ts';
import { managedLabels } from '../support/managed.ts';
import { listProcesses } from '../support/processes.ts';
import { createScratchImage } from '../support/scratch-image.ts';
import { startServerProcess } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';

const server = await startApp({ after });

async function createManaged(t: TestContext, body: object = {}, seenBy: RunningApp = server) {
  const container = await createTestContainer(t, { body: { ...body, Labels: managedLabels } });
  const mirror = seenBy.app.services.catalogue.mirror();
  await waitFor((see) => see(mirror.container(container.id)?.state) === 'running', {
    what: 'the server to see it run',
  });
  return container;
}

/** A result or a problem. */
type Answer = Partial<ExecResult> & Partial<Problem>;

/** Not awaited, so that the command runs while the test goes on. */
function startExec(at: Pick<RunningApp, 'url' | 'headers'>, id: string, body: object, signal?: AbortSignal) {
  const answer = fetch(`${at.url}/api/v1/containers/${id}/exec`, {
    method: 'POST',
    headers: { ...at.headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  }).then(async (response) => ({ status: response.status, body: (await response.json()) as Answer }));
  answer.catch(() => {}); // looked at later, or not at all
  return answer;
}

const runs = (id: string, what: string) =>
  waitFor(async (see) => see(await listProcesses(id)).some((line) => line.includes(what)), {
    what: `"${what}" to run`,
  });
const isGone = (id: string, what: string) =>
  waitFor(async (see) => !see(await listProcesses(id)).some((line) => line.includes(what)), {
    what: `"${what}" to be gone`,
  });
/** Guards of containers that look into this one's processes. */
async function listGuards(id: string): Promise<string[]> {
  const helpers = await listContainerIds('io.terrarium.role=helper');
  const found = await Promise.all(
    helpers.map((helper) => callDocker('GET', `/containers/${helper}/json`).catch(() => undefined)),
  );
  return found.filter((one) => one?.HostConfig.PidMode === `container:${id}`).map((one) => one.Name);
}

test('at the time-out the command, its children and those who hide among them are killed, and nobody else', async (t) => {
  const { id } = await createManaged(t);
  const hiding = [
    'sleep 7001 &', // a child
    '(sleep 7002 &)', // its parent is gone
    '(setsid sleep 7003 &)', // and it left the session
    'env -i sleep 7004 &', // it cleared its environment
    'env -i sh -c "sleep 7005; true" &', // with a child
    'trap "" TERM INT HUP; sleep 7006; true',
  ].join('\n');
  const neighbour = startExec(server, id, { command: ['sleep', '8000'], timeoutMs: 600_000 });
  await runs(id, 'sleep 8000');
  const { status, body } = await startExec(server, id, {
    command: ['sh', '-c', `echo begun\n${hiding}`],
    timeoutMs: 3_000,
  });
  assert.deepEqual(
    [status, body],
    [200, { exitCode: 137, stdout: 'begun\n', stderr: '', truncated: false, timedOut: true }],
  );
  // The neighbour still runs, so the answer did not wait for it.
  const left = await listProcesses(id);
  assert.deepEqual(
    left.filter((line) => /sleep [78]/.test(line)),
    ['sleep 8000'],
  );
  await callDocker('POST', `/containers/${id}/kill`);
  await neighbour;
});

test('a command that forks as fast as it can does not escape', async (t) => {
  const { id } = await createManaged(t, { HostConfig: { PidsLimit: 200 } });
  const { body } = await startExec(server, id, {
    command: ['sh', '-c', 'fork() { sleep 0.05; fork & }; fork & fork & fork & while :; do sleep 0.02 & done'],
    timeoutMs: 500,
  });
  assert.equal(body.timedOut, true);
  await waitFor(async (see) => see(await listProcesses(id)).length === 2, {
    what: 'only the init and its sleep to be left',
  });
});

test('a time-out so short that the command may not have begun yet', async (t) => {
  const { id } = await createManaged(t);
  const { body } = await startExec(server, id, { command: ['sleep', '7100'], timeoutMs: 100 });
  assert.equal(body.timedOut, true);
  await isGone(id, 'sleep 7100');
});

test('in an image without a shell, and for a user without rights', async (t) => {
  const image = await createScratchImage(t);
  const scratch = await createManaged(t, { Image: image, Cmd: ['/bin/sleep', '600'] });
  const plain = await createManaged(t, { User: '1234:1234' });
  for (const { id } of [scratch, plain]) {
    const { status, body } = await startExec(server, id, { command: ['/bin/sleep', '7200'], timeoutMs: 1_000 });
    assert.deepEqual([status, body.timedOut, body.exitCode], [200, true, 137]);
    assert.ok(!(await listProcesses(id)).some((line) => line.includes('7200')));
  }
});

test('a flood is cut at the limit, and costs the server no memory', async (t) => {
  const { id } = await createManaged(t);
  global.gc?.();
  const before = process.memoryUsage().rss;
  let highest = before;
  const watch = setInterval(() => {
    highest = Math.max(highest, process.memoryUsage().rss);
  }, 20);
  const { body } = await startExec(server, id, { command: ['yes'], timeoutMs: 2_000 });
  clearInterval(watch);
  assert.deepEqual([body.timedOut, body.truncated, body.stdout?.length], [true, true, 1_048_576]);
  assert.ok(highest - before < 100_000_000, `${Math.round((highest - before) / 1e6)} MB more`);
});

test('in a container that is paused meanwhile it is killed as soon as that goes on', async (t) => {
  const { id } = await createManaged(t);
  const answer = startExec(server, id, { command: ['sleep', '7300'], timeoutMs: 4_000 });
  await runs(id, 'sleep 7300');
  await callDocker('POST', `/containers/${id}/pause`);
  const { status, body } = await answer;
  assert.deepEqual([status, body.timedOut], [200, true]);
  await callDocker('POST', `/containers/${id}/unpause`);
  await isGone(id, 'sleep 7300');
});

test('when the caller leaves, the command is killed', async (t) => {
  const { id } = await createManaged(t);
  for (const waitMs of [0, 600]) {
    const caller = new AbortController();
    startExec(server, id, { command: ['sleep', '7400'], timeoutMs: 60_000 }, caller.signal);
    await runs(id, 'sleep 7400');
    if (waitMs > 0) await waitFor(async (see) => see(await listGuards(id)).length > 0, { what: 'its guard' });
    caller.abort();
    await isGone(id, 'sleep 7400');
  }
});

test('when the server closes, the command is killed, its caller is told, and no guard is left', async (t) => {
  const closing = await startApp(t);
  const { id } = await createManaged(t, {}, closing);
  const answer = startExec(closing, id, { command: ['sleep', '7500'], timeoutMs: 60_000 });
  await runs(id, 'sleep 7500');
  await waitFor(async (see) => see(await listGuards(id)).length > 0, { what: 'its guard' });
  await closing.close();
  const { status, body } = await answer;
  assert.deepEqual([status, body.code], [503, 'shutting_down']);
  assert.ok(!(await listProcesses(id)).some((line) => line.includes('7500')));
  assert.deepEqual(await listGuards(id), []);
});

test('when the server is killed with SIGKILL, the command dies, and so does its guard', async (t) => {
  const victim = await startServerProcess(t);
  const { id } = await createTestContainer(t, { body: { Labels: managedLabels } });
  const look = () => fetch(`${victim.url}/api/v1/containers/${id}/netstat`, { headers: victim.headers });
  await waitFor(async (see) => see((await look()).status) === 200, { what: 'the server to know the container' });
  startExec(victim, id, { command: ['sh', '-c', 'sleep 7600 & sleep 7601'], timeoutMs: 60_000 });
  await runs(id, 'sleep 7601');
  await waitFor(async (see) => see(await listGuards(id)).length > 0, { what: 'its guard' });
  await waitFor(async (see) => see(await isGuarded(id)), { what: 'the guard to run' });
  await victim.kill('SIGKILL');
  await isGone(id, 'sleep 76');
  await waitFor(async (see) => see(await listGuards(id)).length === 0, { what: 'the guard to be gone' });
});

async function isGuarded(id: string): Promise<boolean> {
  const [name] = await listGuards(id);
  if (name === undefined) return false;
  return (await callDocker('GET', `/containers/${name.slice(1)}/json`)).State.Running;
}

test('a command whose connection to the engine is cut is an error, never half an output, and is killed', async (t) => {
  const proxy = await startEngineProxy(t);
  const behind = await startApp(t, { env: { DOCKER_HOST: proxy.endpoint } });
  const { id } = await createManaged(t, {}, behind);
  const answer = startExec(behind, id, {
    command: ['sh', '-c', 'echo first half; sleep 7700; echo second half'],
    timeoutMs: 600_000,
  });
  await runs(id, 'sleep 7700');
  assert.equal(proxy.cut(/^POST .*\/exec\/\w+\/start/), 1);
  const { status, body } = await answer;
  assert.deepEqual([status, body.code], [503, 'engine_unavailable']);
  assert.match(body.detail ?? '', /was cut/);
  await isGone(id, 'sleep 7700');
});

test('a container that stops or goes away ends its command, and the caller is told', async (t) => {
  const { id } = await createManaged(t);
  const answer = startExec(server, id, { command: ['sleep', '7800'], timeoutMs: 60_000 });
  await runs(id, 'sleep 7800');
  await callDocker('DELETE', `/containers/${id}?force=1`);
  const { status, body } = await answer;
  // The engine forgets a command with its container, sooner or later.
  if (status !== 200) assert.deepEqual([status, body.code], [409, 'container_not_running']);
  else assert.deepEqual([body.exitCode, body.timedOut], [137, false]);
});

test('two commands share one guard, and it goes when nothing needs it', async (t) => {
  const { id } = await createManaged(t);
  const caller = new AbortController();
  const untilTold = ['sh', '-c', 'until [ -e /told ]; do sleep 0.1; done'];
  const answer = startExec(server, id, { command: untilTold, timeoutMs: 600_000 });
  await waitFor(async (see) => see(await listGuards(id)).length === 1, { what: 'a guard' });
  startExec(server, id, { command: ['sleep', '7950'], timeoutMs: 600_000 }, caller.signal);
  await runs(id, 'sleep 7950');
  await execInContainer(id, 'touch', '/told');
  assert.equal((await answer).body.exitCode, 0);
  assert.equal((await listGuards(id)).length, 1, 'one for both');
  caller.abort();
  await waitFor(async (see) => see(await listGuards(id)).length === 0, { what: 'the guard to go' });
});

test('a guard that somebody in the container kills is replaced', async (t) => {
  const { id } = await createManaged(t);
  const caller = new AbortController();
  startExec(server, id, { command: ['sleep', '7900'], timeoutMs: 600_000 }, caller.signal);
  await waitFor(async (see) => see(await listGuards(id)).length === 1, { what: 'a guard' });
  await waitFor(async (see) => see(await isGuarded(id)), { what: 'the guard to run' });
  const [first] = await listGuards(id);
  // The pattern is written so that it does not match the shell that looks for it.
  const find =
    'cd /proc; for p in [0-9]*; do case $(tr "\\0" " " <$p/cmdline) in *find_mem"bers"*) kill -9 $p;; esac; done';
  await startExec(server, id, { command: ['sh', '-c', find] });
  const isReplaced = (guards: string[]) => guards.length === 1 && guards[0] !== first;
  await waitFor(async (see) => isReplaced(see(await listGuards(id))) && see(await isGuarded(id)), {
    what: `another guard than ${first}`,
  });
  caller.abort();
  await isGone(id, 'sleep 7900');
});

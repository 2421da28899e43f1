// The terminal of a container: bytes both ways, sizes, flow, the ways in which it ends on its own, and those in which it is refused.
import assert from 'node:assert/strict';
import test, { after, type TestContext } from 'node:test';
import { startApp } from '../support/app.ts';
import { callDocker, createTestContainer } from '../support/engine.ts';
import { managedLabels } from '../support/managed.ts';
import { listProcesses } from '../support/processes.ts';
import { createScratchImage } from '../support/scratch-image.ts';
import { openTerminal, type TerminalQuery } from '../support/terminal-client.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const server = await startApp({ after });

async function createManaged(t: TestContext, body: object = {}) {
  const container = await createTestContainer(t, { body: { ...body, Labels: managedLabels } });
  await isSeen(container.id);
  return container;
}

function isSeen(id: string) {
  const mirror = server.app.services.catalogue.mirror();
  return waitFor((see) => see(mirror.container(id)?.state) === 'running', { what: 'the server to see it run' });
}

const open = (t: TestContext, id: string, query?: TerminalQuery) => openTerminal(t, server, id, query);
const refused = async (t: TestContext, id: string, query?: TerminalQuery) => {
  const error = await open(t, id, query).then(
    () => assert.fail('it was not refused'),
    (reason) => reason,
  );
  return [error.status, error.problem.code] as const;
};

test('a shell: bytes both ways, its own size from the first moment, and its exit code', async (t) => {
  const { id } = await createManaged(t);
  const terminal = await open(t, id, { cols: '101', rows: '33' });
  terminal.type('stty size; tty; echo "grüße" | od -c | head -1\n');
  await terminal.until(/33 101\r\n\/dev\/pts\/\d+\r\n.*303 274/s);
  terminal.say({ type: 'resize', cols: 90, rows: 20 });
  terminal.say({ type: 'resize', cols: 91, rows: 21 });
  await waitFor(
    (see) => {
      terminal.type('stty size\n');
      return /21 91\r\n/.test(see(terminal.text));
    },
    { what: 'the new size', intervalMs: 100 },
  );
  terminal.type('exit 7\n');
  assert.deepEqual(await terminal.end(), { code: 1000, last: { type: 'exit', exitCode: 7 } });
});

test('a program with its arguments, that no shell reads', async (t) => {
  const { id } = await createManaged(t);
  const terminal = await open(t, id, { command: ['echo', 'a b', '$HOME;'] });
  assert.deepEqual(await terminal.end(), { code: 1000, last: { type: 'exit', exitCode: 0 } });
  assert.equal(terminal.text, 'a b $HOME;\r\n');
});

test('what is typed before the shell runs is not lost', async (t) => {
  const { id } = await createManaged(t);
  const terminal = await open(t, id);
  terminal.type('echo "one"two\n');
  await terminal.until(/onetwo/);
});

test('an interrupt reaches the program in the foreground only', async (t) => {
  const { id } = await createManaged(t);
  const terminal = await open(t, id);
  terminal.type('sleep 6001\n');
  await waitFor(async (see) => see(await listProcesses(id)).some((line) => line.includes('6001')), {
    what: 'the sleep',
  });
  terminal.type('\x03');
  terminal.type('echo still "here"\n');
  await terminal.until(/still here/);
  assert.ok(!(await listProcesses(id)).some((line) => line.includes('6001')));
});

test('a flood is held up by a client that pauses or does not read, and comes whole', async (t) => {
  const { id } = await createManaged(t);
  const terminal = await open(t, id, { command: ['seq', '1', '1000000'] });
  await terminal.until(/\n1000\r/);
  terminal.say({ type: 'pause' });
  await waitFor(
    async (see) => {
      const before = terminal.bytes;
      await letTimePass(200, 'no byte comes within this time');
      return see(terminal.bytes) === before;
    },
    { what: 'silence' },
  );
  const heldAt = terminal.bytes;
  assert.ok(heldAt < 6_000_000, `${heldAt} bytes came`);
  terminal.say({ type: 'resume' });
  await waitFor((see) => see(terminal.bytes) > heldAt, { what: 'more' });
  const sent = () => [...server.app.openSockets].reduce((sum, client) => sum + client.bufferedAmount, 0);
  terminal.socket.pause();
  await waitFor(
    async (see) => {
      const before = sent();
      await letTimePass(200, 'the server sends nothing within this time');
      return see(sent()) === before;
    },
    { what: 'the server to stop sending' },
  );
  assert.ok(sent() < 1_000_000, `${sent()} bytes wait`);
  terminal.socket.resume();
  assert.deepEqual(await terminal.end(30_000), { code: 1000, last: { type: 'exit', exitCode: 0 } });
  const lines = terminal.text.split('\r\n');
  assert.equal(lines.length, 1_000_001);
  assert.equal(lines[999_999], '1000000');
});

test('input that a program does not read is held up, and arrives whole', async (t) => {
  const { id } = await createManaged(t);
  const terminal = await open(t, id, {
    command: ['sh', '-c', 'stty raw -echo; echo go; sleep 2; head -c 4000000 | wc -c'],
  });
  await terminal.until(/go/);
  const block = Buffer.alloc(40_000, 'x');
  for (let count = 0; count < 100; count += 1) terminal.type(block);
  await terminal.until(/4000000/, 30_000);
  await terminal.end();
});

test('attached to the main process: what it says, what it is told, and it goes on without us', async (t) => {
  const { id } = await createManaged(t, { Cmd: ['sh'], Tty: true, OpenStdin: true, HostConfig: { Init: false } });
  const first = await open(t, id, { attach: 'true', cols: '120', rows: '40' });
  first.type('X=remembered; stty size\n');
  await first.until(/40 120/);
  const pid = (await callDocker('GET', `/containers/${id}/json`)).State.Pid;
  first.socket.close();
  await first.end();
  const second = await open(t, id, { attach: 'true' });
  second.type('echo "$X"; echo $$\n');
  await second.until(/remembered\r\n1\r\n/);
  assert.equal((await callDocker('GET', `/containers/${id}/json`)).State.Pid, pid);
  second.type('\x10\x11'); // the engine's own keys to detach: Ctrl-P Ctrl-Q
  assert.deepEqual(await second.end(), { code: 1000, last: { type: 'exit', exitCode: null } });
  const third = await open(t, id, { attach: 'true' });
  third.type('exit 5\n');
  assert.deepEqual(await third.end(), { code: 1000, last: { type: 'exit', exitCode: 5 } });
});

test('how a container ended that removes itself is known too', async (t) => {
  const { id } = await createManaged(t, {
    Cmd: ['sh'],
    Tty: true,
    OpenStdin: true,
    HostConfig: { Init: false, AutoRemove: true },
  });
  const terminal = await open(t, id, { attach: 'true' });
  terminal.type('exit 6\n');
  assert.deepEqual(await terminal.end(), { code: 1000, last: { type: 'exit', exitCode: 6 } });
});

test('where there is no such program, or no shell at all, it says so and closes with 4422', async (t) => {
  const image = await createScratchImage(t);
  const { id, name } = await createManaged(t, { Image: image, Cmd: ['/bin/sleep', '600'] });
  const shell = await open(t, id);
  const { code, last } = await shell.end();
  assert.deepEqual([code, last?.type, last?.code], [4422, 'error', 'engine_refused']);
  assert.equal(last?.detail, `There is no shell in container "${name}"`);
  assert.match(last?.hint, /attach=true/);
  assert.equal(shell.bytes, 0, "the engine's own words are no output");
  const program = await open(t, id, { command: ['/bin/nothing', '-x'] });
  const end = await program.end();
  assert.equal(end.code, 4422);
  assert.match(end.last?.detail, /There is no program "\/bin\/nothing"/);
  const sleep = await open(t, id, { command: ['/bin/sleep', '0'] });
  assert.deepEqual(await sleep.end(), { code: 1000, last: { type: 'exit', exitCode: 0 } });
});

test('what cannot be served is refused before the upgrade', async (t) => {
  const plain = await createManaged(t);
  assert.deepEqual(await refused(t, plain.id, { attach: 'true' }), [409, 'state_conflict']);
  assert.deepEqual(await refused(t, plain.id, { attach: 'true', command: ['sh'] }), [400, 'invalid_request']);
  assert.deepEqual(await refused(t, plain.id, { cols: '0' }), [400, 'invalid_request']);
  assert.deepEqual(await refused(t, plain.id, { rows: '1001' }), [400, 'invalid_request']);
  assert.deepEqual(await refused(t, plain.id, { shell: 'sh' }), [400, 'invalid_request']);
  assert.deepEqual(await refused(t, 'nothing-of-this-name'), [404, 'container_not_found']);
  const foreign = await createTestContainer(t);
  await isSeen(foreign.id);
  assert.deepEqual(await refused(t, foreign.id), [403, 'not_managed']);
  await callDocker('POST', `/containers/${plain.id}/pause`);
  const mirror = server.app.services.catalogue.mirror();
  await waitFor((see) => see(mirror.container(plain.id)?.state) === 'paused', { what: 'the pause to be seen' });
  assert.deepEqual(await refused(t, plain.id), [409, 'state_conflict']);
  await callDocker('POST', `/containers/${plain.id}/unpause`);
  await callDocker('POST', `/containers/${plain.id}/stop?t=0`);
  await waitFor((see) => see(mirror.container(plain.id)?.state) === 'exited', { what: 'the stop to be seen' });
  assert.deepEqual(await refused(t, plain.id), [409, 'container_not_running']);
  const answer = await fetch(`${server.url}/api/v1/containers/${(await createManaged(t)).id}/terminal`, {
    headers: server.headers,
  });
  assert.deepEqual([answer.status, ((await answer.json()) as { code: string }).code], [426, 'upgrade_required']);
});

test('a frame that means nothing ends the terminal with 4400, one too large with 1009, and the shell goes too', async (t) => {
  const { id } = await createManaged(t);
  const wrong = [
    'ls\n',
    '{}',
    '{"type":"resize","cols":80}',
    '{"type":"resize","cols":80,"rows":0}',
    '{"type":"exit"}',
  ];
  for (const text of wrong) {
    const terminal = await open(t, id);
    terminal.socket.send(text);
    const { code, last } = await terminal.end();
    assert.deepEqual([code, last?.type, last?.code], [4400, 'error', 'invalid_request'], text);
  }
  const large = await open(t, id);
  await large.until(/[#$] /);
  large.type(Buffer.alloc(64 * 1024 + 1));
  assert.equal((await large.end()).code, 1009);
  await waitFor(async (see) => !see(await listProcesses(id)).includes('/bin/sh'), { what: 'the shells to be gone' });
});

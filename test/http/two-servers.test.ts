// Two servers over one engine at the same time: what they do at once ends in one state, what is to be done once is done once and without complaint, and
// one that comes and goes takes nothing from the other. On an engine of the test's own.
import assert from 'node:assert/strict';
import test, { after, type TestContext } from 'node:test';
import request from 'supertest';
import type { LabFile } from '../../src/schemas/lab.ts';
import type { LabView } from '../../src/schemas/lab-view.ts';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { docker, listContainerIds } from '../support/engine.ts';
import { findLeft, labName, useLabs } from '../support/labs.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { seed, seededRandom } from '../support/seeded.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { connectStream } from '../support/stream-client.ts';
import { openTerminal } from '../support/terminal-client.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const random = seededRandom(seed);
const skip = whyNoPrivateEngine();
const isSweep = process.env.TERRARIUM_SWEEP !== undefined;
if (skip === false) process.env.DOCKER_HOST = (await startPrivateEngine({ after }, { image: 'busybox:latest' })).host;

const lab = (value: string, ttl?: string): LabFile => ({
  ...(ttl !== undefined && { ttl }),
  networks: { lan: null },
  containers: {
    web: { mode: 'open', network: 'lan', command: ['httpd', '-f', '-p', '80'], ports: [80], ready: ['up'] },
    mate: { mode: 'joined', target: 'web', env: { V: value } },
    lone: { mode: 'closed', env: { V: value } },
  },
  checks: { up: { container: 'web', listens: 80 }, shared: { container: 'mate', sharesNamespaceWith: 'web' } },
});
const size = 3;

/** What a server has logged as a warning or worse. */
function complaints(server: ServerProcess): string[] {
  return server
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{') && (JSON.parse(line) as { level: number }).level >= 40);
}

async function pair(t: TestContext): Promise<[ServerProcess, ServerProcess]> {
  return Promise.all([startServerProcess(t), startServerProcess(t)]);
}

type Answer = Pick<request.Response, 'status' | 'body'>;

/** Both at the same moment. */
function both(one: PromiseLike<Answer>, other: PromiseLike<Answer>): Promise<[Answer, Answer]> {
  return Promise.all([one, other]);
}

/** Waits for a lab that nobody changes: `null` where there is none. */
async function settled(server: ServerProcess, name: string): Promise<LabView | null> {
  await waitFor(async (see) => see(await findLeft(name)).every((one) => one !== 'its lock'), {
    what: 'the lock to go',
  });
  const { status, body } = await request(server.url).get(`/api/v1/labs/${name}`).set(server.headers);
  return status === 404 ? null : body;
}

test('both apply one lab at once, and then another version each: one wins, the other waits its turn', {
  skip,
}, async (t) => {
  const servers = await pair(t);
  const [a, b] = servers.map((server) => useLabs(server, t)) as [
    ReturnType<typeof useLabs>,
    ReturnType<typeof useLabs>,
  ];
  const name = labName();
  const rounds = isSweep ? 20 : 2;
  for (let round = 0; round < rounds; round += 1) {
    // The same file in even rounds, two versions in odd ones.
    const files = [lab(`${round}`), lab(round % 2 === 0 ? `${round}` : `${round}b`)] as const;
    const answers = await both(a.put(name, files[0]), b.put(name, files[1]));
    for (const { status, body } of answers) {
      assert.ok(status === 200 || body.code === 'lab_busy', `round ${round}: ${JSON.stringify(body)}`);
      if (status === 409) assert.match(body.hint, /Wait for it/);
    }
    assert.ok(
      answers.some(({ status }) => status === 200),
      `round ${round}: nobody won`,
    );
    for (const server of servers) {
      const shown = await settled(server, name);
      assert.equal(shown?.state, 'as_described', `round ${round}`);
      assert.equal(shown?.containers.length, size);
    }
    assert.equal((await listContainerIds(`io.terrarium.lab=${name}`)).length, size);
  }
  assert.equal((await a.call('delete', `/labs/${name}`)).status, 200);
  assert.deepEqual(await findLeft(name), []);
  for (const server of servers) assert.deepEqual(complaints(server), []);
});

test('one applies while the other removes: the lab is whole, or it is gone', { skip }, async (t) => {
  const servers = await pair(t);
  const [a, b] = servers.map((server) => useLabs(server, t)) as [
    ReturnType<typeof useLabs>,
    ReturnType<typeof useLabs>,
  ];
  const name = labName();
  const rounds = isSweep ? 20 : 3;
  for (let round = 0; round < rounds; round += 1) {
    if (round % 2 === 0) await a.apply(name, lab('first'));
    const [applied, removed] = await both(
      letTimePass(random() * 300, 'the two meet at any moment').then(() => a.put(name, lab(`${round}`))),
      letTimePass(random() * 300, 'the two meet at any moment').then(() => b.call('delete', `/labs/${name}`)),
    );
    assert.ok(applied.status === 200 || applied.body.code === 'lab_busy', JSON.stringify(applied.body));
    assert.ok([200, 404].includes(removed.status) || removed.body.code === 'lab_busy', JSON.stringify(removed.body));
    const shown = await settled(servers[1], name);
    if (shown === null) assert.deepEqual(await findLeft(name), []);
    else {
      assert.equal(shown.state, 'as_described', `round ${round}`);
      assert.equal((await listContainerIds(`io.terrarium.lab=${name}`)).length, size);
    }
  }
  if ((await settled(servers[0], name)) !== null) assert.equal((await a.call('delete', `/labs/${name}`)).status, 200);
  assert.deepEqual(await findLeft(name), []);
});

test('what expires goes once, and no janitor complains of the other', { skip }, async (t) => {
  const servers = await pair(t);
  const [a, b] = servers;
  const names = [labName(), labName()];
  for (const name of names) await useLabs(a, t).apply(name, lab('x', '6s'));
  const lone = await Promise.all(
    Array.from({ length: 6 }, (_, index) =>
      useApi(index % 2 === 0 ? a : b, t).create('closed', { ttl: '5s', command: ['sleep', '3600'] }),
    ),
  );
  await waitFor(async (see) => see((await Promise.all(names.map(findLeft))).flat()).length === 0, {
    what: 'the labs to be gone',
    timeoutMs: 60_000,
  });
  await waitFor(
    async (see) => {
      const { stdout } = await docker('ps', '--all', '--format', '{{.Names}}');
      return see(lone).every(({ name }) => !stdout.includes(name));
    },
    { what: 'the containers to be gone' },
  );
  for (const server of servers) assert.deepEqual(complaints(server), []);
  const told = (name: string) =>
    servers.map(
      (server) =>
        server
          .output()
          .split('\n')
          .filter((line) => line.includes(`"lab":"${name}"`) && line.includes('removed: its time was up')).length,
    );
  for (const name of names)
    assert.equal(
      told(name).reduce((sum, count) => sum + count, 0),
      1,
      `${name} was removed by one`,
    );
});

test('a server that comes and goes takes nothing from another that works', { skip }, async (t) => {
  const a = await startServerProcess(t);
  const api = useApi(a, t);
  const labs = useLabs(a, t);
  const host = await api.create('bridged', { command: ['sh', '-c', 'while :; do sleep 1; done'] });
  const terminal = await openTerminal(t, a, host.id);
  const watched = await connectStream(t, `${a.url}/api/v1/containers/${host.id}/netstat`, {
    headers: { ...a.headers },
  });
  await watched.until('its first state', ({ data }) => data !== null);
  const long = api.post(`/containers/${host.id}/exec`, {
    command: ['sh', '-c', 'i=0; while [ ! -e /tmp/end ] && [ $i -lt 600 ]; do sleep 0.2; i=$((i+1)); done; echo whole'],
    timeoutMs: 300_000,
  });
  const longResult = long.then((answer) => answer);

  let isOver = false;
  const done = { creates: 0, labs: 0, execs: 0, lines: 0 };
  async function again(work: (round: number) => Promise<void>): Promise<void> {
    for (let round = 0; !isOver; round += 1) await work(round);
  }
  const work = [
    again(async () => {
      const made = await api.create('closed', { command: ['sleep', '3600'] });
      await letTimePass(300, 'the container lives for a moment, in which it could be taken away');
      assert.equal((await api.get(`/containers/${made.id}`)).body.state, 'running', 'nobody took it away');
      assert.equal((await api.delete(`/containers/${made.id}`)).status, 204);
      done.creates += 1;
    }),
    again(async () => {
      const name = labName();
      assert.equal((await labs.apply(name, lab('1'))).lab.state, 'as_described');
      const { body } = await labs.call('post', `/labs/${name}/check?wait=20s`);
      assert.equal(body.status, 'pass', JSON.stringify(body));
      assert.equal((await labs.call('delete', `/labs/${name}`)).status, 200);
      done.labs += 1;
    }),
    again(async (round) => {
      const command = ['sh', '-c', `sleep 0.5; echo told ${round}`];
      const { status, body } = await api.post(`/containers/${host.id}/exec`, { command });
      assert.deepEqual([status, body.exitCode, body.stdout], [200, 0, `told ${round}\n`], JSON.stringify(body));
      done.execs += 1;
    }),
    again(async (round) => {
      terminal.type(`echo line-$((${round}+0))-end\n`);
      await terminal.until(new RegExp(`line-${round}-end`), 60_000);
      done.lines += 1;
      await letTimePass(200, 'somebody who types makes pauses');
    }),
  ];
  const failed = Promise.all(work);
  failed.catch(() => {
    isOver = true;
  });

  const rounds = isSweep ? 20 : 2;
  for (let round = 0; round < rounds && !isOver; round += 1) {
    const b = await startServerProcess(t);
    await letTimePass(
      round === 0 ? 9_000 : random() * 4_000,
      'its sweeps look after a moment, at three, five and seven seconds; in between it is killed',
    );
    await b.kill(round % 2 === 0 ? 'SIGKILL' : 'SIGTERM');
  }
  // Nothing is proved by work that was not done: a slow machine gets the time for it.
  const isDone = waitFor((see) => Object.values(see(done)).every((count) => count >= 2), {
    what: 'each kind of work to be done twice',
    timeoutMs: 120_000,
  });
  await Promise.race([isDone, failed]);
  isOver = true;
  await failed;
  assert.equal((await api.post(`/containers/${host.id}/exec`, { command: ['touch', '/tmp/end'] })).status, 200);
  const { status, body } = await longResult;
  assert.deepEqual([status, body.exitCode, body.stdout], [200, 0, 'whole\n'], 'the long command ended by itself');
  // The watch goes on: what changes in the namespace is told still.
  await api.post(`/containers/${host.id}/exec`, { command: ['sh', '-c', 'httpd -p 8099'] });
  await watched.until('the listener', ({ data }) => JSON.stringify(data).includes('8099'));
  assert.deepEqual(
    watched.states.filter((state) => state !== 'live'),
    [],
  );
  for (const [what, count] of Object.entries(done)) assert.ok(count >= 2, `${what}: ${count}`);
  assert.deepEqual(complaints(a), []);
});

test('one server closes in the middle of a change: the other goes on with the lab', { skip }, async (t) => {
  const [a, b] = [await startApp(t), await startApp(t)];
  const name = labName();
  const slow: LabFile = {
    ...lab('1'),
    containers: { ...lab('1').containers, never: { mode: 'closed', ready: ['not'], after: ['mate'] } },
    checks: { ...lab('1').checks, not: { container: 'never', listens: 1 } },
  };
  // It tells what became of it where its connection is still there by then.
  const applying = useLabs(a, t)
    .put(name, slow)
    .then(
      ({ body }) => String(body.code),
      () => 'cut',
    );
  await waitFor(async (see) => see(await listContainerIds(`io.terrarium.lab=${name}`)).length === 4, {
    what: 'all to be made',
  });
  const busy = await useLabs(b, t).put(name, lab('2'));
  assert.equal(busy.body.code, 'lab_busy');
  await a.close();
  assert.match(await applying, /^(?:shutting_down|cut)$/);
  const { lab: shown } = await useLabs(b, t).apply(name, lab('2'));
  assert.equal(shown.state, 'as_described');
  assert.equal((await useLabs(b, t).call('delete', `/labs/${name}`)).status, 200);
  assert.deepEqual(await findLeft(name), []);
});

// Nothing has to be backed up: a server is killed and its folder deleted, and one that is started elsewhere, with another token, knows all that the first
// one made: containers, networks, labs with their files, owners, and when what ends. And two servers beside each other are an upgrade without a gap.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { after, type TestContext, test } from 'node:test';
import { removeContainer, removeNetwork } from '../support/engine.ts';
import { clearLab, labName, smallLab } from '../support/labs.ts';
import { uniqueName } from '../support/run-id.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { waitFor } from '../support/wait-for.ts';

interface Caller {
  readonly server: ServerProcess;
  // biome-ignore lint/suspicious/noExplicitAny: a client reads JSON
  call(method: string, path: string, body?: unknown): Promise<any>;
}

/** A server with a token of its own. */
async function start(t: TestContext): Promise<Caller> {
  const token = randomBytes(24).toString('hex');
  const server = await startServerProcess(t, { env: { TERRARIUM_TOKEN: token, TERRARIUM_LOG_LEVEL: 'warn' } });
  return {
    server,
    async call(method, path, body) {
      const answer = await fetch(`${server.url}/api/v1/${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
      return text === '' ? undefined : JSON.parse(text);
    },
  };
}

const file = { ...smallLab, ttl: '2h' };
const lab = labName();
const [alone, network] = [uniqueName('alone'), uniqueName('net')];
after(async () => {
  await clearLab(lab);
  await removeContainer(alone);
  await removeNetwork(network);
});

/** The same in one order: a server lists what it has in the order in which it heard of it. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, sorted(one)]));
}

/** All that this test made, as a server tells it. Inodes are seen when somebody looks. */
async function tell({ call }: Caller) {
  const containers = await Promise.all([
    call('GET', `containers/${alone}`),
    ...Object.keys(smallLab.containers).map((name) => call('GET', `containers/${lab}-${name}`)),
  ]);
  return {
    containers: containers.map(({ namespace, ...rest }) => ({ ...rest, namespace: { ...namespace, inode: null } })),
    network: await call('GET', `networks/${network}`),
    lab: await call('GET', `labs/${lab}`),
  };
}

test('a server that has lost everything but the engine has lost nothing', async (t) => {
  const first = await start(t);
  await first.call('PUT', `labs/${lab}`, file);
  await first.call('POST', 'containers/closed', {
    name: alone,
    ttl: '90m',
    env: { A: 'b' },
    labels: { course: 'networks' },
  });
  await first.call('POST', 'networks', { name: network });
  const before = await tell(first);
  assert.ok(before.containers.every(({ owner, state }) => owner !== null && state === 'running'));
  assert.ok(before.containers[0].expiresAt !== null && before.lab.expiresAt !== null);

  await first.server.kill('SIGKILL');
  await rm(first.server.stateDir, { recursive: true });
  const second = await start(t);
  assert.deepEqual(sorted(await tell(second)), sorted(before));

  // It may do with them what the first one might: it is no mere reading.
  const plan = await second.call('POST', `labs/${lab}/plan`, file);
  assert.ok(plan.empty && plan.steps.length > 3, JSON.stringify(plan));
  const { expiresAt } = await second.call('POST', `labs/${lab}/extend`, { ttl: '5h' });
  assert.ok(Date.parse(expiresAt) > Date.parse(before.lab.expiresAt));
  await second.call('DELETE', `containers/${alone}`);
  await second.server.kill('SIGKILL');
});

test('a second server takes over while the first one still serves', async (t) => {
  const old = await start(t);
  const next = await start(t);
  const tellLab = ({ call }: Caller): Promise<unknown> => call('GET', `labs/${lab}`);
  assert.deepEqual(sorted(await tellLab(next)), sorted(await tellLab(old)));
  const { startedAt } = await old.call('POST', `containers/${lab}-web/restart`);
  await waitFor(async (see) => see((await next.call('GET', `containers/${lab}-web`)).startedAt) === startedAt, {
    what: 'the next one to know what the old one did',
  });
  await old.server.kill('SIGTERM');
  assert.equal((await next.call('GET', `containers/${lab}-web`)).state, 'running');
  await next.call('DELETE', `labs/${lab}`);
});

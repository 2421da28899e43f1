// An apply whose engine's answers are lost is told as failed, and what it made goes. The next apply neither keeps what is about to go, nor loses what it made.
import assert from 'node:assert/strict';
import test, { after as atTheEnd } from 'node:test';
import { startApp } from '../support/app.ts';
import { dockerApi } from '../support/engine.ts';
import { startEngineRelay } from '../support/engine-relay.ts';
import { labName, useLabs } from '../support/labs.ts';
import { letTimePass } from '../support/wait-for.ts';

const relay = await startEngineRelay({ after: atTheEnd });
const server = await startApp({ after: atTheEnd }, { env: { DOCKER_HOST: relay.endpoint } });

const file = {
  networks: { lan: null },
  containers: { a: { mode: 'bridged' as const, network: 'lan' }, b: { mode: 'closed' as const } },
};

/** After which call of an apply which answer is lost; what has to go then cannot be removed at once. */
const losses = [
  {
    what: 'a network',
    after: /POST \S*\/volumes\/create/,
    lost: /POST \S*\/networks\/create/,
    kept: /DELETE \S*\/networks\//,
  },
  {
    what: 'a container',
    after: /POST \S*\/volumes\/create/,
    lost: /POST \S*\/containers\/create\?name=\S*-b\b/,
    kept: /DELETE \S*\/containers\//,
  },
  {
    what: 'a container that was started',
    // The lock is not started so soon.
    after: /POST \S*\/containers\/create\?name=\S*-b\b/,
    lost: /POST \S*\/start/,
    kept: /DELETE \S*\/containers\//,
  },
];

for (const { what, after, lost, kept } of losses) {
  test(`${what} whose answer was lost is not taken for the next apply's own`, async (t) => {
    const labs = useLabs(server, t);
    const name = labName();
    relay.beforeAnswer(after, () => {
      relay.loseNext(lost);
      relay.answerNext(kept, 500, 'not now');
    });
    const failed = await labs.put(name, file);
    assert.equal(failed.status, 503, JSON.stringify(failed.body));
    await labs.apply(name, file);
    const ids = async () => {
      const members = [`/networks/${name}-lan`, `/containers/${name}-a/json`, `/containers/${name}-b/json`];
      return Promise.all(members.map(async (path) => (await dockerApi('GET', path)).body.Id ?? path));
    };
    const made = await ids();
    // What waits for its removal is removed when the engine comes back.
    const isBack = new Promise((resolve) => relay.beforeAnswer(/GET \S*\/events/, () => resolve(true)));
    relay.cutEvents();
    await isBack;
    await letTimePass(1_000, 'the server removes now whatever it still takes for lost');
    assert.deepEqual(await ids(), made);
    assert.equal((await labs.call('get', `/labs/${name}`)).body.state, 'as_described');
  });
}

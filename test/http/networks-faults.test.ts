// Networks whose engine's answers are lost, or whose engine is away for a moment: nobody is left with what he was told had failed.
import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { useApi } from '../support/api.ts';
import { startApp } from '../support/app.ts';
import { dockerApi } from '../support/engine.ts';
import { startEngineRelay } from '../support/engine-relay.ts';
import { createNetwork, randomNet, tryCreateNetwork } from '../support/networks.ts';
import { uniqueName } from '../support/run-id.ts';
import { waitFor } from '../support/wait-for.ts';

const relay = await startEngineRelay({ after });
// The relay passes no attach on. Without an image no helper is started that would wait for one.
const env = { DOCKER_HOST: relay.endpoint, TERRARIUM_HELPER_IMAGE: 'no-such-image:of-busybox' };
const server = await startApp({ after }, { env });

const statusOf = async (name: string) => (await dockerApi('GET', `/networks/${name}`)).status;
const isRemoved = (name: string) =>
  waitFor(async (see) => see(await statusOf(name)) === 404, { what: 'the lost network to be removed' });

test("a create whose answer was lost is undone; the caller's retry succeeds", async (t) => {
  const api = useApi(server, t);
  const name = uniqueName('lost');
  relay.loseNext(/POST .*\/networks\/create/);
  const { status, headers, body } = await tryCreateNetwork(api, t, { name });
  assert.deepEqual([status, body.code], [503, 'engine_unavailable']);
  assert.ok(Number(headers['retry-after']) > 0);
  await isRemoved(name);
  const retried = await createNetwork(api, t, { name });
  // Another one that is lost later has been removed: nothing of the first loss is still to be done.
  const later = uniqueName('lost');
  relay.loseNext(/POST .*\/networks\/create/);
  assert.equal((await tryCreateNetwork(api, t, { name: later })).status, 503);
  await isRemoved(later);
  assert.equal((await dockerApi('GET', `/networks/${retried.id}`)).status, 200, 'the new one is not mistaken for it');
});

test('a lost one that cannot be removed at once is gone when the engine is back, or before its name is used', async (t) => {
  const api = useApi(server, t);
  for (const comeBack of ['engine', 'retry']) {
    const name = uniqueName('lost');
    relay.loseNext(/POST .*\/networks\/create/);
    relay.answerNext(/DELETE .*\/networks\//, 500, 'not now');
    assert.equal((await tryCreateNetwork(api, t, { name })).status, 503);
    if (comeBack === 'engine') {
      relay.cutEvents();
      await isRemoved(name);
    } else {
      const retried = await createNetwork(api, t, { name });
      assert.equal((await dockerApi('GET', `/networks/${name}`)).body.Id, retried.id);
    }
  }
});

test('where the routes of the host cannot be read, the answer says so', async (t) => {
  const api = useApi(server, t);
  const made = await createNetwork(api, t, { bip: `${randomNet()}.1/24` });
  assert.match(made.warnings.join('\n'), /a route of the host .* not known: .*no-such-image/);
});

test('a subnet that is taken between our look and the create is refused by its field', async (t) => {
  const api = useApi(server, t);
  const bip = `${randomNet()}.1/24`;
  relay.answerNext(/POST .*\/networks\/create/, 403, 'Pool overlaps with other one on this address space');
  const { status, body } = await tryCreateNetwork(api, t, { bip });
  assert.deepEqual([status, body.code, body.field], [409, 'address_in_use', 'bip']);
  for (const [family, field] of [
    ['4', 'bip'],
    ['6', 'fixed-cidr-v6'],
  ] as const) {
    const words = `could not find an available, non-overlapping IPv${family} address pool among the defaults to assign to the network`;
    relay.answerNext(/POST .*\/networks\/create/, 404, words);
    const full = await tryCreateNetwork(api, t);
    assert.deepEqual([full.status, full.body.code, full.body.field], [422, 'engine_refused', field]);
  }
});

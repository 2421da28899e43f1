// A server that is killed in the middle of an apply or a removal, at any moment: the next one finds what there is, and one apply converges.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { LabFile } from '../../src/schemas/lab.ts';
import { listContainerIds } from '../support/engine.ts';
import { findLeft, labName, useLabs } from '../support/labs.ts';
import { seed, seededRandom } from '../support/seeded.ts';
import { startServerProcess } from '../support/server-process.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const random = seededRandom(seed);
const kills = process.env.TERRARIUM_SWEEP === undefined ? 3 : 50;

const lab: LabFile = {
  networks: { lan: null, back: { internal: true } },
  containers: {
    web: { mode: 'open', network: 'lan', command: ['httpd', '-f', '-p', '2222'], ports: [2222], ready: ['up'] },
    mate: { mode: 'joined', target: 'web' },
    db: { mode: 'bridged', network: 'back' },
    late: { mode: 'closed', after: ['web', 'db'] },
  },
  checks: { up: { container: 'web', listens: 2222 } },
};

/** The same with a change that replaces a target, and what is joined to it. */
const changed: LabFile = {
  ...lab,
  containers: {
    ...lab.containers,
    web: {
      mode: 'open',
      network: 'lan',
      command: ['httpd', '-f', '-p', '2222'],
      ports: [2222],
      ready: ['up'],
      env: { V: '2' },
    },
  },
};

test(`killed at ${kills} moments of an apply, a change and a removal`, async (t) => {
  const name = labName();
  let server = await startServerProcess(t);
  for (let round = 0; round < kills; round += 1) {
    const labs = useLabs(server, { after });
    const what = ['apply', 'change', 'remove'][round % 3];
    if (what !== 'apply') await labs.apply(name, lab);
    else await labs.call('delete', `/labs/${name}`);
    const request =
      what === 'remove' ? labs.call('delete', `/labs/${name}`) : labs.put(name, what === 'change' ? changed : lab);
    const answered = request.then(
      () => {},
      () => {},
    );
    await letTimePass(random() * 1_500, 'the server is killed at a random moment');
    await server.kill('SIGKILL');
    await answered;
    server = await startServerProcess(t);
    const next = useLabs(server, { after });
    // Its lock ends with its stdin, or is swept where it was never started.
    const { lab: now } = await waitFor(
      async (see) => {
        const { status, body } = await next.put(name, lab);
        see([status, body.code]);
        if (status === 409 && ['lab_busy', 'name_taken', 'state_conflict'].includes(body.code)) return false;
        assert.equal(status, 200, `round ${round}, ${what}: ${JSON.stringify(body)}`);
        return body as { lab: { state: string; containers: unknown[] } };
      },
      { what: `one apply to converge after a kill in ${what}`, intervalMs: 250 },
    );
    assert.equal(now.state, 'as_described');
    assert.equal(now.containers.length, 4);
    assert.equal((await listContainerIds(`io.terrarium.lab=${name}`)).length, 4);
    // A lock that was made and not started is swept within ten seconds.
    await waitFor(
      async (see) => see((await findLeft(name)).filter((one) => !one.startsWith('container'))).length === 3,
      {
        what: `two networks and one document, and no lock, after a kill in ${what}`,
      },
    );
  }
  const labs = useLabs(server, { after });
  assert.equal((await labs.call('delete', `/labs/${name}`)).status, 200);
  assert.deepEqual(await findLeft(name), []);
  await server.kill('SIGTERM');
});

// An engine that is killed or restarted in the middle of an apply, a change or a removal, at any moment: nothing of it is left that nobody knows,
// and one apply converges.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import request from 'supertest';
import type { LabFile } from '../../src/schemas/lab.ts';
import { startApp } from '../support/app.ts';
import { labName } from '../support/labs.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { seed, seededRandom } from '../support/seeded.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

const rounds = process.env.TERRARIUM_SWEEP === undefined ? 2 : 30;

/** Ends at a SIGTERM, so that an engine that is shut down does not wait for it. */
const command = ['sh', '-c', 'trap "exit 0" TERM; httpd -p 2222; while :; do sleep 1 & wait; done'];

const lab: LabFile = {
  networks: { lan: null, back: { internal: true } },
  containers: {
    web: { mode: 'open', network: 'lan', command, ports: [2222] },
    mate: {
      mode: 'joined',
      target: 'web',
      command: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 1 & wait; done'],
    },
    db: { mode: 'bridged', network: 'back', command },
    late: { mode: 'closed', after: ['web', 'db'], command },
  },
};

/** The same with a change that replaces a target, and what is joined to it. */
const changed: LabFile = {
  ...lab,
  containers: { ...lab.containers, web: { mode: 'open', network: 'lan', command, ports: [2222], env: { V: '2' } } },
};

test(`an engine ended at ${rounds} moments of an apply, a change and a removal`, {
  skip: whyNoPrivateEngine(),
}, async (t) => {
  const engine = await startPrivateEngine(t, { image: 'busybox:latest' });
  const { url, headers } = await startApp(t, { env: { DOCKER_HOST: engine.host } });
  const name = labName();
  const random = seededRandom(seed);
  const call = (method: 'put' | 'delete', file?: LabFile) => {
    const sent = request(url)[method](`/api/v1/labs/${name}`).set(headers);
    return file === undefined ? sent : sent.send(file);
  };
  /** Again until the engine is back, and what it lost track of is swept. */
  const insist = (method: 'put' | 'delete', file?: LabFile) =>
    waitFor(
      async (see) => {
        const answer = await call(method, file);
        see([answer.status, answer.body]);
        if (answer.status === 503 || answer.status === 504 || answer.body.code === 'lab_busy') return false;
        return answer;
      },
      { what: `${method} ${name} to be done`, timeoutMs: 90_000, intervalMs: 250 },
    );

  for (let round = 0; round < rounds; round += 1) {
    const what = ['apply', 'change', 'remove'][round % 3] ?? '';
    const context = `seed ${seed}, round ${round}, ${what}`;
    const before = what === 'apply' ? await insist('delete') : await insist('put', lab);
    assert.ok([200, 404].includes(before.status), `${context}: ${JSON.stringify(before.body)}`);
    const answered = (what === 'remove' ? call('delete') : call('put', what === 'change' ? changed : lab)).then(
      (answer) => answer.status,
      () => 0,
    );
    await letTimePass(random() * (what === 'remove' ? 700 : 1_500), 'the engine ends at a random moment');
    await (round % 2 === 0 ? engine.kill() : engine.shutDown());
    await engine.restart();
    await answered;
    const { status, body } = await insist('put', lab);
    assert.equal(status, 200, `${context}: ${JSON.stringify(body)}`);
    assert.equal(body.lab.state, 'as_described', context);
    assert.deepEqual(
      (await list('ps', '--all', '--format', '{{.Names}} {{.State}}')).filter((line) => !line.startsWith('terrarium-')),
      ['db', 'late', 'mate', 'web'].map((one) => `${name}-${one} running`),
      context,
    );
    await waitFor(
      async (see) => see(await list('ps', '--all', '--format', '{{.Names}}')).every((one) => !one.includes('-lock')),
      { what: `no lock to be left, ${context}` },
    );
    const networks = await list('network', 'ls', '--filter', 'type=custom', '--format', '{{.Name}}');
    assert.deepEqual(networks, [`${name}-back`, `${name}-lan`], context);
    assert.equal((await list('volume', 'ls', '--quiet')).length, 1, context);
  }
  const removed = await insist('delete');
  assert.equal(removed.status, 200, JSON.stringify(removed.body));
  assert.deepEqual(await list('ps', '--all', '--quiet', '--filter', `label=io.terrarium.lab=${name}`), []);
  assert.deepEqual(await list('network', 'ls', '--quiet', '--filter', 'type=custom'), []);
  assert.deepEqual(await list('volume', 'ls', '--quiet'), []);

  async function list(...args: string[]): Promise<string[]> {
    const { code, stdout, stderr } = await engine.docker(...args);
    assert.equal(code, 0, stderr);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .sort();
  }
});

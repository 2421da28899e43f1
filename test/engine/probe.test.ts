// The probe's own two programs on the real engine, spoken to in their words: whom they read, whom they refuse, and how the cap is kept.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { readConfig } from '../../src/config.ts';
import {
  defineWord,
  forgetWord,
  lookWord,
  type ProbeTarget,
  readCost,
  readFinding,
  sortByKey,
} from '../../src/domain/observation/probe-protocol.ts';
import { connectEngine } from '../../src/engine/docker/docker-engine.ts';
import { startHelper } from '../../src/services/observation/helper.ts';
import { buildProbeBody } from '../../src/services/observation/probe/probe-body.ts';
import { createTestContainer, execInContainer, inspectContainer } from '../support/engine.ts';
import { runId, testLabels } from '../support/run-id.ts';
import { waitFor } from '../support/wait-for.ts';

const [local] = readConfig({ DOCKER_HOST: process.env.DOCKER_HOST }).engines;
const engine = connectEngine(local ?? assert.fail());
const { id: image } = await engine.inspectImage('busybox:latest');
const probe = await startHelper({
  engine,
  kind: 'probe',
  body: (boundary) => {
    const body = buildProbeBody({ image, serverId: runId, boundary });
    return { ...body, Labels: { ...body.Labels, ...testLabels } };
  },
});
after(async () => {
  await probe.dispose();
  await engine.close();
});

const found = (sections: ReadonlyMap<string, string>, key: number) => readFinding(sortByKey(sections).get(key));
const look = (key: number, { forced = false, urgent = false } = {}) => lookWord({ key, forced, urgent });

async function makeTarget(): Promise<ProbeTarget> {
  const body = { Cmd: ['httpd', '-f', '-p', '80'], HostConfig: { NetworkMode: 'none', Init: false } };
  const { id } = await createTestContainer({ after }, { body });
  await waitFor(async (see) => see((await execInContainer(id, 'netstat', '-tln')).stdout).includes(':80 '), {
    what: 'it to listen',
  });
  const { Pid: pid } = (await inspectContainer(id)).State;
  return { pid, container: id, members: [{ id, pid }] };
}

test('a target is read once, and not again until something may have happened', async () => {
  const target = await makeTarget();
  const first = await probe.tick(['9', defineWord(1, target), look(1)]);
  const finding = found(first, 1);
  assert.ok(finding.kind === 'read' && finding.moved && / [0-9A-F]{32}:0050 /.test(finding.tables ?? ''));
  assert.equal(readCost(first).walks, 1);
  assert.deepEqual(found(await probe.tick(['9', look(1)]), 1), { kind: 'unmoved' });
  const forced = found(await probe.tick(['9', look(1, { forced: true })]), 1);
  assert.deepEqual(forced, { kind: 'read', moved: false, tables: null });
});

test('under the cap a look is late and loses nothing, unless somebody waits for it', async () => {
  const target = await makeTarget();
  const late = await probe.tick(['0', defineWord(2, target), look(2)]);
  assert.deepEqual(found(late, 2), { kind: 'late' });
  assert.equal(readCost(late).walks, 0);
  assert.deepEqual(found(await probe.tick(['0', look(2)]), 2), { kind: 'late' }, 'it is still to be read');
  assert.equal(found(await probe.tick(['0', look(2, { urgent: true })]), 2).kind, 'read');
  const two = await probe.tick(['1', look(2, { forced: true }), defineWord(3, target), look(3, { forced: true })]);
  assert.deepEqual([found(two, 2).kind, found(two, 3).kind], ['read', 'late'], 'in the order asked for');
});

test('a process that is not that container is not read, whatever its PID', async () => {
  const target = await makeTarget();
  const other = await makeTarget();
  const answer = await probe.tick([
    '9',
    defineWord(4, { ...target, container: other.container }),
    look(4, { forced: true }),
    defineWord(5, { ...target, pid: 4_194_304 }),
    look(5, { forced: true }),
    look(6, { forced: true }),
  ]);
  for (const key of [4, 5, 6]) assert.deepEqual(found(answer, key), { kind: 'gone' });
  await probe.tick(['9', defineWord(7, target), look(7)]);
  assert.deepEqual(found(await probe.tick(['9', forgetWord(7), look(7)]), 7), { kind: 'gone' });
});

test('without the time that its members used nothing is taken for unmoved', async () => {
  const target = await makeTarget();
  await probe.tick(['9', defineWord(8, { ...target, members: [] }), look(8)]);
  const again = found(await probe.tick(['9', look(8)]), 8);
  assert.deepEqual(again, { kind: 'read', moved: true, tables: null });
});

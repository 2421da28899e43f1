// Labs on a real engine: applied, kept, changed, rolled back, locked and removed, and what an engine holds of them when the API says that nothing is.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { LabFile } from '../../src/schemas/lab.ts';
import type { LabProgress } from '../../src/schemas/lab-view.ts';
import { startApp } from '../support/app.ts';
import { callDocker, createTestContainer, docker, dockerApi, inspectContainer } from '../support/engine.ts';
import { clearLab, findLeft, labName, smallLab, useLabs } from '../support/labs.ts';
import { uniqueName } from '../support/run-id.ts';
import { seed, seededRandom } from '../support/seeded.ts';
import { waitFor } from '../support/wait-for.ts';

const running = await startApp({ after });
const labs = useLabs(running, { after });

/** Ids by key. */
const idsOf = (lab: { containers: readonly { key: string | null; id: string }[] }) =>
  Object.fromEntries(lab.containers.map(({ key, id }) => [key, id]));

test('an apply makes what the file says; the same again changes nothing; a removal leaves nothing', async () => {
  const name = labName();
  const { changed, lab } = await labs.apply(name, smallLab);
  assert.equal(changed, true);
  assert.equal(lab.state, 'as_described');
  assert.equal(lab.document, 'present');
  assert.deepEqual(lab.containers.map(({ key }) => key).sort(), ['mate', 't1', 't2', 'web']);
  const web = await inspectContainer(`${name}-web`);
  const mate = await inspectContainer(`${name}-mate`);
  assert.equal(mate.HostConfig.NetworkMode, `container:${web.Id}`);
  assert.ok(web.NetworkSettings.Networks[`${name}-lan`].Aliases.includes('web'));
  // The engine's own name server can be slow on a busy machine.
  await waitFor(
    async (see) => see((await docker('exec', `${name}-t2`, 'ping', '-c', '1', '-W', '5', 'web')).code) === 0,
    {
      what: 'the others to find it by its name in the file',
    },
  );

  const again = await labs.apply(name, smallLab);
  assert.equal(again.changed, false);
  assert.deepEqual(idsOf(again.lab), idsOf(lab));
  assert.equal(again.lab.generation, lab.generation);

  const { body: shown } = await labs.call('get', `/labs/${name}`);
  assert.deepEqual(shown.file, smallLab);
  const { body: list } = await labs.call('get', '/labs');
  assert.ok(list.some((one: { name: string }) => one.name === name));

  const removed = await labs.call('delete', `/labs/${name}`);
  assert.deepEqual(removed.body, { done: true, removed: { containers: 4, networks: 1 } });
  assert.deepEqual(await findLeft(name), []);
  assert.equal((await labs.call('get', `/labs/${name}`)).status, 404);
  assert.equal((await labs.call('delete', `/labs/${name}`)).body.code, 'lab_not_found');
});

test('a changed file touches only what changed, and what is joined to it', async () => {
  const name = labName();
  const before = (await labs.apply(name, smallLab)).lab;
  const { t2: _gone, ...containers } = smallLab.containers;
  const changedLab: LabFile = {
    ...smallLab,
    containers: {
      ...containers,
      web: { mode: 'open', network: 'lan', command: ['httpd', '-f', '-p', '2222'], ports: [2222], env: { A: '1' } },
      t3: { mode: 'closed' },
    },
  };
  const plan = await labs.call('post', `/labs/${name}/plan`).type('application/json').send(JSON.stringify(changedLab));
  const told = (plan.body.steps as { do: string; key: string; reasons: { code: string; field?: string }[] }[]).map(
    (step) => [step.do, step.key, ...step.reasons.map(({ code, field }) => field ?? code)].join(' '),
  );
  assert.deepEqual(told.sort(), [
    'create t3 missing',
    'keep lan',
    'keep t1',
    'remove t2 not_in_file',
    'replace mate target_replaced',
    'replace web env',
  ]);
  assert.deepEqual(idsOf((await labs.call('get', `/labs/${name}`)).body), idsOf(before), 'a plan changes nothing');

  const { lab } = await labs.apply(name, changedLab);
  const [old, now] = [idsOf(before), idsOf(lab)];
  assert.deepEqual(Object.keys(now).sort(), ['mate', 't1', 't3', 'web']);
  assert.equal(now.t1, old.t1);
  assert.notEqual(now.web, old.web);
  assert.notEqual(now.mate, old.mate);
  assert.equal((await inspectContainer(`${name}-mate`)).HostConfig.NetworkMode, `container:${now.web}`);
  assert.equal(lab.generation, before.generation + 1);
  assert.deepEqual(
    (await findLeft(name)).filter((one) => one.startsWith('volume')),
    [`volume terrarium-lab-${name}-${lab.generation}`],
  );
});

test('what a plan and an apply are asked is held to the document as everywhere, and makes nothing where it is not', async () => {
  const name = labName();
  const questions: [query: string, culprit: RegExp][] = [
    ['x=1', /"x"/],
    ['instances=0', /instances/],
    ['instances=two', /instances/],
    ['instances=1.5', /instances/],
    ['as=A%20B', /"as"/],
    ['engine=%F0%9F%90%9A', /engine/],
    ['%F0%9F%90%9A=1', /🐚/u],
  ];
  for (const [query, culprit] of questions)
    for (const [method, path] of [
      ['post', `/labs/${name}/plan?${query}`],
      ['put', `/labs/${name}?${query}`],
    ] as const) {
      const { status, body } = await labs.call(method, path).type('application/json').send(JSON.stringify(smallLab));
      assert.equal(status, 400, `${path}: ${JSON.stringify(body)}`);
      assert.equal(body.code, 'invalid_request');
      assert.match(JSON.stringify(body), culprit, path);
    }
  assert.deepEqual(await findLeft(name), []);
});

test('what was stopped, restarted or removed behind our back is put right, and nothing else is touched', async () => {
  const name = labName();
  const before = idsOf((await labs.apply(name, smallLab)).lab);
  await docker('restart', '-t', '0', `${name}-web`);
  await docker('rm', '-f', `${name}-t1`);
  await docker('stop', '-t', '0', `${name}-t2`);
  const removed = await waitFor(
    async (see) => {
      const { body } = await labs
        .call('post', `/labs/${name}/plan`)
        .type('application/json')
        .send(JSON.stringify(smallLab));
      const steps = (body.steps as { do: string; key: string }[]).filter((step) => step.do !== 'keep');
      return see(steps).length === 3 && steps;
    },
    { what: 'the plan to see it' },
  );
  assert.deepEqual(removed.map((step) => `${step.do} ${step.key}`).sort(), ['create t1', 'rejoin mate', 'start t2']);
  const { lab } = await labs.apply(name, smallLab);
  const now = idsOf(lab);
  assert.equal(lab.state, 'as_described');
  assert.deepEqual([now.web, now.mate, now.t2], [before.web, before.mate, before.t2]);
  assert.notEqual(now.t1, before.t1);
  assert.equal(
    (await docker('exec', `${name}-mate`, 'ifconfig', 'eth0')).code,
    0,
    'it is in the namespace of its target again',
  );
});

test('what an apply has made is removed again when it fails; onFailure: keep leaves it', async () => {
  const name = labName();
  const broken: LabFile = {
    networks: { lan: null },
    containers: {
      a: { mode: 'bridged', network: 'lan' },
      b: { mode: 'closed', after: ['a'], command: ['/no/such/program'] },
      c: { mode: 'closed', after: ['b'] },
    },
  };
  const { status, body } = await labs.put(name, broken);
  assert.equal(status, 422);
  assert.match(body.detail, /^The container "b": .*(no such file|not found)/i);
  assert.match(body.field, /^containers\.b\b/);
  assert.match(body.hint, /removed again/);
  assert.deepEqual(await findLeft(name), []);

  const kept = await labs.put(name, { ...broken, policies: { onFailure: 'keep' } });
  assert.equal(kept.status, 422);
  const { body: shown } = await labs.call('get', `/labs/${name}`);
  assert.equal(shown.state, 'differs');
  assert.deepEqual(
    shown.containers.map(({ key }: { key: string }) => key),
    ['a'],
  );

  // A failed change of a lab that runs leaves the document that it had.
  const good = { ...broken, containers: { a: broken.containers.a } } as LabFile;
  await labs.apply(name, good);
  assert.equal((await labs.put(name, broken)).status, 422);
  const after = (await labs.call('get', `/labs/${name}`)).body;
  assert.deepEqual(after.file, good);
  assert.equal(after.state, 'as_described');
});

test('progress is told in lines, the last of which is the end', async () => {
  const name = labName();
  const text = await putLines(name, { containers: { a: { mode: 'closed' } } });
  const lines = readLines(text);
  const actions = lines.flatMap((line) => (line.event === 'action' ? [`${line.state} ${line.do} ${line.key}`] : []));
  assert.equal(lines[0]?.event, 'plan');
  assert.deepEqual(actions, ['began create a', 'done create a']);
  assert.equal((lines.at(-1) as unknown as { done: boolean }).done, true);

  const failed = await putLines(name, { containers: { a: { mode: 'closed', command: ['/none'] } } });
  assert.equal((readLines(failed).at(-1) as unknown as { error: { code: string } }).error.code, 'engine_refused');
  const refused = await labs.put(name, 'containers: {}').set('accept', 'application/x-ndjson');
  assert.equal(refused.status, 400, 'what is wrong before anything begins has a status of its own');
});

test('two that change one lab at once: one wins, one is told so, and the result is right', async () => {
  const name = labName();
  const other = await startApp({ after });
  const others = useLabs(other, { after });
  const outcomes = await Promise.all([labs.put(name, smallLab), others.put(name, smallLab)]);
  const statuses = outcomes.map(({ status }) => status).sort();
  assert.deepEqual(statuses, [200, 409], JSON.stringify(outcomes.map(({ body }) => body)));
  assert.equal(outcomes.find(({ status }) => status === 409)?.body.code, 'lab_busy');
  const { lab, changed } = await others.apply(name, smallLab);
  assert.equal(changed, false);
  assert.equal(lab.state, 'as_described');
});

test('a change is cancelled from another server, and undone', async () => {
  const name = labName();
  const other = await startApp({ after });
  const slow: LabFile = {
    containers: { a: { mode: 'closed', ready: ['never'] } },
    checks: { never: { container: 'a', listens: 1 } },
  };
  const apply = labs.put(name, slow).then((answer) => answer);
  await waitFor(async (see) => see(await findLeft(name)).some((one) => one.startsWith('container')), {
    what: 'the apply to begin',
  });
  const cancel = await useLabs(other, { after }).call('post', `/labs/${name}/cancel`);
  assert.equal(cancel.status, 202, JSON.stringify(cancel.body));
  const { status, body } = await apply;
  assert.equal(status, 409);
  assert.equal(body.code, 'lab_cancelled');
  assert.deepEqual(await findLeft(name), []);
  assert.equal((await labs.call('post', `/labs/${name}/cancel`)).body.code, 'state_conflict');
});

test('a cancel that comes before the lock runs is heard, and one of a removal stops it where it is', async () => {
  const name = labName();
  const containers = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`c${i}`, { mode: 'closed' as const }]));
  const many: LabFile = { containers, policies: { onFailure: 'keep' } };
  const readLock = () => dockerApi('GET', `/containers/terrarium-lab-${name}-lock/json`);
  const cancelAtOnce = async () => {
    await waitFor(async (see) => see((await readLock()).status) === 200, { what: 'the lock', intervalMs: 2 });
    return labs.call('post', `/labs/${name}/cancel`);
  };
  const [applied, heard] = await Promise.all([labs.put(name, many), cancelAtOnce()]);
  assert.equal(heard.status, 202, JSON.stringify(heard.body));
  assert.deepEqual([applied.status, applied.body.code], [409, 'lab_cancelled'], 'apply');
  assert.match(applied.body.hint, /was kept/);

  await labs.apply(name, many);
  const [removed, stopped] = await Promise.all([
    labs.call('delete', `/labs/${name}`).then((answer) => answer),
    cancelAtOnce(),
  ]);
  assert.equal(stopped.status, 202, JSON.stringify(stopped.body));
  // What was under way by then ends: that may have been the last of it.
  if (removed.status !== 200) {
    assert.deepEqual([removed.status, removed.body.code], [409, 'lab_cancelled']);
    // It may have come before anything was removed.
    assert.match((await labs.call('get', `/labs/${name}`)).body.state, /^(?:differs|as_described)$/);
  }
  assert.equal((await labs.apply(name, many)).lab.state, 'as_described');
  assert.equal((await labs.call('delete', `/labs/${name}`)).status, 200);
  assert.deepEqual(await findLeft(name), []);
});

test('a client that leaves takes along what it had begun', async () => {
  const name = labName();
  const slow = {
    containers: { a: { mode: 'closed', ready: ['never'] } },
    checks: { never: { container: 'a', listens: 1 } },
  };
  after(() => clearLab(name));
  const leaving = new AbortController();
  const gone = fetch(`${running.url}/api/v1/labs/${name}`, {
    method: 'PUT',
    headers: { ...running.headers, 'content-type': 'application/json' },
    body: JSON.stringify(slow),
    signal: leaving.signal,
  }).catch(() => {});
  await waitFor(async (see) => see(await findLeft(name)).some((one) => one.startsWith('container')), {
    what: 'the apply to begin',
  });
  leaving.abort();
  await gone;
  await waitFor(async (see) => see(await findLeft(name)).length === 0, { what: 'nothing to be left' });
});

test('who waits for what is ready is made when its check holds', async () => {
  const name = labName();
  const { lab } = await labs.apply(name, {
    containers: {
      web: { mode: 'bridged', command: ['sh', '-c', 'sleep 1; exec httpd -f -p 2222'], ready: ['listens'] },
      late: { mode: 'closed', after: ['web'] },
    },
    checks: { listens: { container: 'web', listens: 2222 } },
  });
  const [web, late] = await Promise.all(['web', 'late'].map((key) => inspectContainer(idsOf(lab)[key] ?? '')));
  assert.ok(Date.parse(late.Created) - Date.parse(web.State.StartedAt) >= 1_000);
});

test('what stands in the way is told before anything is made', async () => {
  const name = labName();
  await createTestContainer({ after }, { name: `${name}-web` });
  await waitFor(async (see) => see((await labs.call('get', `/containers/${name}-web`)).status) === 200, {
    what: 'the server to know it',
  });
  const { status, body } = await labs.put(name, smallLab);
  assert.equal(status, 409);
  assert.equal(body.code, 'name_taken');
  assert.equal(body.holder.name, `${name}-web`);
  assert.equal(body.conflicts.length, 1);
  assert.deepEqual(await findLeft(name), []);
});

test('a file that is none is refused with line and column, and changes nothing', async () => {
  const name = labName();
  const { status, body } = await labs.put(name, 'containers:\n  web: { mode: bridgd }\n');
  assert.equal(status, 400);
  assert.match(body.detail, /^Line 2, column 16: There is no such mode/);
  assert.deepEqual(body.problems[0], {
    line: 2,
    column: 16,
    path: 'containers.web.mode',
    message: 'There is no such mode',
    hint: 'Did you mean "bridged"? Allowed: closed, bridged, joined, open.',
  });
  assert.deepEqual(await findLeft(name), []);
  assert.equal((await labs.put(name, { name: 'other', containers: { a: { mode: 'closed' } } })).body.field, 'name');
});

test('a lab for many: instances by number, and one for somebody by name', async () => {
  const name = labName();
  const file: LabFile = { containers: { web: { mode: 'open', ports: [80] }, j: { mode: 'joined', target: 'web' } } };
  const { lab } = await labs.apply(name, file, '?instances=2');
  assert.deepEqual(
    lab.containers.map((one) => one.name).sort(),
    [1, 2].flatMap((i) => [`${name}-${i}-j`, `${name}-${i}-web`]),
  );
  assert.equal(lab.networks.length, 2);
  const fewer = await labs.apply(name, file, '?instances=1');
  assert.deepEqual(fewer.lab.containers.map((one) => one.name).sort(), [`${name}-1-j`, `${name}-1-web`]);

  after(() => clearLab(`${name}.alice`));
  const { lab: hers } = await labs.apply(name, file, '?as=alice');
  assert.equal(hers.name, `${name}.alice`);
  assert.equal((await labs.call('get', `/labs/${name}?as=alice`)).body.containers.length, 2);
  assert.equal((await labs.call('delete', `/labs/${name}.alice`)).status, 200);
  assert.equal((await labs.call('get', `/labs/${name}`)).body.containers.length, 2, 'the others keep theirs');
});

test('a lab whose document was pruned is still listed, and an apply makes it whole again', async () => {
  const name = labName();
  const { lab } = await labs.apply(name, smallLab);
  await callDocker('DELETE', `/volumes/terrarium-lab-${name}-${lab.generation}`);
  const { body } = await labs.call('get', `/labs/${name}`);
  assert.deepEqual([body.document, body.state, body.containers.length, body.file], ['lost', 'unknown', 4, null]);
  assert.equal((await labs.call('post', `/labs/${name}/check`)).body.code, 'state_conflict');
  const again = await labs.apply(name, smallLab);
  assert.deepEqual(idsOf(again.lab), idsOf(lab));
  assert.equal(again.lab.document, 'present');
});

test('a lab ends by itself, with a warning, and not before its end was put off', async () => {
  const name = labName();
  const warning = awaitEvent(name, 'lab.expiring');
  const { lab } = await labs.apply(name, { ttl: '6s', containers: { a: { mode: 'closed' } } });
  const extended = await labs.call('post', `/labs/${name}/extend`, { ttl: '2s' });
  assert.equal(extended.status, 200, JSON.stringify(extended.body));
  assert.equal(Date.parse(extended.body.expiresAt) - Date.parse(lab.expiresAt ?? ''), 2_000);
  await waitFor(async (see) => see(await findLeft(name)).length === 0, { what: 'the lab to end' });
  assert.equal((await warning).reason, extended.body.expiresAt);
  assert.ok(Date.now() >= Date.parse(extended.body.expiresAt) - 1_000);
  assert.equal((await labs.call('post', `/labs/${name}/extend`, { ttl: '2s' })).status, 404);
});

test('an audit shows what belongs to no lab, and what a lab has beside its file', async () => {
  const name = labName();
  const { lab } = await labs.apply(name, { containers: { a: { mode: 'closed' } } });
  const stray = uniqueName('stray');
  const orphan = uniqueName('orphan');
  const marks = { 'io.terrarium.managed': 'true' };
  await createTestContainer({ after }, { name: stray, body: { Labels: marks } });
  await createTestContainer(
    { after },
    { name: orphan, body: { Labels: { ...marks, 'io.terrarium.lab': name, 'io.terrarium.item': 'b' } } },
  );
  const spare = `terrarium-lab-${name}-0`;
  after(() => dockerApi('DELETE', `/volumes/${spare}`).then(() => {}));
  const Labels = { 'io.terrarium.role': 'lab-document', 'io.terrarium.lab': name, 'io.terrarium.generation': '0' };
  await callDocker('POST', '/volumes/create', { Name: spare, Labels });
  const found = await waitFor(
    async (see) => {
      const { body } = await labs.call('get', '/audit');
      const ours = (body.findings as { name: string; reason: string }[]).filter(
        (one) => one.name.includes(name) || [stray, orphan].includes(one.name),
      );
      return see(ours).length >= 3 && ours;
    },
    { what: 'the audit to see all three' },
  );
  assert.deepEqual(
    found.map((one) => `${one.name} ${one.reason}`).sort(),
    [`${orphan} not_in_file`, `${stray} no_lab`, `${spare} superseded`].sort(),
  );
  await docker('rm', '-f', `${name}-a`, orphan);
  await waitFor(
    async (see) => {
      const { body } = await labs.call('get', '/audit');
      return see(body.findings as { name: string; reason: string }[]).some(
        (one) => one.name === name && one.reason === 'empty',
      );
    },
    { what: 'the audit to see an empty lab' },
  );
  await callDocker('DELETE', `/volumes/terrarium-lab-${name}-${lab.generation}`);
});

test('a file whose document an engine would have to carry around is refused', async () => {
  const name = labName();
  // Random Chinese: three bytes a character, and hardly anything to compress.
  const random = seededRandom(seed);
  const text = () =>
    String.fromCodePoint(...Array.from({ length: 16_000 }, () => 0x4e00 + Math.floor(random() * 20_000)));
  const steps = Array.from({ length: 15 }, () => ({ text: { zh: text() } }));
  const { status, body } = await labs.put(name, { containers: { a: { mode: 'closed' } }, steps });
  assert.equal(status, 413, JSON.stringify(body));
  assert.match(body.detail, /document would be \d+ bytes/);
  assert.deepEqual(await findLeft(name), []);
});

test('one user has so many labs of so many containers, and no more', async () => {
  // This engine may have labs of other tests too.
  const { body: list } = await labs.call('get', '/labs');
  const mine = (list as { owner: string; containers: unknown[] }[]).filter(({ owner }) => owner === 'admin');
  const inUse = mine.length;
  const name = labName();
  const small = await startApp({ after }, { config: { maxLabs: Math.max(1, inUse), maxLabContainers: 1 } });
  const bounded = useLabs(small, { after });
  const refused = await bounded.put(name, smallLab);
  assert.equal(refused.status, 409);
  assert.equal(refused.body.code, 'quota_exceeded');
  assert.deepEqual(await findLeft(name), []);
  // What is there stays, and may shrink.
  await labs.apply(name, smallLab);
  const { t1, ...rest } = smallLab.containers;
  assert.ok(t1 !== undefined);
  assert.equal((await bounded.put(name, { ...smallLab, containers: rest })).status, 200);
});

test('the schema is there for editors, without a token', async () => {
  const answer = await fetch(`${running.url}/api/v1/labs/schema.json`);
  assert.equal(answer.status, 200);
  const schema = (await answer.json()) as { $schema: string; properties: Record<string, { description?: string }> };
  assert.match(schema.$schema, /json-schema/);
  for (const part of ['networks', 'containers', 'checks', 'steps']) assert.ok(schema.properties[part]?.description);
});

test('a removal takes along what was made under the lab by hand', async () => {
  const name = labName();
  await labs.apply(name, { containers: { a: { mode: 'closed' } } });
  const made = await labs.call('post', '/containers/closed', { name: `${name}-extra`, lab: name });
  assert.equal(made.status, 201);
  assert.equal(
    (await labs.apply(name, { containers: { a: { mode: 'closed' } } })).changed,
    false,
    'a plan leaves it alone',
  );
  assert.equal((await labs.call('delete', `/labs/${name}`)).status, 200);
  assert.equal((await dockerApi('GET', `/containers/${name}-extra/json`)).status, 404);
});

/** The first event of this kind about a lab. */
async function awaitEvent(name: string, event: string): Promise<{ reason?: string }> {
  const leaving = new AbortController();
  after(() => leaving.abort());
  const headers = { ...running.headers, accept: 'application/x-ndjson' };
  const answer = await fetch(`${running.url}/api/v1/events?lab=${name}`, { headers, signal: leaving.signal });
  let text = '';
  for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
    text += Buffer.from(chunk).toString();
    const found = text.split('\n').find((line) => line.includes(`"event":"${event}"`) && line.endsWith('}'));
    if (found !== undefined) return JSON.parse(found);
  }
  return assert.fail(`no ${event} was told of ${name}`);
}

/** The whole of a progress that is told in lines. */
async function putLines(name: string, file: LabFile): Promise<string> {
  after(() => clearLab(name));
  const headers = { ...running.headers, accept: 'application/x-ndjson', 'content-type': 'application/json' };
  const answer = await fetch(`${running.url}/api/v1/labs/${name}`, {
    method: 'PUT',
    headers,
    body: JSON.stringify(file),
  });
  return answer.text();
}

function readLines(text: string): LabProgress[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as LabProgress);
}

test('a change in which nothing ends for a while says that it goes on', async () => {
  const impatient = await startApp({ after }, { config: { heartbeatMs: 100 } });
  const name = labName();
  after(() => clearLab(name));
  const file: LabFile = {
    containers: { t1: { mode: 'closed', ready: ['never'] } },
    checks: { never: { container: 't1', listens: 9 } },
  };
  const leaving = new AbortController();
  const answer = await fetch(`${impatient.url}/api/v1/labs/${name}`, {
    method: 'PUT',
    headers: { ...impatient.headers, accept: 'application/x-ndjson', 'content-type': 'application/json' },
    body: JSON.stringify(file),
    signal: leaving.signal,
  });
  let told = '';
  for await (const chunk of answer.body ?? []) {
    told += Buffer.from(chunk).toString();
    if (/"do":"await".*\n(.*\n)*\{"event":"heartbeat","at":"[^"]+Z"\}\n/.test(told)) break;
  }
  leaving.abort();
  await waitFor(async (see) => see(await findLeft(name)).length === 0, { what: 'it to be undone' });
});

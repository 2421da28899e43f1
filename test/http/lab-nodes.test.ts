// One lab on two engines, each with bridges of its own: what is told before anything is made, what an engine that goes away leaves, and who removes it.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import request from 'supertest';
import type { LabFile } from '../../src/schemas/lab.ts';
import type { LabPlanView, LabProgress, LabView } from '../../src/schemas/lab-view.ts';
import { callApi } from '../support/api.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { labName, listLabObjects } from '../support/labs.ts';
import { type PrivateEngine, startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';
import { waitFor } from '../support/wait-for.ts';

const skip = whyNoPrivateEngine();
const start = () =>
  skip === false ? startPrivateEngine({ after }, { image: 'busybox:latest' }) : Promise.reject(new Error(skip));
const engines = skip === false ? await Promise.all([start(), start()]) : [];
const [left, right] = engines as [PrivateEngine, PrivateEngine];

const startOnBoth = (config: object = {}) =>
  startApp(
    { after },
    {
      config: {
        engines: [
          { name: 'left', endpoint: left.host, insecure: false },
          { name: 'right', endpoint: right.host, insecure: false },
        ],
        ...config,
      },
    },
  );

/** On both: a bridge of each, a server on each, one joined to the far one. */
const file: LabFile = {
  networks: { near: null, far: { engine: 'right' } },
  containers: {
    web: { mode: 'open', network: 'near', command: ['httpd', '-f', '-p', '2222'], ports: ['8080:2222'], ready: ['up'] },
    web2: {
      mode: 'open',
      engine: 'right',
      network: 'far',
      command: ['httpd', '-f', '-p', '2222'],
      ports: ['8080:2222'],
      after: ['web'],
    },
    mate: { mode: 'joined', target: 'web2' },
    lone: { mode: 'closed', engine: 'right' },
  },
  checks: {
    up: { container: 'web', listens: 2222 },
    up2: { container: 'mate', listens: 2222 },
    shared: { container: 'mate', sharesNamespaceWith: 'web2' },
    apart: { container: 'web', isolatedFrom: { container: 'web2', kinds: ['net', 'pid'] } },
    unreached: { container: 'web', cannotReach: { container: 'web2', port: 2222 } },
    said: { container: 'lone', exec: { command: ['echo', 'here'], stdout: 'here' } },
    published: { container: 'web2', published: { port: 2222, hostPort: 8080 } },
  },
};
const whole = {
  left: ['near', 'web'],
  right: ['far', 'lone', 'mate', 'web2'],
};

/** What the engine holds of a lab, asked without the server: names without the lab's own, and its documents. */
async function held({ docker }: PrivateEngine, lab: string): Promise<string[]> {
  return (await listLabObjects(docker, lab))
    .map((name) => (name.startsWith(`${lab}-`) ? name.slice(lab.length + 1) : name.replace(/^terrarium-lab-.*-/, '')))
    .sort();
}
const members = async (engine: PrivateEngine, lab: string) =>
  (await held(engine, lab)).filter((name) => !/^\d+$/.test(name));

async function isAway(app: RunningApp, name: string): Promise<void> {
  await waitFor(async (see) => see((await callApi(app, 'get', `/engines/${name}`)).body.state) === 'stale', {
    what: `${name} to be away`,
  });
}

test('a lab on two engines: made, proved, changed, moved and removed, its document at home', { skip }, async () => {
  const app = await startOnBoth();
  const lab = labName();
  const plan: LabPlanView = (await callApi(app, 'post', `/labs/${lab}/plan`, file)).body;
  assert.deepEqual(plan.conflicts, []);
  assert.deepEqual(
    plan.steps.map(({ key, engine }) => `${engine} ${key}`).sort(),
    [...whole.left.map((key) => `left ${key}`), ...whole.right.map((key) => `right ${key}`)].sort(),
  );
  const applied = await callApi(app, 'put', `/labs/${lab}`, file);
  assert.equal(applied.status, 200, JSON.stringify(applied.body));
  const shown: LabView = applied.body.lab;
  assert.deepEqual([shown.engine, shown.state, shown.generation], ['left', 'as_described', 1]);
  assert.deepEqual(shown.containers.map(({ key, engine }) => `${engine} ${key}`).sort(), [
    'left web',
    'right lone',
    'right mate',
    'right web2',
  ]);
  assert.deepEqual(await held(left, lab), ['1', ...whole.left]);
  assert.deepEqual(await held(right, lab), whole.right);
  assert.equal((await callApi(app, 'put', `/labs/${lab}`, file)).body.changed, false);

  const report = (await callApi(app, 'post', `/labs/${lab}/check?wait=20s`)).body;
  assert.equal(report.status, 'pass', JSON.stringify(report, null, 1));
  assert.equal(report.passed, 7);
  const listed = (await callApi(app, 'get', '/labs')).body.filter((one: LabView) => one.name === lab);
  assert.equal(listed.length, 1, 'it is one lab, wherever its members are');
  assert.equal((await callApi(app, 'get', `/labs/${lab}`)).body.engine, 'left');
  assert.equal((await callApi(app, 'get', `/labs/${lab}?engine=right`)).status, 404, 'its home is another');
  assert.deepEqual((await callApi(app, 'get', '/audit')).body, { findings: [], away: [] });

  // What moves goes from the one and is made on the other, and what is joined to it follows.
  const { web2, ...others } = file.containers;
  const moved: LabFile = {
    ...file,
    networks: { near: null },
    containers: { ...others, web2: { ...web2, mode: 'open', engine: 'left', network: 'near', ports: ['8081:2222'] } },
    checks: {
      ...file.checks,
      apart: { container: 'web', isolatedFrom: 'web2' },
      published: { container: 'web2', published: 2222 },
    },
  };
  delete (moved.checks as Record<string, unknown>).unreached;
  const change: LabPlanView = (await callApi(app, 'post', `/labs/${lab}/plan`, moved)).body;
  const steps = change.steps.filter((step) => step.do !== 'keep');
  assert.deepEqual(
    steps.map(({ do: verb, key, from, engine, reasons }) => [verb, key, from, engine, reasons[0]?.code]).sort(),
    [
      ['remove', 'far', null, 'right', 'not_in_file'],
      ['replace', 'mate', 'right', 'left', 'moved'],
      ['replace', 'web2', 'right', 'left', 'moved'],
    ],
  );
  assert.equal((await callApi(app, 'put', `/labs/${lab}`, moved)).status, 200);
  assert.deepEqual([await members(left, lab), await members(right, lab)], [['mate', 'near', 'web', 'web2'], ['lone']]);
  assert.equal((await callApi(app, 'post', `/labs/${lab}/check?wait=20s`)).body.status, 'pass');

  const gone = await callApi(app, 'delete', `/labs/${lab}`);
  assert.deepEqual(gone.body, { done: true, removed: { containers: 4, networks: 1 } });
  assert.deepEqual([await held(left, lab), await held(right, lab)], [[], []]);
  await app.close();
});

test('what one engine refuses is undone on both', { skip }, async () => {
  const app = await startOnBoth();
  const lab = labName();
  const wrong: LabFile = {
    ...file,
    containers: {
      ...file.containers,
      late: { mode: 'closed', engine: 'right', image: 'no-such-image:none', pull: 'never', after: ['mate', 'web'] },
    },
  };
  const refused = await callApi(app, 'put', `/labs/${lab}`, wrong);
  assert.equal(refused.body.code, 'image_not_found', JSON.stringify(refused.body));
  assert.match(refused.body.hint, /What was made was removed again/);
  assert.deepEqual([await held(left, lab), await held(right, lab)], [[], []]);
  await app.close();
});

test('members end when their lab does, by its home, and extend puts it off', { skip }, async () => {
  const app = await startOnBoth();
  const lab = labName();
  const applied = await callApi(app, 'put', `/labs/${lab}`, { ...file, ttl: '30m' });
  assert.equal(applied.status, 200, JSON.stringify(applied.body));
  const extended = (await callApi(app, 'post', `/labs/${lab}/extend`, { ttl: '1h' })).body;
  const ends = (await callApi(app, 'get', `/containers?lab=${lab}`)).body.map(
    (one: { expiresAt: string }) => one.expiresAt,
  );
  assert.deepEqual([ends.length, new Set(ends)], [4, new Set([extended.expiresAt])]);
  const soon = await callApi(app, 'put', `/labs/${lab}`, { ...file, ttl: '4s' });
  assert.equal(soon.body.changed, true);
  await waitFor(async (see) => see((await held(left, lab)).length + (await held(right, lab)).length) === 0, {
    what: 'the lab to be gone from both',
  });
  await app.close();
});

test('a cancelled apply is undone on both', { skip }, async () => {
  const app = await startOnBoth();
  const lab = labName();
  const slow: LabFile = {
    ...file,
    containers: { ...file.containers, never: { mode: 'closed', engine: 'right', ready: ['not'], after: ['mate'] } },
    checks: { ...file.checks, not: { container: 'never', listens: 1 } },
  };
  const applying = callApi(app, 'put', `/labs/${lab}`, slow).then((answer) => answer);
  await waitFor(async (see) => see(await members(right, lab)).includes('never'), {
    what: 'it to be made',
  });
  await waitFor(async (see) => see((await callApi(app, 'post', `/labs/${lab}/cancel`)).status) === 202, {
    what: 'the cancel',
  });
  assert.equal((await applying).body.code, 'lab_cancelled');
  assert.deepEqual([await held(left, lab), await held(right, lab)], [[], []]);
  await app.close();
});

test('the same name at two homes is two labs, and neither takes the other for its own', { skip }, async () => {
  const app = await startOnBoth();
  const lab = labName();
  const small: LabFile = { containers: { a: { mode: 'closed' }, far: { mode: 'closed', engine: 'right' } } };
  assert.equal((await callApi(app, 'put', `/labs/${lab}?engine=left`, small)).status, 200);
  const other: LabFile = { containers: { b: { mode: 'closed' } } };
  assert.equal((await callApi(app, 'put', `/labs/${lab}?engine=right`, other)).status, 200);
  assert.deepEqual(await members(right, lab), ['b', 'far']);
  const clash = await callApi(app, 'post', `/labs/${lab}/plan?engine=right`, {
    containers: { far: { mode: 'closed' } },
  });
  assert.equal(clash.body.conflicts[0]?.code, 'name_taken');
  assert.match(
    clash.body.conflicts[0]?.detail,
    /the lab of the same name of the engine left|of the engine with the id/,
  );
  assert.equal((await callApi(app, 'delete', `/labs/${lab}?engine=right`)).status, 200);
  assert.deepEqual([await members(left, lab), await members(right, lab)], [['a'], ['far']]);
  assert.equal((await callApi(app, 'get', `/labs/${lab}`)).body.state, 'as_described');
  assert.equal((await callApi(app, 'delete', `/labs/${lab}`)).status, 200);
  assert.deepEqual([await held(left, lab), await held(right, lab)], [[], []]);
  await app.close();
});

test('where members cannot be is told with line and column, and nothing is made', { skip }, async () => {
  const app = await startOnBoth();
  const lab = labName();
  const put = (text: string) =>
    request(app.url).put(`/api/v1/labs/${lab}`).set(app.headers).type('application/yaml').send(text);
  const cases: [text: string, words: RegExp][] = [
    ['containers:\n  a: { mode: closed, engine: middle }\n', /^Line 2, column 30: There is no engine "middle"/],
    ['containers:\n  a: { mode: bridged, engine: right }\n', /^Line 2, column 6: .* is a bridge of the engine left/],
    [
      'networks: { w: { driver: overlay } }\ncontainers:\n  a: { mode: bridged, network: w, engine: right }\n',
      /^Line 1, column 26: "w" is an overlay, and the engine \w+ is in no Swarm/,
    ],
  ];
  for (const [text, words] of cases) {
    const { status, body } = await put(text);
    assert.deepEqual([status, body.code], [400, 'invalid_request'], JSON.stringify(body));
    assert.match(body.detail, words);
  }
  assert.deepEqual([await held(left, lab), await held(right, lab)], [[], []]);
  await app.close();
});

test('an engine that is away: told before anything is made; a removal ends when it is back', { skip }, async () => {
  const app = await startOnBoth({ janitorIntervalMs: 1_000 });
  const [lab, other, next] = [labName(), labName(), labName()];
  for (const name of [lab, other])
    assert.equal((await callApi(app, 'put', `/labs/${name}`, withoutPorts(file))).status, 200);
  const before = await held(left, lab);
  await right.kill();
  await isAway(app, 'right');

  for (const server of [app, await startOnBoth({ janitorIntervalMs: 1_000 })]) {
    const changed = withoutPorts({ ...file, containers: { ...file.containers, more: { mode: 'closed' } } });
    for (const [method, path] of [
      ['put', `/labs/${lab}`],
      ['post', `/labs/${lab}/plan`],
      ['put', `/labs/${next}`],
    ] as const) {
      const { status, body } = await callApi(server, method, path, changed);
      assert.deepEqual([status, body.code], [503, 'engine_unavailable'], `${path} ${JSON.stringify(body)}`);
      assert.match(body.detail, /is on the engine right too/);
      assert.match(body.hint, /Nothing was changed/);
    }
    // Also where the new file has nothing there any more: what is there would be left.
    const home = await callApi(server, 'put', `/labs/${lab}`, { containers: { a: { mode: 'closed' } } });
    assert.equal(home.status, 503);
    assert.deepEqual(await held(left, lab), before);
    assert.deepEqual((await callApi(server, 'get', '/audit')).body.away, ['right']);
    if (server !== app) await server.close();
  }

  const removed = await callApi(app, 'delete', `/labs/${lab}`);
  assert.deepEqual([removed.status, removed.body.code, removed.body.left], [503, 'engine_unavailable', ['right']]);
  assert.match(removed.body.hint, /All else is removed\. The rest goes as soon as/);
  assert.deepEqual(await members(left, lab), []);
  const ending = (await callApi(app, 'get', `/labs/${lab}`)).body;
  assert.equal(ending.state, 'ending');
  assert.equal((await callApi(app, 'post', `/labs/${lab}/extend`, { ttl: '1h' })).body.code, 'state_conflict');
  // Asked again it is the same, and nothing is written again.
  assert.equal((await callApi(app, 'delete', `/labs/${lab}`)).status, 503);
  assert.equal((await callApi(app, 'get', `/labs/${lab}`)).body.generation, ending.generation);
  await app.close();

  // Nobody runs when the engine comes back; the next server ends what was begun.
  await right.restart();
  assert.ok((await members(right, lab)).length > 0);
  const later = await startOnBoth({ janitorIntervalMs: 1_000 });
  await waitFor(async (see) => see((await held(left, lab)).length + (await held(right, lab)).length) === 0, {
    what: 'the rest to go',
  });
  // The lab that nobody removed is mended by an apply.
  const again = await waitFor(
    async (see) => {
      const answer = await callApi(later, 'put', `/labs/${other}`, withoutPorts(file));
      return see(answer.status) !== 503 && answer;
    },
    { what: 'an apply', timeoutMs: 60_000, intervalMs: 250 },
  );
  assert.equal(again.status, 200, JSON.stringify(again.body));
  assert.equal((await callApi(later, 'delete', `/labs/${other}`)).status, 200);
  assert.deepEqual([await held(left, other), await held(right, other)], [[], []]);
  await later.close();
});

test('an engine that is killed in the middle of an apply: undone on the other, and there when it is back', {
  skip,
}, async () => {
  const app = await startOnBoth({ janitorIntervalMs: 1_000 });
  const lab = labName();
  const slow: LabFile = withoutPorts({
    ...file,
    containers: { ...file.containers, never: { mode: 'closed', engine: 'right', ready: ['not'], after: ['mate'] } },
    checks: { ...file.checks, not: { container: 'never', listens: 1 } },
  });
  const applying = callApi(app, 'put', `/labs/${lab}`, slow).then((answer) => answer);
  await waitFor(async (see) => see(await members(right, lab)).includes('never'), {
    what: 'it to be made',
  });
  const isRunning = ['inspect', '--format', '{{.State.Running}}', `${lab}-never`];
  await waitFor(async (see) => see((await right.docker(...isRunning)).stdout) === 'true\n', {
    what: 'it to run, so that the apply waits for its check',
  });
  await right.kill();
  const { status, body } = await applying;
  assert.ok(status >= 400 && status !== 500, JSON.stringify(body));
  assert.match(JSON.stringify(body), /right/);
  assert.deepEqual(await members(left, lab), [], 'undone where it could be');
  await right.restart();
  await waitFor(async (see) => see((await held(left, lab)).length + (await held(right, lab)).length) === 0, {
    what: 'the rest to go',
    timeoutMs: 60_000,
  });
  await app.close();
});

test('an engine that is taken out of the configuration counts no more, and is found again by labels', {
  skip,
}, async () => {
  const app = await startOnBoth();
  const lab = labName();
  assert.equal((await callApi(app, 'put', `/labs/${lab}`, withoutPorts(file))).status, 200);
  await app.close();
  const alone = await startOnBoth({ engines: [{ name: 'left', endpoint: left.host, insecure: false }] });
  assert.equal((await callApi(alone, 'get', `/labs/${lab}`)).body.state, 'differs');
  assert.deepEqual((await callApi(alone, 'delete', `/labs/${lab}`)).body.removed, { containers: 1, networks: 1 });
  await alone.close();
  const again = await startOnBoth();
  const { findings } = (await callApi(again, 'get', '/audit')).body;
  assert.deepEqual(
    findings
      .map(({ engine, reason, name }: Record<string, string>) => [engine, reason, name?.slice(lab.length + 1)])
      .sort(),
    whole.right.map((key) => ['right', 'document_lost', key]),
  );
  const shown = (await callApi(again, 'get', `/labs/${lab}`)).body;
  assert.deepEqual([shown.engine, shown.document], ['left', 'lost'], 'it is of the lab at home on the other still');
  assert.equal((await callApi(again, 'delete', `/labs/${lab}`)).status, 200);
  assert.deepEqual([await held(left, lab), await held(right, lab)], [[], []]);
  await again.close();
});

test('progress names the engine of each step', { skip }, async () => {
  const app = await startOnBoth();
  const lab = labName();
  const answer = await request(app.url)
    .put(`/api/v1/labs/${lab}`)
    .set({ ...app.headers, accept: 'application/x-ndjson' })
    .send(withoutPorts(file));
  const lines = answer.text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as LabProgress);
  const engineOf = (key: string) =>
    new Set(lines.flatMap((line) => (line.event === 'action' && line.key === key ? [line.engine] : [])));
  assert.deepEqual(
    [engineOf('web'), engineOf('mate'), engineOf('far')],
    [new Set(['left']), new Set(['right']), new Set(['right'])],
  );
  assert.equal((await callApi(app, 'delete', `/labs/${lab}`)).status, 200);
  await app.close();
});

/** Ports of the host, which a lab of the same file could not have too, made dynamic. */
function withoutPorts(one: LabFile): LabFile {
  const text = JSON.stringify(one).replaceAll('"8080:2222"', '2222').replaceAll(',"hostPort":8080', '');
  return JSON.parse(text) as LabFile;
}

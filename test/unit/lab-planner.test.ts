// The planner, by properties over generated pairs of labs on a model of an engine that refuses what a real one refuses: whatever was there, a plan
// leads to what the file says, in every order that it allows, and touches nothing else.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { describeDesired } from '../../src/domain/lab/desired-lab.ts';
import { refuseShared } from '../../src/domain/lab/instance-rules.ts';
import { parseLabFile } from '../../src/domain/lab/lab-file.ts';
import { identifyLab, isNamedFor } from '../../src/domain/lab/lab-identity.ts';
import { placeLab } from '../../src/domain/lab/lab-placement.ts';
import type { LabPlan } from '../../src/domain/lab/lab-plan.ts';
import { isEmptyPlan, planLab } from '../../src/domain/lab/lab-planner.ts';
import { label } from '../../src/domain/labels.ts';
import { Failure } from '../../src/schemas/failure.ts';
import type { LabFile } from '../../src/schemas/lab.ts';
import { containerFacts, endpointFacts } from '../support/container-facts.ts';
import fc from '../support/fast-check.ts';
import { labFile } from '../support/generated-labs.ts';
import { type Choose, ModelEngine } from '../support/model-engine.ts';

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);
/** A counterexample is shrunk in minutes, and small as it is. */
const bounds = {
  numRuns: process.env.TERRARIUM_SWEEP === undefined ? 200 : 5_000,
  endOnFailure: true,
  includeErrorInReport: true,
};

function desire(file: LabFile, { lab = 'lab', instances }: { lab?: string; instances?: number } = {}) {
  return describeDesired(file, {
    identity: identifyLab(lab, { instances }),
    placement: placeLab(file, 'local', []),
    digest,
  });
}
function planOn(engine: ModelEngine, file: LabFile, before?: LabFile): LabPlan {
  return planLab({
    desired: desire(file),
    engines: [engine.observed],
    previous: before === undefined ? null : desire(before),
  });
}
function apply(engine: ModelEngine, file: LabFile, choose: Choose = () => 0, before?: LabFile): Set<string> {
  return engine.apply(planOn(engine, file, before), desire(file), choose);
}
function fresh(file: LabFile): unknown {
  const engine = new ModelEngine();
  apply(engine, file);
  return engine.summary;
}
/** Choices that a property can repeat. */
const choices = fc.array(fc.nat(1_000), { minLength: 40, maxLength: 40 });
function chooser(picks: readonly number[]): Choose {
  let at = 0;
  return (count) => {
    at += 1;
    return (picks[at % picks.length] ?? 0) % Math.max(1, count);
  };
}

test('generated labs are labs', () => {
  fc.assert(
    fc.property(labFile, (file) => {
      assert.deepEqual(parseLabFile(JSON.stringify(file)), file);
    }),
    bounds,
  );
});

test('A and then B is B on an empty engine, in every order that the plans allow', () => {
  fc.assert(
    fc.property(labFile, labFile, choices, (a, b, picks) => {
      const choose = chooser(picks);
      const engine = new ModelEngine();
      apply(engine, a, choose);
      assert.deepEqual(engine.summary, fresh(a));
      apply(engine, b, choose, a);
      assert.deepEqual(engine.summary, fresh(b));
    }),
    bounds,
  );
});

test('after an apply there is nothing to do', () => {
  fc.assert(
    fc.property(labFile, labFile, choices, (a, b, picks) => {
      const choose = chooser(picks);
      const engine = new ModelEngine();
      apply(engine, a, choose);
      apply(engine, b, choose);
      const plan = planOn(engine, b);
      assert.ok(isEmptyPlan(plan));
      assert.deepEqual(plan.actions, []);
      assert.deepEqual(plan.conflicts, []);
    }),
    bounds,
  );
});

/** What has to stay as it is from A to B, found without the planner: equal in both, on an equal network, joined to what stays. */
function findKept(a: LabFile, b: LabFile): Set<string> {
  const [before, after] = [desire(a), desire(b)];
  const isSameNetwork = (key: string) => {
    const [one, other] = [before, after].map(({ networks }) => networks.find((network) => network.key === key));
    return one !== undefined && JSON.stringify(one.spec) === JSON.stringify(other?.spec);
  };
  const isSame = (key: string): boolean => {
    const [one, other] = [before, after].map(({ containers }) => containers.find((container) => container.key === key));
    if (one === undefined || other === undefined) return false;
    if (JSON.stringify(one.request) !== JSON.stringify(other.request)) return false;
    return (one.network === null || isSameNetwork(one.network)) && (one.target === null || isSame(one.target));
  };
  return new Set([
    ...after.networks.filter(({ key }) => isSameNetwork(key)).map(({ key }) => `network ${key}`),
    ...after.containers.filter(({ key }) => isSame(key)).map(({ key }) => `container ${key}`),
  ]);
}

test('only what changed is touched, and all of it', () => {
  fc.assert(
    fc.property(labFile, labFile, choices, (a, b, picks) => {
      const choose = chooser(picks);
      const engine = new ModelEngine();
      apply(engine, a);
      const kept = findKept(a, b);
      const everything = [desire(a), desire(b)].flatMap(({ networks, containers }) => [
        ...networks.map(({ key }) => `network ${key}`),
        ...containers.map(({ key }) => `container ${key}`),
      ]);
      const touched = apply(engine, b, choose, a);
      assert.deepEqual([...touched].sort(), [...new Set(everything.filter((one) => !kept.has(one)))].sort());
    }),
    bounds,
  );
});

test('whatever was removed, stopped or left half-done behind our back, one apply converges', () => {
  const damage = fc.array(fc.tuple(fc.constantFrom('remove', 'stop', 'restart', 'network'), fc.nat(20)), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(labFile, labFile, damage, fc.nat(30), choices, (a, b, blows, cut, picks) => {
      const choose = chooser(picks);
      const engine = new ModelEngine();
      apply(engine, a);
      for (const [blow, index] of blows) strike(engine, blow, index);
      // A server that was killed: the first actions of a plan, and nothing after them.
      const plan = planOn(engine, b);
      const desired = desire(b);
      const begun = plan.actions.slice(0, cut);
      const ids = new Set(begun.map(({ id }) => id));
      const closed = begun.filter(({ after }) => after.every((id) => ids.has(id)));
      const possible = closed.filter(({ after }) => after.every((id) => closed.some((one) => one.id === id)));
      if (possible.length === closed.length) engine.apply({ ...plan, actions: closed }, desired, () => 0);
      apply(engine, b, choose);
      assert.deepEqual(engine.summary, fresh(b));
      assert.ok(isEmptyPlan(planOn(engine, b)));
    }),
    bounds,
  );
});

function strike(engine: ModelEngine, blow: string, index: number): void {
  const containers = [...engine.containers.values()];
  const one = containers[index % Math.max(1, containers.length)];
  if (one === undefined) return;
  // `docker rm -f` strands those that are joined to it; the model's own removal is stricter.
  if (blow === 'remove') engine.containers.delete(one.id);
  else if (blow === 'stop') engine.stop(one.id);
  else if (blow === 'restart') engine.restart(one.id);
  else {
    const network = [...engine.networks.values()][index % Math.max(1, engine.networks.size)];
    if (network === undefined) return;
    for (const facts of containers)
      engine.containers.set(facts.id, {
        ...facts,
        endpoints: facts.endpoints.filter(({ networkId }) => networkId !== network.id),
      });
    engine.networks.delete(network.id);
  }
}

const lab = (text: string) => parseLabFile(text);
const bridged = (name: string, fields = '') => `  ${name}: { mode: bridged${fields} }\n`;
const joined = (name: string, target: string) => `  ${name}: { mode: joined, target: ${target} }\n`;

test('a changed target is replaced with its reason, and those joined to it follow, the last first', () => {
  const before = lab(`containers:\n${bridged('web')}${joined('j1', 'web')}${joined('j2', 'j1')}${bridged('other')}`);
  const after = lab(
    `containers:\n${bridged('web', ', env: { A: "1" }')}${joined('j1', 'web')}${joined('j2', 'j1')}${bridged('other')}`,
  );
  const engine = new ModelEngine();
  apply(engine, before);
  const plan = planOn(engine, after, before);
  const told = plan.steps.map(({ do: verb, key, reasons }) => [
    verb,
    key,
    reasons.map(({ code, field }) => field ?? code),
  ]);
  assert.deepEqual(told, [
    ['keep', 'default', []],
    ['replace', 'web', ['env']],
    ['replace', 'j1', ['target_replaced']],
    ['replace', 'j2', ['target_replaced']],
    ['keep', 'other', []],
  ]);
  engine.calls.length = 0;
  engine.apply(plan, desire(after), () => 0);
  assert.deepEqual(
    engine.calls.map((call) => call.split(' ')[0]),
    ['remove', 'remove', 'remove', 'create', 'create', 'create'],
  );
});

test('without the description that a member was made from, it is known that it changed, not where', () => {
  const engine = new ModelEngine();
  apply(engine, lab(`containers:\n${bridged('web')}`));
  const plan = planOn(engine, lab(`containers:\n${bridged('web', ', user: "1"')}`));
  assert.deepEqual(plan.steps.at(-1)?.reasons, [{ code: 'changed', text: 'its description changed' }]);
});

test('a restarted target has its members rejoined; in the host namespace there is nothing to rejoin', () => {
  const file = lab(
    `containers:\n${bridged('web')}${joined('j', 'web')}  h: { mode: open, host: true }\n${joined('k', 'h')}`,
  );
  const engine = new ModelEngine();
  apply(engine, file);
  for (const facts of engine.containers.values())
    if (facts.name === 'lab-web' || facts.name === 'lab-h') engine.start(facts.id);
  const plan = planOn(engine, file);
  assert.deepEqual(
    plan.steps.filter((step) => step.do !== 'keep').map(({ do: verb, key }) => [verb, key]),
    [['rejoin', 'j']],
  );
});

test('who waits for what is ready waits for its check', () => {
  const file = lab(
    'containers:\n  a: { mode: closed, ready: [up] }\n  b: { mode: closed, after: [a] }\nchecks:\n  up: { container: a, interfaces: [lo] }\n',
  );
  const engine = new ModelEngine();
  const plan = planOn(engine, file);
  assert.deepEqual(
    plan.actions.map(({ id, after }) => [id, after]),
    [
      ['create container a', []],
      ['await container a', ['create container a']],
      ['create container b', ['await container a']],
    ],
  );
});

test('an address of its own choice is taken before anybody is given a free one', () => {
  const file = lab(
    'networks: { lan: { bip: 10.0.0.1/24 } }\ncontainers:\n  a: { mode: bridged, network: lan }\n  b: { mode: bridged, network: lan, ip: 10.0.0.2 }\n',
  );
  for (const last of [0, 1]) {
    const engine = new ModelEngine();
    apply(engine, file, (count) => (count - 1) * last);
    assert.equal([...engine.containers.values()].find(({ name }) => name === 'lab-b')?.endpoints[0]?.ipv4, '10.0.0.2');
  }
});

test('networks that choose their subnets come before those that take what is free', () => {
  const plan = planOn(
    new ModelEngine(),
    lab('networks: { free: , chosen: { bip: 10.0.0.1/24 } }\ncontainers: { a: { mode: closed } }'),
  );
  const after = Object.fromEntries(plan.actions.map((action) => [action.id, action.after]));
  assert.deepEqual(after['create network free'], ['create network chosen']);
  assert.deepEqual(after['create network chosen'], []);
});

test('on a network of the name that is another one than it was made on, a container is replaced', () => {
  const file = lab(`containers:\n${bridged('a')}`);
  const engine = new ModelEngine();
  apply(engine, file);
  const [network] = engine.networks.values();
  assert.ok(network !== undefined);
  engine.networks.delete(network.id);
  engine.networks.set('another', { ...network, id: 'another' });
  const step = planOn(engine, file).steps.find(({ key }) => key === 'a');
  assert.deepEqual([step?.do, step?.reasons[0]?.code], ['replace', 'network_replaced']);
});

/** What stands in the way: what it is, what the engine holds beside, the file, and the words. */
const inTheWay: [what: string, put: (engine: ModelEngine) => void, file: string, code: string, words: RegExp][] = [
  [
    'a container of the name',
    (engine) => engine.containers.set('x', containerFacts('lab-web')),
    `containers:\n${bridged('web')}`,
    'name_taken',
    /The container "web" would be called "lab-web", and a container of that name exists that belongs to no lab/,
  ],
  [
    "another lab's, whose names meet ours",
    (engine) =>
      engine.containers.set(
        'x',
        containerFacts('lab-a-web', { labels: { [label.managed]: 'true', [label.lab]: 'lab-a' } }),
      ),
    `containers:\n${bridged('a-web')}`,
    'name_taken',
    /"lab-a-web", and the lab "lab-a" has a container of that name.*Name one of them otherwise/,
  ],
  [
    'the network of containers that were made under the lab by hand',
    (engine) =>
      engine.networks.set('x', {
        name: 'lab-default',
        subnets: [],
        labels: { [label.managed]: 'true', [label.lab]: 'lab', [label.role]: 'lab-network' },
        id: 'x',
      } as never),
    `containers:\n${bridged('web')}`,
    'name_taken',
    /The network "default" would be called "lab-default", and a network of that name was made for containers that were created with "lab": "lab", by no file.*Remove those containers/,
  ],
  [
    'one that was made under the lab by hand',
    (engine) =>
      engine.containers.set(
        'x',
        containerFacts('lab-web', { labels: { [label.managed]: 'true', [label.lab]: 'lab' } }),
      ),
    `containers:\n${bridged('web')}`,
    'name_taken',
    /"lab-web", and a container of that name was created with "lab": "lab", by no file.*Remove it/,
  ],
  [
    'a port of the host',
    (engine) =>
      engine.containers.set(
        'x',
        containerFacts('nginx', { ports: [{ containerPort: 80, protocol: 'tcp', hostIp: '0.0.0.0', hostPort: 8080 }] }),
      ),
    'containers:\n  web: { mode: open, ports: ["8080:80"] }',
    'port_in_use',
    /port 8080 of the host, which the container "nginx" has/,
  ],
  [
    'a subnet',
    (engine) =>
      engine.networks.set('x', {
        name: 'corp',
        subnets: [{ subnet: '10.0.0.0/8', gateway: '', ipRange: '' }],
        labels: {},
        id: 'x',
      } as never),
    'networks: { lan: { bip: 10.4.0.1/24 } }\ncontainers: { a: { mode: bridged, network: lan } }',
    'address_in_use',
    /10.4.0.0\/24 of the network "lan" overlaps with 10.0.0.0\/8 of the network "corp"/,
  ],
  [
    'an external network that is not there',
    () => {},
    'networks: { corp: { external: true } }\ncontainers: { a: { mode: bridged, network: corp } }',
    'network_not_found',
    /"corp"/,
  ],
];

for (const [what, put, text, code, words] of inTheWay) {
  test(`told before anything is made: ${what}`, () => {
    const engine = new ModelEngine();
    put(engine);
    const [conflict, more] = planOn(engine, lab(text)).conflicts;
    assert.equal(more, undefined);
    assert.equal(conflict?.code, code);
    assert.match(`${conflict?.message} ${conflict?.hint}`, words);
  });
}

test('a network that somebody else is on is not taken from under them', () => {
  const before = lab(`networks: { lan: }\ncontainers: { a: { mode: bridged, network: lan } }`);
  const engine = new ModelEngine();
  apply(engine, before);
  const network = [...engine.networks.values()][0];
  engine.containers.set(
    'guest',
    containerFacts('guest', { endpoints: [endpointFacts({ network: 'lab-lan', networkId: network?.id ?? '' })] }),
  );
  const plan = planOn(
    engine,
    lab(`networks: { lan: { internal: true } }\ncontainers: { a: { mode: bridged, network: lan } }`),
  );
  assert.equal(plan.conflicts[0]?.code, 'state_conflict');
  assert.match(plan.conflicts[0]?.message ?? '', /"guest".*is on it/);
});

test('instances are the same lab many times, each with its own networks and names', () => {
  const file = lab(`containers:\n  web: { mode: open, ports: [80] }\n${joined('j', 'web')}`);
  const engine = new ModelEngine();
  const desired = desire(file, { instances: 30 });
  engine.apply(planLab({ desired, engines: [engine.observed] }), desired, () => 0);
  assert.equal(engine.containers.size, 60);
  assert.equal(engine.networks.size, 30);
  const names = [...engine.containers.values()].map(({ name }) => name);
  assert.ok(names.includes('lab-1-web') && names.includes('lab-30-j'));
  const fewer = desire(file, { instances: 29 });
  const plan = planLab({ desired: fewer, engines: [engine.observed] });
  assert.deepEqual(
    plan.steps
      .filter((step) => step.do !== 'keep')
      .map(({ do: verb, key }) => `${verb} ${key}`)
      .sort(),
    ['remove 30/default', 'remove 30/j', 'remove 30/web'],
  );
});

test('what can be had once is refused for many, and by name', () => {
  const identity = identifyLab('lab', { instances: 2 });
  const cases: [text: string, field: string, words: RegExp][] = [
    [
      'networks: { lan: { bip: 10.0.0.1/24 } }\ncontainers: { a: { mode: closed } }',
      'networks.lan.bip',
      /2 instances cannot share the subnet/,
    ],
    ['containers: { a: { mode: open, ports: [80, "8080:80"] } }', 'containers.a.ports[1]', /cannot share port 8080/],
  ];
  for (const [text, field, words] of cases) {
    assert.throws(
      () => refuseShared(lab(text), identity),
      (error) => error instanceof Failure && error.field === field && words.test(error.message),
    );
    refuseShared(lab(text), identifyLab('lab', {}));
    refuseShared(lab(text), identifyLab('lab', { instances: 1 }));
  }
  assert.throws(
    () => refuseShared(lab('containers: { a: { mode: closed } }'), identifyLab('lab', { instances: 101 })),
    Failure,
  );
});

test('for somebody, a lab is one of its own', () => {
  assert.deepEqual(identifyLab('lesson', { as: 'alice' }), { lab: 'lesson.alice', instances: null });
  assert.throws(() => identifyLab('lesson', { as: 'alice', instances: 2 }), Failure);
  assert.throws(() => identifyLab('x'.repeat(60), { as: 'alice' }), Failure);
  assert.ok(isNamedFor('lesson', 'lesson.alice') && isNamedFor(undefined, 'lesson') && !isNamedFor('other', 'lesson'));
  const [one, other] = ['lesson.alice', 'lesson.bob'].map((name) =>
    desire(lab(`containers:\n${bridged('web')}`), { lab: name }),
  );
  assert.notEqual(one?.containers[0]?.name, other?.containers[0]?.name);
});

test('a lab of a thousand containers is planned at once', () => {
  const containers = Object.fromEntries(
    Array.from({ length: 1_000 }, (_, i) => [
      `c${i}`,
      i % 3 === 2
        ? { mode: 'joined' as const, target: `c${i - 1}` }
        : {
            mode: 'open' as const,
            network: `n${i % 50}`,
            ports: [`${10_000 + i}:80`],
            after: i < 3 ? [] : [`c${i - 3}`],
          },
    ]),
  );
  const file: LabFile = {
    networks: Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`n${i}`, null])),
    containers,
  };
  const engine = new ModelEngine();
  const desired = desire(file);
  const plan = planLab({ desired, engines: [engine.observed] });
  assert.equal(plan.actions.length, 1_050);
  assert.deepEqual(plan.conflicts, []);
});

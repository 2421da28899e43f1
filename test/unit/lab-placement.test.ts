// Labs over several engines, by properties over generated pairs of labs on models of three engines that are one Swarm, and by what is refused with its
// line and column.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { type DesiredLab, describeDesired } from '../../src/domain/lab/desired-lab.ts';
import { judgePlacement, parseLabFile } from '../../src/domain/lab/lab-file.ts';
import { identifyLab } from '../../src/domain/lab/lab-identity.ts';
import { type PlacedEngine, placeLab } from '../../src/domain/lab/lab-placement.ts';
import type { LabPlan } from '../../src/domain/lab/lab-plan.ts';
import { isEmptyPlan, planLab } from '../../src/domain/lab/lab-planner.ts';
import type { JudgedEngine } from '../../src/domain/lab/placement-rules.ts';
import { label } from '../../src/domain/labels.ts';
import { Failure } from '../../src/schemas/failure.ts';
import type { LabFile } from '../../src/schemas/lab.ts';
import { containerFacts } from '../support/container-facts.ts';
import fc from '../support/fast-check.ts';
import { type Choose, carryOutPlan, ModelEngine, ModelSwarm } from '../support/model-engine.ts';
import { spreadEngines, spreadLabFile } from '../support/spread-labs.ts';

const digest = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16);
const bounds = {
  numRuns: process.env.TERRARIUM_SWEEP === undefined ? 200 : 5_000,
  endOnFailure: true,
  includeErrorInReport: true,
};
const [home] = spreadEngines;
const known: readonly JudgedEngine[] = spreadEngines.map((name) => ({
  name,
  id: `id of ${name}`,
  swarm: 'swarm',
  isManager: name === home,
  isLive: true,
}));

/** The engines, with nothing on them. */
function world(): ModelEngine[] {
  const swarm = new ModelSwarm();
  return spreadEngines.map((name) => new ModelEngine(name, { swarm, home }));
}

function desire(file: LabFile): DesiredLab {
  return describeDesired(file, { identity: identifyLab('lab', {}), placement: placeLab(file, home, known), digest });
}

function planOn(engines: readonly ModelEngine[], file: LabFile, before?: LabFile): LabPlan {
  return planLab({
    desired: desire(file),
    engines: engines.map(({ observed }) => observed),
    previous: before === undefined ? null : desire(before),
  });
}

function apply(engines: readonly ModelEngine[], file: LabFile, choose: Choose = () => 0, before?: LabFile) {
  return carryOutPlan(planOn(engines, file, before), desire(file), engines, choose);
}

const summarize = (engines: readonly ModelEngine[]) => engines.map(({ name, summary }) => [name, summary]);

function fresh(file: LabFile): unknown {
  const engines = world();
  apply(engines, file);
  return summarize(engines);
}

const choices = fc.array(fc.nat(1_000), { minLength: 40, maxLength: 40 });
function chooser(numbers: readonly number[]): Choose {
  let at = 0;
  return (count) => {
    at += 1;
    return (numbers[at % numbers.length] ?? 0) % Math.max(1, count);
  };
}

test('generated labs are labs, and can be where they are put', () => {
  let spread = 0;
  fc.assert(
    fc.property(spreadLabFile, (file) => {
      const text = JSON.stringify(file);
      assert.deepEqual(parseLabFile(text), file);
      const placement = placeLab(file, home, known);
      judgePlacement(text, file, placement, known);
      if (placement.engines.length > 1) spread += 1;
    }),
    bounds,
  );
  assert.ok(spread > bounds.numRuns / 4, `${spread} of ${bounds.numRuns} are on several engines`);
});

test('A and then B is B on empty engines, and then there is nothing to do', () => {
  fc.assert(
    fc.property(spreadLabFile, spreadLabFile, choices, (a, b, numbers) => {
      const choose = chooser(numbers);
      const engines = world();
      apply(engines, a, choose);
      assert.deepEqual(summarize(engines), fresh(a));
      apply(engines, b, choose, a);
      assert.deepEqual(summarize(engines), fresh(b));
      const plan = planOn(engines, b);
      assert.ok(isEmptyPlan(plan));
      assert.deepEqual([plan.actions, plan.conflicts], [[], []]);
    }),
    bounds,
  );
});

test('whatever a server that was killed had done of a plan, one apply converges', () => {
  fc.assert(
    fc.property(spreadLabFile, spreadLabFile, fc.nat(30), choices, (a, b, cut, numbers) => {
      const choose = chooser(numbers);
      const engines = world();
      apply(engines, a);
      const plan = planOn(engines, b, a);
      const begun = new Set<string>();
      for (const action of plan.actions) {
        if (begun.size < cut && action.after.every((id) => begun.has(id))) begun.add(action.id);
      }
      const done = plan.actions.filter(({ id }) => begun.has(id));
      carryOutPlan({ ...plan, actions: done }, desire(b), engines, choose);
      apply(engines, b, choose);
      assert.deepEqual(summarize(engines), fresh(b));
      assert.ok(isEmptyPlan(planOn(engines, b)));
    }),
    bounds,
  );
});

test('each action is for the engine that its step names', () => {
  fc.assert(
    fc.property(spreadLabFile, spreadLabFile, (a, b) => {
      const engines = world();
      apply(engines, a);
      const { steps, actions } = planOn(engines, b, a);
      for (const action of actions) {
        const step = steps.find(({ kind, key }) => kind === action.kind && key === action.key);
        assert.equal(action.engine, action.do === 'remove' ? (step?.from ?? step?.engine) : step?.engine, action.id);
      }
    }),
    bounds,
  );
});

const twoNodes = `networks:
  wide: { driver: overlay }
containers:
  web: { mode: bridged, network: wide }
  far: { mode: bridged, network: wide, engine: right }
  mate: { mode: joined, target: far }
`;

test('an overlay is made on the manager, before what is on it on any engine', () => {
  const plan = planOn(world(), parseLabFile(twoNodes));
  assert.deepEqual(
    plan.actions.map(({ id, engine, after }) => [id, engine, after]),
    [
      ['create network wide', 'left', []],
      ['create container web', 'left', ['create network wide']],
      ['create container far', 'right', ['create network wide']],
      ['create container mate', 'right', ['create container far']],
    ],
  );
});

test('what moves is removed where it was and made where it is to be, and what is joined to it follows', () => {
  const engines = world();
  const before = parseLabFile(twoNodes);
  apply(engines, before);
  const plan = planOn(engines, parseLabFile(twoNodes.replace('engine: right', 'engine: third')), before);
  assert.deepEqual(
    plan.steps.map(({ do: verb, key, engine, from, reasons }) => [
      verb,
      key,
      engine,
      from,
      reasons.map(({ code }) => code),
    ]),
    [
      ['keep', 'wide', 'left', null, []],
      ['keep', 'web', 'left', null, []],
      ['replace', 'far', 'third', 'right', ['moved']],
      ['replace', 'mate', 'third', 'right', ['moved', 'target_replaced']],
    ],
  );
  assert.deepEqual(
    plan.actions.map(({ id, engine }) => `${id.split(' ').slice(0, 2).join(' ')} ${engine}`),
    ['remove container right', 'remove container right', 'create container third', 'create container third'],
  );
});

test('the same lab of another home is nobody of ours, and in the way by its names', () => {
  const engines = world();
  const right = engines[1];
  right?.containers.set(
    'x',
    containerFacts('lab-far', {
      labels: { [label.managed]: 'true', [label.lab]: 'lab', [label.item]: 'far', [label.home]: 'id of third' },
    }),
  );
  right?.containers.set(
    'y',
    containerFacts('lab-old', {
      labels: { [label.managed]: 'true', [label.lab]: 'lab', [label.item]: 'old' },
    }),
  );
  const { conflicts, steps } = planOn(engines, parseLabFile(twoNodes));
  assert.deepEqual(
    steps.filter((step) => step.do === 'remove'),
    [],
    'the lab of the engine right has a member of its own',
  );
  assert.deepEqual(
    conflicts.map(({ code }) => code),
    ['name_taken'],
  );
  assert.match(
    conflicts[0]?.message ?? '',
    /the lab of the same name of the engine third has a container of that name on the engine right/,
  );
});

test('a port or a subnet of one engine is nothing to another', () => {
  const engines = world();
  engines[1]?.containers.set(
    'x',
    containerFacts('nginx', { ports: [{ containerPort: 80, protocol: 'tcp', hostIp: '0.0.0.0', hostPort: 8080 }] }),
  );
  const file = (engine: string) =>
    parseLabFile(`containers: { web: { mode: open, network: bridge, engine: ${engine}, ports: ["8080:80"] } }`);
  assert.deepEqual(planOn(engines, file('third')).conflicts, []);
  assert.equal(planOn(engines, file('right')).conflicts[0]?.code, 'port_in_use');
});

const alone = (name: string): JudgedEngine => ({ name, id: name, swarm: null, isManager: false, isLive: true });
const worker = (name: string): JudgedEngine => ({ ...alone(name), swarm: 'one' });

/** What cannot be: the file, the engines, where it is wrong, and the words. */
const refused: [
  what: string,
  text: string,
  engines: readonly JudgedEngine[],
  place: [number, number],
  words: RegExp,
][] = [
  [
    'an engine that nobody knows',
    'containers:\n  a: { mode: closed, engine: rigth }\n',
    known,
    [2, 30],
    /There is no engine "rigth".*Did you mean "right"\? Known engines: left, right, third\./,
  ],
  [
    'a bridge of another engine',
    'networks:\n  lan:\ncontainers:\n  a: { mode: bridged, engine: right, network: lan }\n',
    known,
    [4, 47],
    /"a" is on the engine right, and the network "lan" is a bridge of the engine left.*make it an overlay/,
  ],
  [
    "the lab's own bridge, from another engine",
    'containers:\n  a: { mode: bridged, engine: right }\n',
    known,
    [2, 6],
    /the network "default" is a bridge of the engine left.*list default among the networks with driver: overlay/,
  ],
  [
    'a bridge that says its engine',
    'networks: { lan: { engine: third } }\ncontainers:\n  a: { mode: bridged, network: lan }\n',
    known,
    [3, 32],
    /"a" is on the engine left, and the network "lan" is a bridge of the engine third/,
  ],
  [
    'a target on another engine',
    'containers:\n  a: { mode: closed, engine: right }\n  b: { mode: joined, engine: left, target: a }\n',
    known,
    [3, 44],
    /"b" is on the engine left, and its target "a" on right: two machines share no namespace.*Leave out engine/,
  ],
  [
    'an overlay on engines of no Swarm',
    'networks:\n  wide: { driver: overlay }\ncontainers:\n  a: { mode: bridged, network: wide }\n  b: { mode: bridged, network: wide, engine: right }\n',
    [alone('left'), alone('right')],
    [2, 19],
    /"wide" is an overlay, and the engine left is in no Swarm.*docker swarm init/,
  ],
  [
    'an overlay on engines of two Swarms',
    'networks:\n  wide: { driver: overlay }\ncontainers:\n  a: { mode: bridged, network: wide }\n  b: { mode: bridged, network: wide, engine: right }\n',
    [
      { ...worker('left'), isManager: true },
      { ...worker('right'), swarm: 'two' },
    ],
    [2, 19],
    /the engines left and right are in no common Swarm/,
  ],
  [
    'an overlay that no manager that is known can make',
    'networks:\n  wide: { driver: overlay }\ncontainers:\n  a: { mode: bridged, network: wide }\n',
    [worker('left'), worker('right')],
    [2, 19],
    /the engine left is no manager of its Swarm.*let this server know one/,
  ],
  [
    'an overlay that is to be made on a worker',
    'networks:\n  wide: { driver: overlay, engine: right }\ncontainers:\n  a: { mode: bridged, network: wide }\n',
    known,
    [2, 36],
    /the engine right is no manager of its Swarm.*name one, or leave out engine/,
  ],
  [
    'one engine under two names',
    'containers:\n  a: { mode: closed, engine: right }\n',
    [alone('left'), { ...alone('right'), id: 'left' }],
    [2, 3],
    /The engines left and right say that they are one/,
  ],
  [
    'a port of one host, told to be its in two ways',
    'containers:\n  a: { mode: open, network: bridge, ports: ["80:80"] }\n  b: { mode: open, network: bridge, engine: left, ports: ["80:80"] }\n  c: { mode: closed, engine: right }\n',
    known,
    [3, 58],
    /"a" and "b" both publish port 80 of the host/,
  ],
];

for (const [what, text, engines, [line, column], words] of refused) {
  test(`refused, with its place: ${what}`, () => {
    const file = parseLabFile(text);
    const placement = placeLab(file, home, engines);
    assert.throws(
      () => judgePlacement(text, file, placement, engines),
      (error) => {
        assert.ok(error instanceof Failure && error.code === 'invalid_request');
        assert.match(`${error.message} ${error.hint}`, words);
        assert.match(error.message, new RegExp(`^Line ${line}, column ${column}: `));
        return true;
      },
    );
  });
}

test('what an engine that is away would say of its Swarm is not judged', () => {
  const text =
    'networks: { wide: { driver: overlay } }\ncontainers: { a: { mode: bridged, network: wide, engine: right } }';
  const file = parseLabFile(text);
  const away = [{ ...alone('left') }, { ...alone('right'), isLive: false }];
  judgePlacement(text, file, placeLab(file, home, away), away);
});

test('the same port on two hosts, and one address on one overlay, are what they are', () => {
  const text =
    'containers:\n  a: { mode: open, network: bridge, ports: ["80:80"] }\n  b: { mode: open, network: bridge, engine: right, ports: ["80:80"] }\n';
  judgePlacement(text, parseLabFile(text), placeLab(parseLabFile(text), home, known), known);
  assert.deepEqual(planOn(world(), parseLabFile(text)).conflicts, []);
  assert.throws(
    () =>
      parseLabFile(
        'networks: { wide: { driver: overlay, bip: 10.0.0.1/24 } }\ncontainers:\n  a: { mode: bridged, network: wide, ip: 10.0.0.5 }\n  b: { mode: bridged, network: wide, engine: right, ip: 10.0.0.5 }\n',
      ),
    /"a" has the address 10.0.0.5 already/,
  );
});

test('a manager is chosen that the Swarm of the containers has', () => {
  const file = parseLabFile(
    'networks: { wide: { driver: overlay } }\ncontainers: { a: { mode: bridged, network: wide, engine: right } }',
  );
  const make = (...engines: PlacedEngine[]) => placeLab(file, home, engines).ofNetwork('wide');
  const left = { name: 'left', swarm: 'one', isManager: true };
  const right = { name: 'right', swarm: 'one', isManager: false };
  const third = { name: 'third', swarm: 'one', isManager: true };
  assert.equal(make(left, right, third), 'left');
  assert.equal(make({ ...left, isManager: false }, right, third), 'third', 'also one that has none of its containers');
  assert.equal(make({ ...left, swarm: 'two' }, right, third), 'third');
  assert.equal(make(left, { ...right, isManager: true }, third), 'left');
  assert.equal(
    make({ ...left, swarm: null, isManager: false }, right),
    'left',
    'where there is none, the rules say so',
  );
});

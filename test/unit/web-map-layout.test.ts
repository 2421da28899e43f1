// Places and ways of the map: nothing overlaps, nothing jumps, and no line crosses a box.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Container } from '../../src/client/index.ts';
import { countColumns, placeCells, placeSlots } from '../../web/src/views/map/cells.ts';
import type { Edge, End } from '../../web/src/views/map/connections.ts';
import { placeLabels } from '../../web/src/views/map/labels.ts';
import { type Layout, layoutMap, type Memory, noMemory, type Rect } from '../../web/src/views/map/layout.ts';
import { buildMap, type MapModel } from '../../web/src/views/map/model.ts';
import { findNearest } from '../../web/src/views/map/nearest.ts';
import { drawPath, type Point, routeEdge, routeLeg, routePublication } from '../../web/src/views/map/routes.ts';
import fc from '../support/fast-check.ts';
import { attach, makeContainer, makeEngine, makeJoined, makeNetwork } from '../support/made-map.ts';

/** What is on each engine: for each network the number of members of each of its boxes. */
interface Plan {
  readonly networks: readonly (readonly number[])[];
  readonly apart: number;
  readonly ports: number;
  readonly both: boolean;
}

const plans = fc.array(
  fc.record({
    networks: fc.array(fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 9 }), { maxLength: 5 }),
    apart: fc.integer({ min: 0, max: 3 }),
    ports: fc.integer({ min: 0, max: 14 }),
    both: fc.boolean(),
  }),
  { minLength: 1, maxLength: 2 },
);
const widths = fc.integer({ min: 300, max: 2_400 });

function makeModel(hosts: readonly Plan[]): MapModel {
  const engines = hosts.map((_, index) => makeEngine(`e${index}`));
  const networks = hosts.flatMap((plan, host) =>
    plan.networks.map((_, net) => ({
      ...makeNetwork(`n${net}`, `10.${net}.0`, { engine: `e${host}` }),
      id: `${host}-n${net}`,
    })),
  );
  const containers = hosts.flatMap((plan, host) => {
    const engine = `e${host}`;
    const made: Container[] = [];
    plan.networks.forEach((boxes, net) => {
      boxes.forEach((members, index) => {
        const id = `${host}-${net}-${index}`;
        const second =
          plan.both && net > 0 ? [attach('n0', `10.0.0.${100 + net * 10 + index}`, { gateway: null })] : [];
        const owner = makeContainer(`c${net}-${index}`, {
          id,
          engine,
          networks: [attach(`n${net}`, `10.${net}.0.${index + 2}`), ...second],
          ports:
            net === 0 && index === 0
              ? Array.from({ length: plan.ports }, (_, port) => ({
                  containerPort: 80 + port,
                  hostPort: 8000 + port,
                  hostIp: '0.0.0.0',
                  protocol: 'tcp' as const,
                }))
              : [],
        });
        made.push(owner);
        for (let more = 1; more < members; more += 1)
          made.push(makeJoined(`j${net}-${index}-${more}`, owner, { id: `${id}-${more}`, engine }));
      });
    });
    for (let index = 0; index < plan.apart; index += 1)
      made.push(makeContainer(`shut${index}`, { id: `${host}-shut${index}`, engine, effective: 'closed' }));
    return made;
  });
  return buildMap({ engines, containers, networks }, { withOthers: true, lab: null, engine: null });
}

const place = (model: MapModel, width: number, addresses: readonly string[] = [], memory: Memory = noMemory) =>
  layoutMap(model, addresses, width, memory);

const overlaps = (one: Rect, other: Rect) =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height;
const holds = (outer: Rect, inner: Rect) =>
  inner.x >= outer.x &&
  inner.y >= outer.y &&
  inner.x + inner.width <= outer.x + outer.width &&
  inner.y + inner.height <= outer.y + outer.height;

function assertApart(rects: readonly (readonly [string, Rect])[]): void {
  rects.forEach(([name, rect], index) => {
    for (const [other, place] of rects.slice(index + 1))
      assert.ok(
        !overlaps(rect, place),
        `${name} ${JSON.stringify(rect)} and ${other} ${JSON.stringify(place)} overlap`,
      );
  });
}

test('boxes are inside their groups, groups inside their hosts, and nothing overlaps', () => {
  fc.assert(
    fc.property(plans, widths, fc.uniqueArray(fc.ipV4(), { maxLength: 30 }), (hosts, width, addresses) => {
      const { layout } = place(makeModel(hosts), width, addresses);
      assertApart([...layout.boxes]);
      assertApart([...layout.groups]);
      assertApart([...layout.hosts]);
      assertApart([...layout.ports]);
      assertApart([...layout.addresses, ...(layout.rest === null ? [] : [['rest', layout.rest] as const])]);
      for (const [key, box] of layout.boxes) assert.ok(holds(layout.groups.get(box.group) as Rect, box), key);
      for (const [key, group] of layout.groups) {
        assert.ok(holds(layout.hosts.get(group.host) as Rect, group), key);
        for (const [name, port] of layout.ports) assert.ok(!overlaps(group, port), `${key} and ${name}`);
      }
      for (const host of layout.hosts.values()) assert.ok(host.y + host.height <= layout.height);
      for (const address of layout.addresses.values()) assert.ok(holds(layout.outside, address));
      assert.equal(layout.addresses.size === addresses.length, layout.rest === null);
    }),
    { numRuns: 200 },
  );
});

test('the same is placed the same, and a look at it again moves nothing', () => {
  fc.assert(
    fc.property(plans, widths, (hosts, width) => {
      const first = place(makeModel(hosts), width);
      assert.deepEqual(place(makeModel(hosts), width).layout, first.layout);
      assert.deepEqual(place(makeModel(hosts), width, [], first.memory).layout, first.layout);
    }),
    { numRuns: 100 },
  );
});

test('whoever stays keeps the cell when others come or go', () => {
  const keys = fc.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { maxLength: 20 });
  fc.assert(
    fc.property(keys, keys, fc.integer({ min: 1, max: 6 }), (before, after, columns) => {
      const first = placeCells(before, columns, new Map());
      const second = placeCells(after, columns, first);
      for (const [key, cell] of second) {
        if (first.has(key)) assert.deepEqual(cell, first.get(key), key);
        assert.ok(cell.column < columns);
      }
      const names = [...second.values()].map(({ column, row }) => `${column} ${row}`);
      assert.equal(new Set(names).size, after.length, 'two in one cell');
    }),
  );
});

test('a container that goes leaves the others where they are, and its place to the next', () => {
  const model = (names: string[]) =>
    buildMap(
      {
        engines: [makeEngine()],
        networks: [makeNetwork('lan', '10.1.0')],
        containers: names.map((name, index) =>
          makeContainer(name, { networks: [attach('lan', `10.1.0.${index + 2}`)] }),
        ),
      },
      { withOthers: true, lab: null, engine: null },
    );
  const where = ({ boxes }: Layout, name: string) => {
    const { x, y } = boxes.get(`local~id-${name}`) as Rect;
    return { x, y };
  };
  const first = place(model(['a', 'b', 'c', 'd', 'e']), 1_300);
  const second = place(model(['a', 'c', 'd', 'e']), 1_300, [], first.memory);
  for (const name of ['a', 'c', 'd', 'e'])
    assert.deepEqual(where(second.layout, name), where(first.layout, name), name);
  const third = place(model(['a', 'c', 'd', 'e', 'new']), 1_300, [], second.memory);
  assert.deepEqual(where(third.layout, 'new'), where(first.layout, 'b'));
  for (const name of ['a', 'c', 'd', 'e']) assert.deepEqual(where(third.layout, name), where(first.layout, name), name);
});

test('columns: a row up to four, then wider than high, never more than there are', () => {
  assert.deepEqual(
    [0, 1, 2, 4, 5, 12, 100].map((boxes) => countColumns(boxes, 6)),
    [1, 1, 2, 4, 4, 5, 6],
  );
  assert.deepEqual(
    placeSlots(['b', 'c'], new Map([['b', 3]])),
    new Map([
      ['b', 3],
      ['c', 0],
    ]),
  );
});

/** Every end of a layout, and edges between any two of them. */
function listEdges(model: MapModel): readonly Edge[] {
  return model.hosts.flatMap(({ engine, ports, groups }) => {
    const ends: End[] = [
      { kind: 'host', engine },
      { kind: 'outside', address: '203.0.113.9' },
      ...groups.flatMap(({ boxes }) => boxes.map(({ key }) => ({ kind: 'box' as const, key }))),
    ];
    const edge = (from: End, to: End, through: string | null): Edge => ({
      key: `${JSON.stringify([from, to, through])}`,
      engine,
      from,
      to,
      through,
      protocol: 'tcp',
      port: 80,
      count: 1,
      isOpening: false,
    });
    const between = ends.flatMap((from) =>
      ends.filter((to) => to !== from && (from.kind === 'box' || to.kind === 'box')).map((to) => edge(from, to, null)),
    );
    const published = ports.flatMap((port) => ends.map((from) => edge(from, { kind: 'box', key: port.box }, port.key)));
    return [...between, ...published];
  });
}

/** Fails where a way leaves the right angle, or goes through a box. */
function assertWay(way: readonly Point[], layout: Layout, what: string): void {
  way.slice(1).forEach((end, index) => {
    const start = way[index] as Point;
    assert.ok(start.x === end.x || start.y === end.y, `${what}: ${JSON.stringify(way)} is not level or upright`);
    const part: Rect = {
      x: Math.min(start.x, end.x),
      y: Math.min(start.y, end.y),
      width: Math.abs(start.x - end.x),
      height: Math.abs(start.y - end.y),
    };
    for (const [key, box] of layout.boxes) {
      const inner = { x: box.x + 0.5, y: box.y + 0.5, width: box.width - 1, height: box.height - 1 };
      assert.ok(!overlaps(part, inner), `${what} goes through ${key}`);
    }
  });
}

test('every connection that there can be has a way, at right angles, around all boxes', () => {
  fc.assert(
    fc.property(plans, widths, (hosts, width) => {
      const model = makeModel(hosts);
      const { layout } = place(model, width, ['203.0.113.9']);
      for (const edge of listEdges(model)) {
        const way = routeEdge(edge, layout);
        assert.ok(way !== null, edge.key);
        assertWay(way, layout, edge.key);
        assert.match(drawPath(way), /^M[-\d. ]+(L|Q)/);
      }
      for (const { groups, ports } of model.hosts) {
        for (const port of ports) {
          const box = layout.boxes.get(port.box);
          const way = box === undefined ? null : routePublication(port.key, box, layout);
          assert.ok(way !== null);
          assertWay(way, layout, port.key);
        }
        for (const box of layout.boxes.values())
          for (const { key } of groups) {
            const target = layout.groups.get(key);
            if (target === undefined || target.host !== layout.groups.get(box.group)?.host) continue;
            const way = routeLeg(box, target, layout);
            assert.ok(way !== null);
            assertWay(way, layout, `leg to ${key}`);
          }
      }
    }),
    { numRuns: 60 },
  );
});

test('words of edges do not cover each other', () => {
  const ways = new Map(
    Array.from({ length: 8 }, (_, index): [string, Point[]] => [
      `e${index}`,
      [
        { x: 0, y: index * 9 },
        { x: 300 + index, y: index * 9 },
      ],
    ]),
  );
  const places = [...placeLabels(ways).values()];
  assert.ok(places.length >= 4);
  places.forEach((one, index) => {
    for (const other of places.slice(index + 1))
      assert.ok(Math.abs(one.x - other.x) >= 116 || Math.abs(one.y - other.y) >= 17);
  });
});

test('arrow keys lead to the nearest box in their direction', () => {
  const at = (x: number, y: number): Rect => ({ x, y, width: 10, height: 10 });
  const places = new Map([
    ['a', at(0, 0)],
    ['b', at(100, 0)],
    ['c', at(0, 100)],
    ['d', at(100, 110)],
  ]);
  assert.equal(findNearest('a', 'right', places), 'b');
  assert.equal(findNearest('a', 'down', places), 'c');
  assert.equal(findNearest('d', 'up', places), 'b');
  assert.equal(findNearest('d', 'left', places), 'c');
  assert.equal(findNearest('a', 'left', places), undefined);
  assert.equal(findNearest('nobody', 'left', places), undefined);
});

// The signals of one open map: its model, its places, its edges. Each box, group and edge is a signal of its own, so that data that comes draws only what
// it changes.
import { computed, effect, type ReadonlySignal, type Signal, signal, untracked } from '@preact/signals';
import { Collection } from '../../store/collection.ts';
import { saysTheSame } from '../../store/same.ts';
import { store } from '../../store/store.ts';
import { type Edge, findEdges, type ObservedHost } from './connections.ts';
import { Feed, isKnown, type Witness } from './feed.ts';
import { placeLabels } from './labels.ts';
import { type Layout, layoutMap, noMemory } from './layout.ts';
import { type Box, buildMap, type Group, type HostPort, type MapFilter, type MapModel } from './model.ts';
import { type Point, routeEdge } from './routes.ts';

const nothing: MapModel = { hosts: [], count: 0 };

export class MapState {
  readonly filter: Signal<MapFilter>;
  /** Units that there are from left to right. */
  readonly available = signal(1_200);
  readonly model: ReadonlySignal<MapModel>;
  readonly layout: ReadonlySignal<Layout>;
  readonly edges = new Collection<Edge>(({ key }) => key);
  readonly boxes = new Collection<Box>(({ key }) => key);
  readonly groups = new Collection<Group>(({ key }) => key);
  readonly ports = new Collection<HostPort>(({ key }) => key);
  readonly feed: Feed;
  /** What the pointer or the focus is on: a box, a port or an edge, by its key. */
  readonly pointed = signal<string | null>(null);
  readonly #ends: readonly (() => void)[];

  constructor(filter: MapFilter) {
    this.filter = signal(filter);
    this.model = keepSame(() =>
      // Containers without their networks would stand apart for a moment, and leave their places behind them.
      !isKnown()
        ? nothing
        : buildMap(
            {
              engines: store.engines.all.value,
              containers: store.containers.all.value,
              networks: store.networks.all.value,
            },
            this.filter.value,
          ),
    );
    const witnesses = keepSame<readonly Witness[]>(() =>
      this.model.value.hosts
        .flatMap(({ groups }) => groups)
        .flatMap(({ boxes }) => boxes)
        .flatMap(({ engine, members, witness }) => {
          const found = members.find(({ id }) => id === witness);
          return found === undefined ? [] : [{ container: found.id, engine, lab: found.managed ? found.lab : null }];
        }),
    );
    this.feed = new Feed(witnesses);

    const outside = keepSame<readonly string[]>(() => {
      const found = this.edges.all.value.flatMap(({ from, to }) =>
        [from, to].flatMap((end) => (end.kind === 'outside' ? [end.address] : [])),
      );
      return [...new Set(found)].sort();
    });
    let memory = noMemory;
    let arranged: MapFilter | null = null;
    this.layout = keepSame(() => {
      // Something else is looked at: whoever is not shown any more keeps no place free.
      if (arranged !== this.filter.value) memory = noMemory;
      arranged = this.filter.value;
      const result = layoutMap(this.model.value, outside.value, this.available.value, memory);
      memory = result.memory;
      return result.layout;
    });
    this.#ends = [
      effect(() => {
        const groups = this.model.value.hosts.flatMap((host) => host.groups);
        this.groups.replace(groups);
        this.boxes.replace(groups.flatMap(({ boxes }) => boxes));
        this.ports.replace(this.model.value.hosts.flatMap(({ ports }) => ports));
      }),
      effect(() => {
        const edges = this.#observed.value.flatMap(findEdges);
        untracked(() => this.edges.replace(edges));
      }),
    ];
  }

  /** The ways of all edges that have one. */
  readonly ways: ReadonlySignal<ReadonlyMap<string, readonly Point[]>> = computed(() => {
    const layout = this.layout.value;
    const found = this.edges.all.value.flatMap((edge) => {
      const way = routeEdge(edge, layout);
      return way === null ? [] : [[edge.key, way] as const];
    });
    return new Map(found);
  });
  readonly labels: ReadonlySignal<ReadonlyMap<string, Point>> = computed(() => placeLabels(this.ways.value));
  /** How many edges a box has. */
  readonly degrees: ReadonlySignal<ReadonlyMap<string, number>> = computed(() => {
    const degrees = new Map<string, number>();
    for (const { from, to } of this.edges.all.value)
      for (const end of [from, to]) if (end.kind === 'box') degrees.set(end.key, (degrees.get(end.key) ?? 0) + 1);
    return degrees;
  });

  end(): void {
    for (const end of this.#ends) end();
    this.feed.end();
  }

  readonly #observed: ReadonlySignal<readonly ObservedHost[]> = computed(() =>
    this.model.value.hosts.map(({ engine, ports, groups }) => ({
      engine,
      ports,
      addresses: groups.flatMap(({ network }) =>
        (network?.subnets ?? []).flatMap(({ bridge, gateway }) => [bridge, gateway].filter((one) => one !== null)),
      ),
      boxes: groups.flatMap(({ boxes }) =>
        boxes.map((box) => ({
          box,
          sockets: box.witness === null ? [] : (this.feed.get(box.witness).netstat.value?.data?.sockets ?? []),
        })),
      ),
    })),
  );
}

/** A computed signal whose value keeps its identity as long as it says the same. Maps are compared by their entries. */
function keepSame<Value>(compute: () => Value): ReadonlySignal<Value> {
  let last: Value | undefined;
  return computed(() => {
    const next = compute();
    if (last === undefined || !saysTheSame(plain(last), plain(next))) last = next;
    return last;
  });
}

function plain(value: unknown): unknown {
  if (value instanceof Map) return [...value].map(([key, one]) => [key, plain(one)]);
  if (Array.isArray(value) || typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, one instanceof Map ? plain(one) : one]));
}

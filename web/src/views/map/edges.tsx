// Connections as lines between boxes, under the boxes and over their bridges.
import { useComputed } from '@preact/signals';
import { formatRate } from '../../i18n/format.ts';
import type { Edge } from './connections.ts';
import { readRate, spellPort } from './naming.ts';
import { drawPath, routeLeg, routePublication } from './routes.ts';
import type { MapState } from './state.ts';

export function Edges({ state }: { state: MapState }) {
  const { width, height } = state.layout.value;
  return (
    <svg
      class="map-edges"
      viewBox={`0 0 ${width} ${height}`}
      style={{ width: `${width / 16}rem`, height: `${height / 16}rem` }}
      aria-hidden="true"
    >
      <defs>
        <marker
          id="map-arrow"
          viewBox="0 0 8 8"
          refX="7"
          refY="4"
          markerWidth="8"
          markerHeight="8"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0 0.5L7.5 4L0 7.5z" />
        </marker>
      </defs>
      <Publications state={state} />
      <Legs state={state} />
      {state.edges.keys.value.map((key) => (
        <EdgeLine key={key} state={state} name={key} />
      ))}
      {state.edges.keys.value.map((key) => (
        <EdgeLabel key={key} state={state} name={key} />
      ))}
    </svg>
  );
}

/** What could be used, whether or not anybody does. */
function Publications({ state }: { state: MapState }) {
  const layout = state.layout.value;
  return state.ports.all.value.map((port) => {
    const box = layout.boxes.get(port.box);
    const way = box === undefined ? null : routePublication(port.key, box, layout);
    if (way === null) return null;
    const isPointed = [port.key, port.box].includes(state.pointed.value ?? '');
    return <path key={port.key} class={`map-publication ${isPointed ? 'map-pointed' : ''}`} d={drawPath(way)} />;
  });
}

/** Boxes that are on more than one bridge. */
function Legs({ state }: { state: MapState }) {
  const layout = state.layout.value;
  const groups = state.groups.all.value;
  return state.boxes.all.value.flatMap((box) => {
    const place = layout.boxes.get(box.key);
    if (place === undefined) return [];
    return box.networks.flatMap(({ name }) => {
      const group = groups.find(({ engine, network }) => engine === box.engine && network?.name === name);
      const target = group === undefined ? undefined : layout.groups.get(group.key);
      if (group === undefined || target === undefined || group.key === place.group) return [];
      const way = routeLeg(place, target, layout);
      return way === null ? [] : <path key={`${box.key} ${name}`} class="map-leg" d={drawPath(way)} />;
    });
  });
}

function EdgeLine({ state, name }: { state: MapState; name: string }) {
  const path = useComputed(() => {
    const way = state.ways.value.get(name);
    return way === undefined ? null : drawPath(way);
  });
  const edge = state.edges.get(name);
  if (edge === undefined || path.value === null) return null;
  const standing = standingOf(edge, state.pointed.value);
  const kind =
    edge.through !== null ? 'published' : edge.from.kind === 'box' && edge.to.kind === 'box' ? 'inside' : 'plain';
  const point = () => {
    state.pointed.value = name;
  };
  return (
    <g
      class={`map-edge map-edge-${kind} ${edge.isOpening ? 'map-edge-opening' : ''} ${standing}`}
      data-edge={name}
      onPointerEnter={point}
      onPointerLeave={() => {
        if (state.pointed.peek() === name) state.pointed.value = null;
      }}
    >
      <path class="map-edge-reach" d={path.value} />
      <path
        class="map-edge-line"
        d={path.value}
        stroke-width={1.25 + Math.min(2, Math.log2(edge.count) / 2)}
        marker-end="url(#map-arrow)"
      />
    </g>
  );
}

function EdgeLabel({ state, name }: { state: MapState; name: string }) {
  const place = useComputed(() => state.labels.value.get(name));
  const edge = state.edges.get(name);
  if (edge === undefined || place.value === undefined) return null;
  const { x, y } = place.value;
  return (
    <text class={`map-edge-label ${standingOf(edge, state.pointed.value)}`} x={x} y={y + 3.5}>
      {spellPort(edge)}
      {edge.count > 1 && ` ×${edge.count}`}
      <Rate state={state} edge={edge} />
    </text>
  );
}

/** A part of its own: rates come every second, the line stays. */
function Rate({ state, edge }: { state: MapState; edge: Edge }) {
  const told = useComputed(() => {
    const rate = measureEdge(state, edge);
    return rate === null || rate.bytesPerSecond === 0
      ? ''
      : ` ${rate.isShared ? '≤' : ''}${formatRate(rate.bytesPerSecond)}`;
  });
  return <>{told}</>;
}

/** The rate over the interface that carries the edge alone, or else the least of those that carry it with others. */
export function measureEdge(
  state: MapState,
  edge: Edge,
): { readonly bytesPerSecond: number; readonly isShared: boolean } | null {
  const found = [edge.from, edge.to].flatMap((end) => {
    if (end.kind !== 'box') return [];
    const box = state.boxes.get(end.key);
    const seen = box === undefined || box.witness === null ? null : state.feed.get(box.witness).ifconfig.value;
    const rate = box === undefined ? null : readRate(edge, box, seen?.state === 'live' ? seen.data : null);
    return rate === null ? [] : [{ bytesPerSecond: rate, isShared: (state.degrees.value.get(end.key) ?? 0) > 1 }];
  });
  const alone = found.find(({ isShared }) => !isShared);
  return alone ?? found.sort((one, other) => one.bytesPerSecond - other.bytesPerSecond)[0] ?? null;
}

function standingOf({ key, from, to, through }: Edge, pointed: string | null): string {
  if (pointed === null) return '';
  const ends = [from, to].map((end) =>
    end.kind === 'box' ? end.key : end.kind === 'outside' ? end.address : end.engine,
  );
  return key === pointed || through === pointed || ends.includes(pointed) ? 'map-pointed' : 'map-aside';
}

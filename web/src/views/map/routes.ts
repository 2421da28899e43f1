// The way of a connection over the map, as it is in truth: out of a box to its bridge, along the corridors, through a published port. Only in channels
// between boxes, at right angles. Pure.
import type { Edge, End } from './connections.ts';
import type { Layout, PlacedBox, PlacedGroup, PlacedHost, Rect } from './layout.ts';
import { sizes } from './layout.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** Lanes of a channel, and the distance between two. */
const lanes = { count: 7, distance: 3 } as const;
const cornerRadius = 7;

/** The way of an edge; null where one of its ends is not on the map. */
export function routeEdge(edge: Edge, layout: Layout): readonly Point[] | null {
  const lane = chooseLane(edge.key);
  const port = edge.through === null ? undefined : layout.ports.get(edge.through);
  if (port === undefined) return join(leave(edge.from, edge.to, layout, lane), enter(edge.to, edge.from, layout, lane));
  const host = layout.hosts.get(edge.engine);
  if (host === undefined || edge.to.kind !== 'box') return null;
  const box = layout.boxes.get(edge.to.key);
  const group = box === undefined ? undefined : layout.groups.get(box.group);
  if (box === undefined || group === undefined) return null;
  const inside = fromTop(middle(port, lane), port.y + port.height, box, group, host, lane);
  const outside = toPort(edge.from, port, layout, host, lane);
  return outside === null ? null : [...outside, ...inside];
}

/** The way from a published port to what it leads to, whether or not somebody uses it. */
export function routePublication(key: string, box: PlacedBox, layout: Layout): readonly Point[] | null {
  const group = layout.groups.get(box.group);
  const host = group === undefined ? undefined : layout.hosts.get(group.host);
  const port = layout.ports.get(key);
  if (group === undefined || host === undefined || port === undefined) return null;
  const lane = chooseLane(key);
  return fromTop(middle(port, lane), port.y + port.height, box, group, host, lane);
}

/** From a box to another bridge that it is on as well. */
export function routeLeg(box: PlacedBox, target: PlacedGroup, layout: Layout): readonly Point[] | null {
  const group = layout.groups.get(box.group);
  const host = layout.hosts.get(target.host);
  if (group === undefined || host === undefined) return null;
  const end = target.x + sizes.group.left / 2;
  return [
    ...up(box, group, 0, box.y + box.height - 8),
    ...across(group.corridor, target.corridor, end, host, 0),
    { x: end, y: target.bus },
  ];
}

/** An SVG path with rounded corners. */
export function drawPath(points: readonly Point[]): string {
  const corners = points.filter((point, index) => {
    const [before, after] = [points[index - 1], points[index + 1]];
    return before === undefined || after === undefined || !isStraight(before, point, after);
  });
  return corners
    .map((point, index) => {
      const [before, after] = [corners[index - 1], corners[index + 1]];
      if (before === undefined) return `M${spell(point)}`;
      if (after === undefined) return `L${spell(point)}`;
      const radius = Math.min(cornerRadius, distance(before, point) / 2, distance(point, after) / 2);
      return `L${spell(towards(point, before, radius))}Q${spell(point)} ${spell(towards(point, after, radius))}`;
    })
    .join('');
}

/** A lane by the key: the same one whatever else is there. From `-count/2` to `count/2`, times the distance. */
function chooseLane(key: string): number {
  let hash = 0;
  for (let index = 0; index < key.length; index += 1) hash = (hash * 31 + key.charCodeAt(index)) >>> 0;
  return ((hash % lanes.count) - (lanes.count - 1) / 2) * lanes.distance;
}

/** From an end to where the other end's side is reached. */
function leave(end: End, other: End, layout: Layout, lane: number): readonly Point[] | null {
  if (end.kind === 'outside') {
    const place = layout.addresses.get(end.address) ?? layout.rest;
    const host = findHost(other, layout);
    if (place === null || host === undefined) return null;
    return comeIn(place, host, layout, lane);
  }
  if (end.kind === 'host') {
    const host = layout.hosts.get(end.engine);
    if (host === undefined) return null;
    const { title } = host;
    return [
      { x: title.x + 24 + lane, y: title.y + title.height },
      { x: title.x + 24 + lane, y: host.corridor + lane },
    ];
  }
  const box = layout.boxes.get(end.key);
  const group = box === undefined ? undefined : layout.groups.get(box.group);
  const host = group === undefined ? undefined : layout.hosts.get(group.host);
  if (box === undefined || group === undefined || host === undefined) return null;
  const from = box.y + sizes.box.padding + sizes.box.member / 2 + lane;
  if (other.kind === 'box') {
    const target = layout.boxes.get(other.key);
    const beyond = target === undefined ? undefined : layout.groups.get(target.group);
    if (target === undefined || beyond === undefined) return null;
    if (target.group === box.group) {
      const gutter = { x: box.gutter + lane, y: from };
      // In the same column the channel itself is the shortest way.
      if (target.gutter === box.gutter) return [{ x: box.x, y: from }, gutter];
      return [{ x: box.x, y: from }, gutter, { x: gutter.x, y: group.bus + lane / 2 }];
    }
    return [
      ...up(box, group, lane, from),
      ...across(group.corridor, beyond.corridor, target.gutter + lane, host, lane),
    ];
  }
  const out = up(box, group, lane, from);
  if (other.kind === 'host') {
    const x = host.title.x + 24 + lane;
    return [...out, ...across(group.corridor, host.corridor, x, host, lane)];
  }
  const place = layout.addresses.get(other.address) ?? layout.rest;
  if (place === null) return null;
  const way = comeIn(place, host, layout, lane);
  const entrance = way.at(-1) ?? { x: host.trunk, y: host.corridor };
  return [...out, ...across(group.corridor, host.corridor, entrance.x, host, lane), ...way.reverse()];
}

/** From an address outside into the upper corridor of a host: past those above it. */
function comeIn(place: Rect, { corridor, approach }: PlacedHost, layout: Layout, lane: number): Point[] {
  const x = middle(place, lane);
  const start = { x, y: place.y + place.height };
  if (approach === null) return [start, { x, y: corridor + lane }];
  const between = outsideCorridor(layout, lane);
  return [start, { x, y: between }, { x: approach + lane, y: between }, { x: approach + lane, y: corridor + lane }];
}

/** Between the outside and the first host. */
function outsideCorridor({ outside }: Layout, lane: number): number {
  return outside.y + outside.height + sizes.outside.below / 2 - 6 + lane;
}

function findHost(end: End, layout: Layout): PlacedHost | undefined {
  if (end.kind === 'outside') return undefined;
  if (end.kind === 'host') return layout.hosts.get(end.engine);
  const group = layout.groups.get(layout.boxes.get(end.key)?.group ?? '');
  return group === undefined ? undefined : layout.hosts.get(group.host);
}

/** The last part of the way. */
function enter(end: End, other: End, layout: Layout, lane: number): readonly Point[] | null {
  // Who goes out has left by the whole way.
  if (end.kind === 'outside') return [];
  if (end.kind === 'host') {
    const host = layout.hosts.get(end.engine);
    return host === undefined ? null : [{ x: host.title.x + 24 + lane, y: host.title.y + host.title.height }];
  }
  const box = layout.boxes.get(end.key);
  const group = box === undefined ? undefined : layout.groups.get(box.group);
  const host = group === undefined ? undefined : layout.hosts.get(group.host);
  if (box === undefined || group === undefined || host === undefined) return null;
  const to = arrive(box, lane);
  const gutter = box.gutter + lane;
  if (other.kind === 'box') {
    const source = layout.boxes.get(other.key);
    if (source?.group === box.group && source.gutter !== box.gutter)
      return [
        { x: gutter, y: group.bus + lane / 2 },
        { x: gutter, y: to },
        { x: box.x, y: to },
      ];
    return [
      { x: gutter, y: to },
      { x: box.x, y: to },
    ];
  }
  return [...across(host.corridor, group.corridor, gutter, host, lane), { x: gutter, y: to }, { x: box.x, y: to }];
}

/** From who uses a port to the port. */
function toPort(end: End, port: Rect, layout: Layout, host: PlacedHost, lane: number): readonly Point[] | null {
  const x = middle(port, lane);
  if (end.kind === 'outside') {
    const place = layout.addresses.get(end.address) ?? layout.rest;
    if (place === null) return null;
    const between = outsideCorridor(layout, lane);
    const start = [
      { x: middle(place, lane), y: place.y + place.height },
      { x: middle(place, lane), y: between },
    ];
    const arrival = { x, y: port.y };
    if (host.approach === null) return [...start, { x, y: between }, arrival];
    const above = host.y - sizes.host.gap / 2 - 6 + lane;
    return [
      ...start,
      { x: host.approach + lane, y: between },
      { x: host.approach + lane, y: above },
      { x, y: above },
      arrival,
    ];
  }
  const below = { x, y: port.y + port.height };
  if (end.kind === 'host') {
    const from = host.title.x + 24 + lane;
    return [
      { x: from, y: host.title.y + host.title.height },
      { x: from, y: host.corridor + lane },
      { x, y: host.corridor + lane },
      below,
    ];
  }
  const box = layout.boxes.get(end.key);
  const group = box === undefined ? undefined : layout.groups.get(box.group);
  if (box === undefined || group === undefined) return null;
  const from = box.y + sizes.box.padding + sizes.box.member / 2 + lane;
  return [
    ...up(box, group, lane, from),
    ...across(group.corridor, host.corridor, x - 12, host, lane),
    { x: x - 12, y: port.y + port.height },
    below,
  ];
}

/** From the host's upper edge into a box. */
function fromTop(
  x: number,
  y: number,
  box: PlacedBox,
  group: PlacedGroup,
  host: PlacedHost,
  lane: number,
): readonly Point[] {
  const to = arrive(box, lane);
  const gutter = box.gutter + lane;
  return [
    { x, y },
    { x, y: host.corridor + lane },
    ...across(host.corridor, group.corridor, gutter, host, lane),
    { x: gutter, y: to },
    { x: box.x, y: to },
  ];
}

/** Out of a box, up its channel, through its bridge, to the corridor above. */
function up(box: PlacedBox, group: PlacedGroup, lane: number, from: number): readonly Point[] {
  return [
    { x: box.x, y: from },
    { x: box.gutter + lane, y: from },
    { x: box.gutter + lane, y: group.corridor + lane },
  ];
}

/** From one corridor to another, by the trunk where they are not the same; ends at `x`. */
function across(from: number, to: number, x: number, host: PlacedHost, lane: number): readonly Point[] {
  if (from === to) return [{ x, y: to + lane }];
  return [
    { x: host.trunk + lane, y: from + lane },
    { x: host.trunk + lane, y: to + lane },
    { x, y: to + lane },
  ];
}

/** The line of a box on which its listening ports are. */
function arrive(box: PlacedBox, lane: number): number {
  return box.entry + lane / 2;
}

function middle({ x, width }: Rect, lane: number): number {
  return x + width / 2 + lane;
}

function join(one: readonly Point[] | null, other: readonly Point[] | null): readonly Point[] | null {
  return one === null || other === null ? null : [...one, ...other];
}

function isStraight(before: Point, point: Point, after: Point): boolean {
  const turn = (point.x - before.x) * (after.y - point.y) - (point.y - before.y) * (after.x - point.x);
  return Math.abs(turn) < 0.01;
}

function distance(one: Point, other: Point): number {
  return Math.hypot(one.x - other.x, one.y - other.y);
}

function towards(from: Point, to: Point, by: number): Point {
  const length = distance(from, to) || 1;
  return { x: from.x + ((to.x - from.x) * by) / length, y: from.y + ((to.y - from.y) * by) / length };
}

function spell({ x, y }: Point): string {
  return `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
}

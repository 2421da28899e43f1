// Where the words of an edge stand: in the middle of a level part of its way, where no other words are. Pure.
import type { Point } from './routes.ts';

/** Room for one text, in units. */
const room = { width: 116, height: 17 } as const;

/** A place for as many as fit, in the order of the keys; who gets none is told when it is pointed at. */
export function placeLabels(ways: ReadonlyMap<string, readonly Point[]>): ReadonlyMap<string, Point> {
  const places = new Map<string, Point>();
  const taken: Point[] = [];
  for (const [key, way] of ways) {
    const place = listLevelMiddles(way).find((point) => taken.every((other) => isApart(point, other)));
    if (place === undefined) continue;
    places.set(key, place);
    taken.push(place);
  }
  return places;
}

/** Middles of the parts that are long enough, the longest first. */
function listLevelMiddles(way: readonly Point[]): readonly Point[] {
  return way
    .slice(1)
    .map((end, index) => ({ start: way[index] ?? end, end }))
    .filter(({ start, end }) => Math.abs(start.y - end.y) < 0.01 && Math.abs(start.x - end.x) >= room.width)
    .sort((one, other) => Math.abs(other.end.x - other.start.x) - Math.abs(one.end.x - one.start.x))
    .map(({ start, end }) => ({ x: (start.x + end.x) / 2, y: start.y }));
}

function isApart(one: Point, other: Point): boolean {
  return Math.abs(one.x - other.x) >= room.width || Math.abs(one.y - other.y) >= room.height;
}

// Which box is next in a direction: for the arrow keys. Pure.
import type { Rect } from './layout.ts';

export type Direction = 'left' | 'right' | 'up' | 'down';

/** The key of the nearest one whose middle lies in that direction; undefined at the edge. Being aside counts double. */
export function findNearest(from: string, direction: Direction, places: ReadonlyMap<string, Rect>): string | undefined {
  const start = places.get(from);
  if (start === undefined) return undefined;
  let best: { key: string; distance: number } | undefined;
  for (const [key, place] of places) {
    if (key === from) continue;
    const x = place.x + place.width / 2 - (start.x + start.width / 2);
    const y = place.y + place.height / 2 - (start.y + start.height / 2);
    const [ahead, aside] = {
      left: [-x, y],
      right: [x, y],
      up: [-y, x],
      down: [y, x],
    }[direction] as [number, number];
    if (ahead <= 1) continue;
    const distance = ahead + 2 * Math.abs(aside);
    if (best === undefined || distance < best.distance) best = { key, distance };
  }
  return best?.key;
}

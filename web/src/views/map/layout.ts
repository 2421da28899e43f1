// Where everything of the map stands, in units of a sixteenth of the root's font size. Pure: the same model, width and memory give the same places; the
// memory is where things stood before, so that what stays does not move when something comes or goes.
import { type Cell, countColumns, placeCells, placeSlots } from './cells.ts';
import type { Box, Group, Host, MapModel } from './model.ts';

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedBox extends Rect {
  readonly group: string;
  /** The channel left of its column, in which its connections go. */
  readonly gutter: number;
  /** The height of the line of its listening ports: where connections come in. */
  readonly entry: number;
}

export interface PlacedGroup extends Rect {
  readonly host: string;
  /** The line below its title: the bridge, on which its boxes meet. */
  readonly bus: number;
  /** The corridor above its shelf. */
  readonly corridor: number;
}

export interface PlacedHost extends Rect {
  /** The corridor below its ports. */
  readonly corridor: number;
  /** The channel at its left, from shelf to shelf. */
  readonly trunk: number;
  /** The channel beside the hosts above it, by which one gets there from outside; null for the first. */
  readonly approach: number | null;
  /** Of its title: where its own connections begin. */
  readonly title: Rect;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly outside: Rect;
  /** Addresses that have a place of their own. */
  readonly addresses: ReadonlyMap<string, Rect>;
  /** For all others, where there are more than fit. */
  readonly rest: Rect | null;
  readonly hosts: ReadonlyMap<string, PlacedHost>;
  readonly groups: ReadonlyMap<string, PlacedGroup>;
  readonly boxes: ReadonlyMap<string, PlacedBox>;
  readonly ports: ReadonlyMap<string, Rect>;
}

/** Where things stood. */
export interface Memory {
  readonly groups: readonly string[];
  readonly cells: ReadonlyMap<string, { readonly group: string; readonly cell: Cell }>;
  readonly ports: ReadonlyMap<string, number>;
  readonly addresses: ReadonlyMap<string, number>;
}

export const noMemory: Memory = {
  groups: [],
  cells: new Map(),
  ports: new Map(),
  addresses: new Map(),
};

/** Sizes; those of texts are what the style sheet gives them. */
export const sizes = {
  box: { width: 208, padding: 8, member: 24, listening: 24, line: 18, gapX: 32, gapY: 18 },
  group: { left: 28, right: 14, title: 46, bus: 24, plainTitle: 40, bottom: 14, gap: 16 },
  host: { left: 32, right: 16, title: { width: 176, height: 40 }, corridor: 30, bottom: 16, gap: 44, margin: 26 },
  port: { width: 120, height: 26, gap: 10, rowGap: 8 },
  outside: { height: 52, below: 40, address: { width: 148, height: 26, gap: 10 }, title: 132 },
} as const;

/** The height of a box follows from what is configured, not from what is seen: data that comes moves nothing. */
export function measureBox({ members, networks, witness }: Box, kind: Group['kind']): number {
  const { padding, member, listening, line } = sizes.box;
  const lines = kind === 'host' ? 1 : networks.length + 1;
  return 2 * padding + members.length * member + (witness === null ? 0 : listening) + lines * line;
}

export function layoutMap(
  model: MapModel,
  addresses: readonly string[],
  available: number,
  memory: Memory,
): { readonly layout: Layout; readonly memory: Memory } {
  const { host: h, outside: o, box: b, group: g } = sizes;
  const width = Math.max(available, h.margin + h.left + g.left + b.width + g.right + h.right);
  const outside: Rect = { x: 0, y: 0, width, height: o.height };

  const perRow = Math.max(1, Math.floor((width - o.title - o.address.gap) / (o.address.width + o.address.gap)));
  const slots = placeSlots(addresses, memory.addresses);
  const shown = new Map<string, Rect>();
  const at = (slot: number): Rect => ({
    x: o.title + slot * (o.address.width + o.address.gap),
    y: (o.height - o.address.height) / 2,
    width: o.address.width,
    height: o.address.height,
  });
  const fits = [...slots.values()].every((slot) => slot < perRow);
  for (const [address, slot] of slots) if (fits || slot < perRow - 1) shown.set(address, at(slot));

  const placed = {
    hosts: new Map<string, PlacedHost>(),
    groups: new Map<string, PlacedGroup>(),
    boxes: new Map<string, PlacedBox>(),
    ports: new Map<string, Rect>(),
  };
  const next = {
    groups: [] as string[],
    cells: new Map<string, { group: string; cell: Cell }>(),
    ports: new Map<string, number>(),
    addresses: slots,
  };
  let y = o.height + o.below;
  const margin = model.hosts.length > 1 ? h.margin : 0;
  for (const [index, host] of model.hosts.entries()) {
    const rect = { x: margin, y, width: width - margin };
    y = placeHost(host, rect, index === 0 ? null : margin / 2, memory, placed, next) + h.gap;
  }
  return {
    layout: {
      width,
      height: y - h.gap,
      outside,
      addresses: shown,
      rest: fits ? null : at(perRow - 1),
      ...placed,
    },
    memory: next,
  };
}

interface Placed {
  readonly hosts: Map<string, PlacedHost>;
  readonly groups: Map<string, PlacedGroup>;
  readonly boxes: Map<string, PlacedBox>;
  readonly ports: Map<string, Rect>;
}

interface NextMemory {
  readonly groups: string[];
  readonly cells: Map<string, { group: string; cell: Cell }>;
  readonly ports: Map<string, number>;
}

/** Answers where it ends. */
function placeHost(
  host: Host,
  { x, y, width }: Omit<Rect, 'height'>,
  approach: number | null,
  memory: Memory,
  placed: Placed,
  next: NextMemory,
): number {
  const { host: h, port: p, group: g, box: b } = sizes;
  const title: Rect = { x: x + h.left, y, width: h.title.width, height: h.title.height };
  const portsFrom = title.x + title.width + p.gap;
  const perRow = Math.max(1, Math.floor((x + width - h.right - portsFrom) / (p.width + p.gap)));
  const slots = placeSlots(
    host.ports.map(({ key }) => key),
    memory.ports,
  );
  let portRows = 1;
  for (const [key, slot] of slots) {
    const row = Math.floor(slot / perRow);
    portRows = Math.max(portRows, row + 1);
    next.ports.set(key, slot);
    // The first row sits on the host's edge: that is where they are.
    placed.ports.set(key, {
      x: portsFrom + (slot % perRow) * (p.width + p.gap),
      y: y - p.height / 2 + row * (p.height + p.rowGap),
      width: p.width,
      height: p.height,
    });
  }
  const portsEnd = y - p.height / 2 + portRows * (p.height + p.rowGap) - p.rowGap;
  let shelfY = Math.max(title.y + title.height, portsEnd) + h.corridor;
  const corridor = shelfY - h.corridor / 2;

  const inner = width - h.left - h.right;
  const atMost = Math.max(1, Math.floor((inner - g.left - g.right + b.gapX) / (b.width + b.gapX)));
  const measured = orderGroups(host.groups, memory.groups).map((group) => {
    next.groups.push(group.key);
    const columns = Math.max(countColumns(group.boxes.length, atMost), Math.min(countUsed(group, memory), atMost));
    return { group, columns, width: g.left + columns * b.width + (columns - 1) * b.gapX + g.right };
  });
  for (const shelf of fillShelves(measured, inner)) {
    let shelfX = x + h.left;
    let shelfHeight = 0;
    for (const { group, columns, width: groupWidth } of shelf) {
      const rect = placeGroup(group, { x: shelfX, y: shelfY, width: groupWidth, columns }, memory, placed, next);
      placed.groups.set(group.key, {
        ...rect,
        host: host.engine,
        bus: shelfY + (group.kind === 'network' ? g.title + g.bus / 2 : g.plainTitle - 8),
        corridor: shelfY - h.corridor / 2,
      });
      shelfX += groupWidth + g.gap;
      shelfHeight = Math.max(shelfHeight, rect.height);
    }
    shelfY += shelfHeight + h.corridor;
  }
  const height = shelfY - h.corridor + h.bottom - y;
  placed.hosts.set(host.engine, { x, y, width, height, corridor, trunk: x + h.left / 2, approach, title });
  return y + height;
}

/** Columns up to the last in which somebody stands already. */
function countUsed({ key, boxes }: Group, memory: Memory): number {
  const used = boxes.map((box) => {
    const known = memory.cells.get(box.key);
    return known?.group === key ? known.cell.column + 1 : 0;
  });
  return Math.max(0, ...used);
}

/** Each group on the first shelf that has room for it. */
function fillShelves<Item extends { readonly width: number }>(items: readonly Item[], room: number): readonly Item[][] {
  const shelves: { items: Item[]; left: number }[] = [];
  for (const item of items) {
    const shelf = shelves.find(({ left }) => left >= item.width);
    if (shelf === undefined) shelves.push({ items: [item], left: room - item.width - sizes.group.gap });
    else {
      shelf.items.push(item);
      shelf.left -= item.width + sizes.group.gap;
    }
  }
  return shelves.length === 0 ? [[]] : shelves.map((shelf) => shelf.items);
}

/** What was there keeps its order; what is new comes after it. */
function orderGroups(groups: readonly Group[], before: readonly string[]): readonly Group[] {
  const place = new Map(before.map((key, index) => [key, index]));
  const rank = ({ key }: Group) => place.get(key) ?? Number.MAX_SAFE_INTEGER;
  return groups
    .map((group, index) => ({ group, index }))
    .sort((one, other) => rank(one.group) - rank(other.group) || one.index - other.index)
    .map(({ group }) => group);
}

function placeGroup(
  group: Group,
  { x, y, width, columns }: { x: number; y: number; width: number; columns: number },
  memory: Memory,
  placed: Placed,
  next: NextMemory,
): Rect {
  const { group: g, box: b } = sizes;
  const before = new Map<string, Cell>();
  for (const { key } of group.boxes) {
    const known = memory.cells.get(key);
    if (known?.group === group.key) before.set(key, known.cell);
  }
  const cells = placeCells(
    group.boxes.map(({ key }) => key),
    columns,
    before,
  );
  const rows: number[] = [];
  for (const box of group.boxes) {
    const row = cells.get(box.key)?.row ?? 0;
    rows[row] = Math.max(rows[row] ?? 0, measureBox(box, group.kind));
  }
  const tops: number[] = [];
  const first = y + (group.kind === 'network' ? g.title + g.bus : g.plainTitle);
  let top = first;
  for (let row = 0; row < rows.length; row += 1) {
    tops.push(top);
    // A row that is empty now had something in it: it stays, so that what is below does not move.
    top += (rows[row] ?? sizes.box.member * 2) + b.gapY;
  }
  for (const box of group.boxes) {
    const cell = cells.get(box.key) ?? { column: 0, row: 0 };
    next.cells.set(box.key, { group: group.key, cell });
    const left = x + g.left + cell.column * (b.width + b.gapX);
    placed.boxes.set(box.key, {
      x: left,
      y: tops[cell.row] ?? y,
      width: b.width,
      height: measureBox(box, group.kind),
      group: group.key,
      gutter: left - (cell.column === 0 ? g.left : b.gapX) / 2,
      entry: (tops[cell.row] ?? y) + b.padding + box.members.length * b.member + b.listening / 2,
    });
  }
  const end = rows.length === 0 ? first : top - b.gapY + g.bottom;
  return { x, y, width, height: end - y };
}

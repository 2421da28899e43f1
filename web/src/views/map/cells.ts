// Who stands where in a grid, so that nothing jumps: what has a cell keeps it, what is new takes the first free one. Pure.

export interface Cell {
  readonly column: number;
  readonly row: number;
}

/** Columns for so many boxes: a row up to four, then wider than high. */
export function countColumns(boxes: number, atMost: number): number {
  const wanted = boxes <= 4 ? boxes : Math.max(4, Math.ceil(Math.sqrt(boxes * 1.6)));
  return Math.max(1, Math.min(wanted, atMost));
}

/** A cell for each key. Those before that still fit are kept; the rest is filled row by row, in the order of the keys. */
export function placeCells(
  keys: readonly string[],
  columns: number,
  before: ReadonlyMap<string, Cell>,
): ReadonlyMap<string, Cell> {
  const cells = new Map<string, Cell>();
  const taken = new Set<string>();
  for (const key of keys) {
    const known = before.get(key);
    if (known === undefined || known.column >= columns) continue;
    cells.set(key, known);
    taken.add(nameCell(known));
  }
  let index = 0;
  for (const key of keys) {
    if (cells.has(key)) continue;
    let cell: Cell;
    do {
      cell = { column: index % columns, row: Math.floor(index / columns) };
      index += 1;
    } while (taken.has(nameCell(cell)));
    cells.set(key, cell);
  }
  return cells;
}

/** The same on a line: what has a place keeps it. */
export function placeSlots(keys: readonly string[], before: ReadonlyMap<string, number>): ReadonlyMap<string, number> {
  const cells = new Map([...before].map(([key, column]) => [key, { column, row: 0 }]));
  const placed = placeCells(keys, Number.MAX_SAFE_INTEGER, cells);
  return new Map([...placed].map(([key, { column }]) => [key, column]));
}

function nameCell({ column, row }: Cell): string {
  return `${column} ${row}`;
}

// What came, went and changed between two looks, kept for a moment so that an eye can follow. Pure: the caller has the clock.

export type Mark = 'added' | 'changed' | 'removed';

export interface Marked<Row> {
  readonly row: Row;
  readonly mark: Mark | null;
  /** When the mark was set, by the caller's clock. */
  readonly since: number;
  /** The other one at each mark of a row: tells one change from the next. */
  readonly turn: 0 | 1;
}

/** Milliseconds for which a mark is shown. */
export const markMs = 4_000;

interface Identified {
  readonly id: string;
}

/** `before` is null at the first look, of which nothing is new. `isSame` compares what is shown of a row. */
export function markChanges<Row extends Identified>(
  before: readonly Marked<Row>[] | null,
  rows: readonly Row[],
  now: number,
  isSame: (one: Row, other: Row) => boolean,
): readonly Marked<Row>[] {
  if (before === null) return rows.map((row) => ({ row, mark: null, since: now, turn: 0 }));
  const known = new Map(before.map((marked) => [marked.row.id, marked]));
  const present = new Set(rows.map(({ id }) => id));
  const shown = rows.map((row): Marked<Row> => {
    const last = known.get(row.id);
    if (last === undefined) return { row, mark: 'added', since: now, turn: 0 };
    const turn = last.turn === 0 ? 1 : 0;
    if (last.mark === 'removed') return { row, mark: 'added', since: now, turn };
    if (!isSame(last.row, row)) return { row, mark: 'changed', since: now, turn };
    return isOver(last, now) ? { ...last, row, mark: null } : { ...last, row };
  });
  const gone = before.filter(({ row }) => !present.has(row.id)).map((last) => goneSince(last, now));
  return [...shown, ...gone.filter((last) => !isOver(last, now))];
}

function goneSince<Row>(last: Marked<Row>, now: number): Marked<Row> {
  return last.mark === 'removed' ? last : { ...last, mark: 'removed', since: now, turn: last.turn === 0 ? 1 : 0 };
}

function isOver({ mark, since }: Marked<unknown>, now: number): boolean {
  return mark !== null && now - since >= markMs;
}

// The difference of two states of a stream whose data is one list of rows and a rest. Pure.

/** Where the rows are in a topic's data, and which member names a row. */
export interface RowShape {
  readonly list: string;
  readonly id: string;
}

/** An object as JSON has it. */
export type Json = Readonly<Record<string, unknown>>;

export interface RowDelta {
  readonly added: readonly Json[];
  readonly removed: readonly string[];
  readonly changed: readonly Json[];
}

/** A state prepared for comparison: each row and the rest encoded. `asOf` is not part of it: time passing is not a change. */
export interface ComparableState {
  readonly rows: ReadonlyMap<string, { readonly row: Json; readonly encoded: string }>;
  readonly rest: string;
}

/** Prepares a topic's data for {@link diffStates}. */
export function comparable(data: Json, shape: RowShape): ComparableState {
  const { [shape.list]: list, asOf: _asOf, ...rest } = data;
  const rows = new Map<string, { row: Json; encoded: string }>();
  for (const row of list as Json[]) rows.set(String(row[shape.id]), { row, encoded: JSON.stringify(row) });
  return { rows, rest: JSON.stringify(rest) };
}

/**
 * What turns `before` into `after`: null where nothing changed, `rest` where something beside the rows did (only a snapshot can say that), else
 * the rows. Whoever holds `before` as a set of rows and applies the delta holds `after`.
 */
export function diffStates(before: ComparableState, after: ComparableState): RowDelta | 'rest' | null {
  if (before.rest !== after.rest) return 'rest';
  const added: Json[] = [];
  const changed: Json[] = [];
  for (const [id, { row, encoded }] of after.rows) {
    const known = before.rows.get(id);
    if (known === undefined) added.push(row);
    else if (known.encoded !== encoded) changed.push(row);
  }
  const removed = [...before.rows.keys()].filter((id) => !after.rows.has(id));
  return added.length + removed.length + changed.length === 0 ? null : { added, removed, changed };
}

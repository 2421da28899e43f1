// A table that can be sorted and filtered, by keyboard too. What changes elsewhere keeps the order that was chosen.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { messages } from './messages.ts';

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  /** What is sorted by, searched in, and shown where there is no `render`. */
  readonly value: (row: Row) => string | number;
  readonly render?: (row: Row) => ComponentChildren;
  readonly isNumeric?: boolean;
}

interface DataTableProps<Row> {
  /** Read out as the table's name. */
  readonly label: string;
  readonly rows: readonly Row[];
  readonly columns: readonly Column<Row>[];
  /** The key of a row. */
  readonly nameOf: (row: Row) => string;
  /** Classes of a row: what has just come, what is stale. */
  readonly rowClass?: (row: Row) => string | undefined;
  /** Shown where there is no row. */
  readonly empty?: string | undefined;
  /** Without the field to filter with. */
  readonly isPlain?: boolean;
  /** Rows that are drawn at most, after sorting and filtering; how many are not is said below. */
  readonly atMost?: number;
}

interface Order {
  readonly key: string;
  readonly isDescending: boolean;
}

export function DataTable<Row>({
  label,
  rows,
  columns,
  nameOf,
  rowClass,
  empty,
  isPlain = false,
  atMost = Number.POSITIVE_INFINITY,
}: DataTableProps<Row>) {
  const t = messages.value;
  const [order, setOrder] = useState<Order | null>(null);
  const [filter, setFilter] = useState('');
  const shown = sortRows(filterRows(rows, columns, filter), columns, order);
  const turn = (key: string) => setOrder({ key, isDescending: order?.key === key && !order.isDescending });
  return (
    <div class="data-table">
      {!isPlain && (
        <div class="data-table-tools">
          <input
            type="search"
            aria-label={`${t.filter}: ${label}`}
            placeholder={t.filter}
            value={filter}
            onInput={({ currentTarget }) => setFilter(currentTarget.value)}
          />
          <span class="quiet" role="status">
            {filter === '' ? '' : t.shownOf(shown.length, rows.length)}
          </span>
        </div>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard */}
      <section class="scroll" tabIndex={0} aria-label={label}>
        <table>
          <caption class="visually-hidden">{label}</caption>
          <thead>
            <tr>
              {columns.map(({ key, title, isNumeric }) => (
                <th
                  key={key}
                  scope="col"
                  class={isNumeric ? 'numeric' : undefined}
                  aria-sort={order?.key === key ? (order.isDescending ? 'descending' : 'ascending') : 'none'}
                >
                  <button type="button" onClick={() => turn(key)}>
                    {title}
                  </button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.slice(0, atMost).map((row) => (
              <tr key={nameOf(row)} class={rowClass?.(row)}>
                {columns.map(({ key, value, render, isNumeric }) => (
                  <td key={key} class={isNumeric ? 'numeric' : undefined}>
                    {render === undefined ? value(row) : render(row)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {shown.length > atMost && <p class="quiet">{t.notShown(shown.length - atMost)}</p>}
      {rows.length === 0 && empty !== undefined && <p class="quiet">{empty}</p>}
    </div>
  );
}

/** Rows that hold every typed word in some column. */
function filterRows<Row>(rows: readonly Row[], columns: readonly Column<Row>[], filter: string): readonly Row[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return rows;
  return rows.filter((row) => {
    const text = columns
      .map(({ value }) => value(row))
      .join(' ')
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function sortRows<Row>(rows: readonly Row[], columns: readonly Column<Row>[], order: Order | null): readonly Row[] {
  const column = columns.find(({ key }) => key === order?.key);
  if (column === undefined) return rows;
  const sign = order?.isDescending ? -1 : 1;
  return [...rows].sort((one, other) => sign * compare(column.value(one), column.value(other)));
}

const collator = new Intl.Collator(undefined, { numeric: true });

function compare(one: string | number, other: string | number): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  return collator.compare(String(one), String(other));
}

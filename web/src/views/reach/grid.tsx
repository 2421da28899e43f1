// The matrix as a grid (WAI-ARIA): one stop of Tab, arrow keys within. Made for thousands of cells: a row is drawn again only where it looks different,
// and pointing and walking change classes by hand, without drawing anything.
import { Component } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { linkTo } from '../../router.ts';
import type { Group, Matrix, MatrixNode, MatrixRow } from './matrix.ts';
import { messages } from './messages.ts';
import { spellDoorShort, wordDoor, wordMark } from './words.ts';

/** A cell by the link's words. */
export interface CellName {
  readonly from: string;
  readonly to: string;
  readonly door: string;
}

interface GridProps {
  readonly matrix: Matrix;
  readonly pinned: CellName | null;
  /** null: pointed at nothing any more. */
  readonly onPoint: (cell: CellName | null) => void;
  readonly onFocus: (cell: CellName) => void;
  readonly onPin: (cell: CellName | null) => void;
  readonly onFold: (target: string) => void;
}

/** Row -1 holds the names of the targets, column -1 those of the sources. */
interface Spot {
  readonly row: number;
  readonly column: number;
}

export function Grid({ matrix, pinned, onPoint, onFocus, onPin, onFold }: GridProps) {
  const t = messages.value;
  const doors = useMemo(() => spellDoors(matrix.groups), [matrix]);
  const table = useRef<HTMLTableElement>(null);
  const spot = useRef<Spot>({ row: 0, column: 0 });
  const stop = useRef<HTMLElement | null>(null);
  const lit = useRef<readonly Element[]>([]);

  const nameAt = ({ row, column }: Spot): CellName | null => {
    const [from, to] = [matrix.rows[row], matrix.columns[column]];
    return from === undefined || to === undefined ? null : { from: from.node.id, to: to.to, door: to.door };
  };
  const elementAt = ({ row, column }: Spot): HTMLElement | undefined => {
    const element = table.current;
    if (element === null) return undefined;
    if (row === -1) return element.tHead?.rows[0]?.cells[groupAt(matrix.groups, column) + 1];
    return element.tBodies[0]?.rows[row]?.cells[column + 1];
  };
  const spotOf = (target: EventTarget | null): Spot | null => {
    const cell = target instanceof Element ? target.closest('td, th') : null;
    const row = cell?.closest('tr');
    if (!(cell instanceof HTMLTableCellElement) || row === null || row === undefined) return null;
    if (row.parentElement?.tagName === 'TBODY') return { row: row.sectionRowIndex, column: cell.cellIndex - 1 };
    return row.sectionRowIndex === 0 && cell.cellIndex > 0
      ? { row: -1, column: firstColumn(matrix.groups, cell.cellIndex - 1) }
      : null;
  };
  const makeStop = (at: Spot) => {
    spot.current = at;
    const element = elementAt(at);
    if (stop.current !== null && stop.current !== element) stop.current.tabIndex = -1;
    stop.current = element ?? null;
    if (element !== undefined && element.tabIndex !== 0) element.tabIndex = 0;
  };
  const light = (at: Spot | null) => {
    for (const element of lit.current) element.classList.remove('reach-lit');
    lit.current =
      at === null || at.row < 0 || at.column < 0
        ? []
        : [
            elementAt({ row: at.row, column: -1 }),
            elementAt({ row: -1, column: at.column }),
            table.current?.tHead?.rows[1]?.cells[at.column],
          ].filter((element) => element !== undefined);
    for (const element of lit.current) element.classList.add('reach-lit');
  };

  // Who filters or unfolds is not to lose the way in.
  useEffect(() => {
    const at = {
      row: Math.min(spot.current.row, matrix.rows.length - 1),
      column: Math.min(spot.current.column, matrix.columns.length - 1),
    };
    const hadFocus = stop.current !== null && !stop.current.isConnected && document.activeElement === document.body;
    makeStop(at);
    if (hadFocus) stop.current?.focus();
    // The second row of headers sticks below the first one, whose height hangs on the names.
    const names = table.current?.tHead?.rows[0];
    table.current?.style.setProperty('--reach-head', `${names?.offsetHeight ?? 0}px`);
  });
  // A link may name a cell.
  const pinnedAt = pinned === null ? null : spotNamed(matrix, pinned);
  const spelt = pinnedAt === null ? '' : `${pinnedAt.row} ${pinnedAt.column}`;
  useEffect(() => {
    const element = pinnedAt === null ? undefined : elementAt(pinnedAt);
    if (pinnedAt === null || element === undefined) return;
    element.ariaSelected = 'true';
    makeStop(pinnedAt);
    element.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    return () => {
      element.ariaSelected = null;
    };
  }, [spelt]);

  const walk = (event: KeyboardEvent) => {
    const { row, column } = spotOf(event.target) ?? spot.current;
    const last = { row: matrix.rows.length - 1, column: matrix.columns.length - 1 };
    const next = step(event, { row, column }, last, matrix.groups);
    if (next !== null) {
      event.preventDefault();
      makeStop(next);
      elementAt(next)?.focus();
      return;
    }
    if (event.key === 'Escape') onPin(null);
    else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      const name = nameAt({ row, column });
      if (name !== null) onPin(name);
      else elementAt({ row, column })?.querySelector<HTMLElement>('a, button')?.click();
    }
  };

  return (
    // biome-ignore lint/a11y/useKeyWithMouseEvents: walking by keys is focusing, which does the same
    <table
      ref={table}
      // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a grid is a table that is walked by arrow keys
      role="grid"
      class="reach-grid"
      aria-label={t.gridLabel}
      onKeyDown={walk}
      onFocusIn={({ target }) => {
        const at = spotOf(target);
        if (at === null) return;
        makeStop(at);
        light(at);
        const name = nameAt(at);
        if (name !== null) onFocus(name);
      }}
      onMouseOver={({ target }) => {
        const at = spotOf(target);
        light(at);
        onPoint(at === null ? null : nameAt(at));
      }}
      onMouseLeave={() => {
        light(null);
        onPoint(null);
      }}
      onClick={({ target }) => {
        const at = spotOf(target);
        const name = at === null ? null : nameAt(at);
        if (name !== null) onPin(name);
      }}
    >
      <Head groups={matrix.groups} onFold={onFold} />
      <tbody>
        {matrix.rows.map((row) => (
          <Row key={row.node.id} row={row} doors={doors} word={wordMark} language={t.title} />
        ))}
      </tbody>
    </table>
  );
}

function Head({ groups, onFold }: { groups: readonly Group[]; onFold: (target: string) => void }) {
  const t = messages.value;
  return (
    <thead>
      <tr>
        <th rowSpan={2} class="reach-corner" aria-label={`${t.from} / ${t.to}`}>
          <span class="reach-corner-to">{t.to} →</span>
          <span class="reach-corner-from">{t.from} ↓</span>
        </th>
        {groups.map(({ node, columns, ports, isFolded }) => (
          <th
            key={node.id}
            scope="colgroup"
            colSpan={columns.length}
            tabIndex={-1}
            class={`reach-target ${isTall(node.name, columns.length) ? 'reach-tall' : ''} ${node.state === 'running' ? '' : 'reach-still'}`}
            title={node.name}
          >
            {ports > 1 ? (
              <button
                type="button"
                tabIndex={-1}
                aria-expanded={!isFolded}
                aria-label={isFolded ? t.expand(node.name) : t.collapse(node.name)}
                onClick={() => onFold(node.id)}
              >
                <span class="reach-name">{node.name}</span>
              </button>
            ) : (
              <span class="reach-name">{node.name}</span>
            )}
          </th>
        ))}
      </tr>
      <tr>
        {groups.flatMap(({ node, columns, ports }) =>
          columns.map((column, at) => (
            <th
              key={`${node.id} ${column.door}`}
              scope="col"
              class={`reach-port ${at === 0 ? 'reach-first' : ''} ${column.isPublished ? 'reach-published' : ''}`}
              aria-label={`${node.name}, ${ports === 0 ? t.noPort : wordDoor(column)}`}
              title={`${node.name}: ${ports === 0 ? t.noPort : wordDoor(column)}`}
            >
              {column.port === null ? (ports === 0 ? '–' : `×${ports}`) : spellDoorShort(column)}
            </th>
          )),
        )}
      </tr>
    </thead>
  );
}

interface RowProps {
  readonly row: MatrixRow;
  readonly doors: Doors;
  readonly word: (mark: MatrixRow['marks'][number]) => string;
  /** Changes with the language. */
  readonly language: string;
}

/** The keys of the columns, and the same as one word. */
interface Doors {
  readonly keys: readonly string[];
  readonly begins: readonly boolean[];
  readonly spelt: string;
}

class Row extends Component<RowProps> {
  override shouldComponentUpdate({ row, doors, language }: RowProps): boolean {
    const known = this.props;
    return (
      row.signature !== known.row.signature ||
      doors.spelt !== known.doors.spelt ||
      language !== known.language ||
      row.node.name !== known.row.node.name ||
      row.node.state !== known.row.node.state
    );
  }

  override render({ row: { node, marks }, doors, word }: RowProps) {
    return (
      <tr>
        <th scope="row" tabIndex={-1} class={`reach-source ${node.state === 'running' ? '' : 'reach-still'}`}>
          <Source node={node} />
        </th>
        {marks.map((mark, at) => (
          <td
            key={doors.keys[at]}
            tabIndex={-1}
            aria-label={mark === null ? undefined : word(mark)}
            class={`reach-cell ${doors.begins[at] ? 'reach-first' : ''} ${mark === null ? '' : `reach-is-${mark.outcome} reach-proof-${mark.proof ?? 'none'}`}`}
          />
        ))}
      </tr>
    );
  }
}

function Source({ node: { id, name, kind } }: { node: MatrixNode }) {
  if (kind !== 'container') return <span class="reach-place">{name}</span>;
  return (
    <a href={linkTo('containers', [id])} tabIndex={-1}>
      {name}
    </a>
  );
}

function spellDoors(groups: readonly Group[]): Doors {
  const columns = groups.flatMap((group) => group.columns.map(({ to, door }, at) => ({ key: `${to} ${door}`, at })));
  const keys = columns.map(({ key }) => key);
  return { keys, begins: columns.map(({ at }) => at === 0), spelt: keys.join() };
}

/** A name that is too long for its columns stands upright. */
function isTall(name: string, columns: number): boolean {
  return name.length > columns * 4;
}

function spotNamed(matrix: Matrix, { from, to, door }: CellName): Spot | null {
  const row = matrix.rows.findIndex(({ node }) => node.id === from);
  const column = matrix.columns.findIndex((one) => one.to === to && one.door === door);
  return row < 0 || column < 0 ? null : { row, column };
}

function firstColumn(groups: readonly Group[], group: number): number {
  return groups.slice(0, group).reduce((sum, { columns }) => sum + columns.length, 0);
}

function groupAt(groups: readonly Group[], column: number): number {
  let end = 0;
  return groups.findIndex(({ columns }) => {
    end += columns.length;
    return column < end;
  });
}

function step(event: KeyboardEvent, { row, column }: Spot, last: Spot, groups: readonly Group[]): Spot | null {
  const isFar = event.ctrlKey || event.metaKey;
  const clamp = (value: number, top: number) => Math.max(-1, Math.min(top, value));
  // From name to name over the columns of a target.
  const sideways = (direction: 1 | -1) => {
    if (row !== -1) return column + direction;
    const next = groupAt(groups, column) + direction;
    return next < 0 ? column : firstColumn(groups, Math.min(next, groups.length - 1));
  };
  switch (event.key) {
    case 'ArrowDown':
      return { row: clamp(row + 1, last.row), column: Math.max(column, row === -1 ? 0 : -1) };
    case 'ArrowUp':
      return { row: column === -1 ? Math.max(0, row - 1) : clamp(row - 1, last.row), column };
    case 'ArrowRight':
      return { row, column: Math.min(sideways(1), last.column) };
    case 'ArrowLeft':
      return { row, column: clamp(sideways(-1), last.column) };
    case 'Home':
      return { row: isFar ? 0 : row, column: 0 };
    case 'End':
      return { row: isFar ? last.row : row, column: last.column };
    case 'PageDown':
      return { row: clamp(row + 10, last.row), column };
    case 'PageUp':
      return { row: Math.max(0, row - 10), column };
    default:
      return null;
  }
}

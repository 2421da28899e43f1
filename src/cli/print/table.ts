// Tables: a heading, columns as wide as what is in them, no lines. Pure.

import { showControlsInLine } from './harmless.ts';

/** A cell: its text, and how it is shown (which may add what has no width). */
export type Cell = string | { readonly text: string; readonly shown: string };

const gap = '   ';

/** Lines without ends. The last column is not padded. */
export function formatTable(heading: readonly string[], given: readonly (readonly Cell[])[]): string[] {
  const rows = given.map((row) => row.map(harmlessCell));
  const widths = heading.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => textOf(row[column] ?? '').length)),
  );
  const line = (cells: readonly Cell[]) =>
    cells
      .map((cell, column) => {
        const shown = typeof cell === 'string' ? cell : cell.shown;
        const isLast = column === cells.length - 1;
        return isLast ? shown : shown + ' '.repeat((widths[column] ?? 0) - textOf(cell).length);
      })
      .join(gap)
      .trimEnd();
  return [heading, ...rows].map(line);
}

/** Before it is measured: what is shown in its place is longer. */
function harmlessCell(cell: Cell): Cell {
  if (typeof cell === 'string') return showControlsInLine(cell);
  return { text: showControlsInLine(cell.text), shown: showControlsInLine(cell.shown) };
}

function textOf(cell: Cell): string {
  return typeof cell === 'string' ? cell : cell.text;
}

// The edits of a mend, made to the text. Pure.
import type { TextEdit } from '../../../../src/schemas/daemon-config.ts';

/** The text with the edits made. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  const lines = [0];
  for (let next = text.indexOf('\n'); next !== -1; next = text.indexOf('\n', next + 1)) lines.push(next + 1);
  const offset = (line: number, column: number) => (lines[line - 1] ?? text.length) + column - 1;
  const placed = edits.map((edit) => ({
    start: offset(edit.line, edit.column),
    end: offset(edit.endLine, edit.endColumn),
    text: edit.text,
  }));
  // From the end, so that what comes before keeps its place.
  return placed
    .sort((one, other) => other.start - one.start)
    .reduce((done, { start, end, text: written }) => done.slice(0, start) + written + done.slice(end), text);
}

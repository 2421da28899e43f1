// A textarea with line numbers, and with what is wrong marked at its place. A copy of the text lies below it, carries the marks, and gives it its size.
import type { RefObject } from 'preact';
import type { DaemonConfigProblem } from '../../../../src/client/index.ts';
import { messages } from './messages.ts';

interface EditorProps {
  readonly text: string;
  /** Those that are about this very text. */
  readonly problems: readonly DaemonConfigProblem[];
  readonly input: RefObject<HTMLTextAreaElement | null>;
  readonly onInput: (text: string) => void;
}

type Severity = DaemonConfigProblem['severity'];
const weight: Readonly<Record<Severity, number>> = { error: 2, warning: 1, info: 0 };

export function Editor({ text, problems, input, onInput }: EditorProps) {
  const t = messages.value;
  const lines = text.split('\n');
  const marks = marksByLine(problems);
  return (
    <div class="daemon-editor">
      <div class="daemon-gutter" aria-hidden="true">
        {lines.map((_, at) => (
          // A line is its number.
          <span key={at} class={`daemon-number ${classOf(marks.get(at + 1))}`} data-line={at + 1}>
            {at + 1}
          </span>
        ))}
      </div>
      <div class="daemon-sheet">
        <pre class="daemon-copy" aria-hidden="true">
          {lines.map((line, at) => (
            <Line key={at} line={line} marks={marks.get(at + 1) ?? []} />
          ))}
        </pre>
        <textarea
          ref={input}
          class="daemon-text"
          aria-label={t.editor}
          spellcheck={false}
          autocomplete="off"
          autocapitalize="off"
          wrap="off"
          value={text}
          onInput={({ currentTarget }) => onInput(currentTarget.value)}
        />
      </div>
    </div>
  );
}

interface LineMark {
  readonly severity: Severity;
  /** From 0. */
  readonly start: number;
  readonly end: number;
}

function Line({ line, marks }: { line: string; marks: readonly LineMark[] }) {
  const [mark] = marks;
  // The space keeps the height of an empty line, and gives a mark at the end of one something to stand on.
  const whole = `${line} `;
  if (mark === undefined) return <span class="daemon-line">{whole}</span>;
  const end = Math.max(mark.end, mark.start + 1);
  return (
    <span class={`daemon-line ${classOf(marks)}`}>
      {whole.slice(0, mark.start)}
      <mark>{whole.slice(mark.start, end)}</mark>
      {whole.slice(end)}
    </span>
  );
}

function classOf(marks: readonly LineMark[] | undefined): string {
  return marks?.[0] === undefined ? '' : `daemon-has-${marks[0].severity}`;
}

/** The worst first. */
function marksByLine(problems: readonly DaemonConfigProblem[]): ReadonlyMap<number, readonly LineMark[]> {
  const marks = new Map<number, LineMark[]>();
  for (const { severity, place } of problems) {
    if (place === null) continue;
    const { line, column, endLine, endColumn } = place;
    const mark = { severity, start: column - 1, end: endLine === line ? endColumn - 1 : Number.POSITIVE_INFINITY };
    marks.set(
      line,
      [...(marks.get(line) ?? []), mark].sort((one, other) => weight[other.severity] - weight[one.severity]),
    );
  }
  return marks;
}

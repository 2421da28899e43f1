// A text with its lines numbered, and the wrong ones marked. A text area: what browsers do for people who cannot see or use a mouse still works.
import { useEffect, useRef } from 'preact/hooks';
import type { FileProblem } from '../../../../src/client/index.ts';
import { messages } from './messages.ts';

interface EditorProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (text: string) => void;
  readonly problems: readonly FileProblem[];
}

export function Editor({ label, value, onInput, problems }: EditorProps) {
  const t = messages.value;
  const area = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLOListElement>(null);
  const count = value.split('\n').length;
  const wrong = new Set(problems.map(({ line }) => line));
  const follow = () => {
    if (area.current !== null && gutter.current !== null) gutter.current.scrollTop = area.current.scrollTop;
  };
  useEffect(follow);
  const goTo = ({ line, column }: FileProblem) => {
    const element = area.current;
    if (element === null) return;
    const before = value.split('\n').slice(0, line - 1);
    const at = before.join('\n').length + (line > 1 ? 1 : 0) + column - 1;
    element.focus();
    element.setSelectionRange(at, at);
    element.scrollTop = Math.max(0, ((line - 4) / count) * element.scrollHeight);
    follow();
  };
  return (
    <>
      <div class="editor">
        <ol class="editor-gutter" aria-hidden="true" ref={gutter}>
          {Array.from({ length: count }, (_, index) => (
            // Lines are their numbers.
            <li key={index} class={wrong.has(index + 1) ? 'editor-wrong' : undefined}>
              {index + 1}
            </li>
          ))}
        </ol>
        <textarea
          ref={area}
          aria-label={label}
          aria-invalid={problems.length > 0}
          rows={Math.min(28, Math.max(10, count + 1))}
          wrap="off"
          spellcheck={false}
          value={value}
          onInput={({ currentTarget }) => onInput(currentTarget.value)}
          onScroll={follow}
        />
      </div>
      {problems.length > 0 && (
        <div role="alert">
          <ul class="editor-problems">
            {problems.map((problem) => (
              <li key={`${problem.line} ${problem.column} ${problem.message}`}>
                <button type="button" onClick={() => goTo(problem)}>
                  {t.lineColumn(problem.line, problem.column)}
                </button>{' '}
                {problem.message} {problem.hint !== undefined && <span class="quiet">{problem.hint}</span>}
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

// What is to be said of the file, worst first: in a word, in the server's sentence, and with what can be done by a click.
import type { DaemonConfigProblem } from '../../../../src/client/index.ts';
import { language } from '../../preferences.ts';
import { Button } from '../../ui/button.tsx';
import { titleCode } from './code-titles.ts';
import { messages } from './messages.ts';

type Mend = DaemonConfigProblem['mends'][number];

interface ProblemListProps {
  readonly problems: readonly DaemonConfigProblem[];
  readonly onMend?: (mend: Mend) => void;
  readonly onGo?: (line: number, column: number) => void;
}

export function ProblemList({ problems, onMend, onGo }: ProblemListProps) {
  const t = messages.value;
  return (
    <ol class="daemon-problems">
      {problems.map((problem) => {
        const { severity, code, key, message, fix, says, place, mends } = problem;
        return (
          <li key={`${code} ${key} ${message}`} class={`daemon-problem daemon-problem-${severity}`} data-problem={code}>
            <p class="daemon-problem-head">
              <span class={`daemon-severity daemon-severity-${severity}`}>{t.severities(severity)}</span>{' '}
              <strong>{titleCode(code, language.value)}</strong> {key !== null && <code>{key}</code>}{' '}
              {place !== null && onGo !== undefined && (
                <button
                  type="button"
                  class="daemon-go"
                  aria-label={t.goToLine(place.line)}
                  onClick={() => onGo(place.line, place.column)}
                >
                  {t.line(place.line)}
                </button>
              )}
            </p>
            <p lang="en">{message}</p>
            <p lang="en" class="quiet">
              {t.fix}: {fix}
            </p>
            {onMend !== undefined && mends.length > 0 && (
              <p class="daemon-mends">
                {mends.map((mend, at) => (
                  <Button
                    key={`${mend.action} ${mend.key} ${mend.value}`}
                    kind={at === 0 && severity === 'error' ? 'primary' : 'plain'}
                    onClick={() => onMend(mend)}
                  >
                    {t.mend(mend.action, mend.key ?? '', mend.value ?? '')}
                  </Button>
                ))}
              </p>
            )}
            {says !== null && (
              <details>
                <summary>{t.dockerdSays}</summary>
                <pre class="daemon-says" lang="en">
                  {says}
                </pre>
              </details>
            )}
          </li>
        );
      })}
    </ol>
  );
}

// One command in the container, run to its end: its output and its exit code.
import { useEffect, useRef, useState } from 'preact/hooks';
import { type ExecResult, TerrariumError } from '../../../../../src/client/index.ts';
import { client } from '../../../store/store.ts';
import { Button } from '../../../ui/button.tsx';
import { CopyAs } from '../../../ui/copy-as.tsx';
import { Field } from '../../../ui/field.tsx';
import { apiPath, cliWords } from '../panel/elsewhere.ts';
import { RawText } from '../panel/raw-text.tsx';
import type { TabProps } from '../panel/tab.ts';
import { messages } from './messages.ts';
import { splitWords } from './words.ts';

interface Outcome {
  readonly command: string;
  readonly result: ExecResult;
}

export default function ExecTab({ container }: TabProps) {
  const t = messages.value;
  const [line, setLine] = useState('');
  const [error, setError] = useState<string | undefined>();
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  const [running, setRunning] = useState<AbortController | null>(null);
  const current = useRef<AbortController | null>(null);
  useEffect(() => () => current.current?.abort(), []);
  const words = splitWords(line);
  const run = async () => {
    if (words === null || words.length === 0) {
      setError(words === null ? t.notClosed : t.nothing);
      return;
    }
    const ending = new AbortController();
    current.current = ending;
    setRunning(ending);
    setError(undefined);
    try {
      const result = await client().containers.exec(container.id, { command: [...words] }, { signal: ending.signal });
      setOutcome({ command: line, result });
    } catch (failure) {
      if (ending.signal.aborted) setError(t.stopped);
      else if (failure instanceof TerrariumError) setError([failure.message, failure.hint].filter(Boolean).join('. '));
      else setError(String(failure));
    }
    setRunning(null);
  };
  return (
    <div class="exec">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run();
        }}
      >
        <Field label={t.command} hint={t.hint} error={error}>
          {(input) => (
            <input
              {...input}
              type="text"
              autocomplete="off"
              spellcheck={false}
              placeholder="netstat -tan"
              value={line}
              onInput={({ currentTarget }) => setLine(currentTarget.value)}
            />
          )}
        </Field>
        <div class="container-tools">
          <Button changes type="submit" kind="primary" disabled={running !== null}>
            {t.run}
          </Button>
          {running !== null && <Button onClick={() => running.abort()}>{t.stop}</Button>}
          <CopyAs
            call={{ method: 'POST', path: apiPath(container, '/exec'), body: { command: words ?? [] } }}
            cli={cliWords(container, ['exec'], words ?? [])}
          />
        </div>
      </form>
      {running !== null && (
        <p class="quiet" role="status">
          {t.running}
        </p>
      )}
      {outcome !== null && running === null && <Result {...outcome} />}
    </div>
  );
}

function Result({ command, result }: Outcome) {
  const t = messages.value;
  const { exitCode, stdout, stderr, truncated, timedOut } = result;
  return (
    <section class="exec-result" aria-label={t.result}>
      <p role="status" data-exit={exitCode ?? 'none'}>
        <code>{command}</code>{' '}
        <strong class={exitCode === 0 ? 'good' : 'bad'}>{exitCode === null ? t.noExit : t.exit(exitCode)}</strong>
        {timedOut && ` ${t.timedOut}`}
        {truncated && ` ${t.truncated}`}
      </p>
      {stdout !== '' && <RawText label={t.stdout} text={stdout} isLive />}
      {stderr !== '' && (
        <>
          <h2>{t.stderr}</h2>
          <RawText label={t.stderr} text={stderr} isLive />
        </>
      )}
      {stdout === '' && stderr === '' && <p class="quiet">{t.silent}</p>}
    </section>
  );
}

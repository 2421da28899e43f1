// A daemon.json is written here and judged as it is typed: the verdict, each problem at its line, changes by a click, and the docker0 that results.
import { useEffect, useRef, useState } from 'preact/hooks';
import { type DaemonConfigQuery, TerrariumError } from '../../../../src/client/index.ts';
import { goTo, linkTo } from '../../router.ts';
import { client, store } from '../../store/store.ts';
import { Button } from '../../ui/button.tsx';
import { CopyAs } from '../../ui/copy-as.tsx';
import { Field } from '../../ui/field.tsx';
import { reportFailure, say } from '../../ui/toasts.tsx';
import type { ViewProps } from '../view.ts';
import { applyEdits } from './apply-edits.ts';
import { BridgePicture } from './bridge-picture.tsx';
import { draft, setDraft } from './draft.ts';
import { Editor } from './editor.tsx';
import { exampleNames, examples, isExample } from './examples.ts';
import { type Judgement, useJudgement } from './judge.ts';
import { messages } from './messages.ts';
import { ProblemList } from './problem-list.tsx';
import './daemon.css';

type Query = ViewProps['query'];

export default function DaemonView({ query }: ViewProps) {
  const t = messages.value;
  const input = useRef<HTMLTextAreaElement>(null);
  const [isDropping, setDropping] = useState(false);
  const text = draft.value;
  const surroundings = useSurroundings(query);
  const judgement = useJudgement(text, surroundings);

  const { example } = query;
  useEffect(() => {
    if (example === undefined) return;
    if (isExample(example)) setDraft(examples[example]);
    change(query, { example: undefined });
  }, [example]);

  const go = (line: number, column: number) => {
    const area = input.current;
    if (area === null) return;
    const at = offsetOf(text, line, column);
    area.focus();
    area.setSelectionRange(at, at);
    document.querySelector(`[data-line="${line}"]`)?.scrollIntoView({ block: 'nearest' });
  };
  const drop = async (event: DragEvent) => {
    event.preventDefault();
    setDropping(false);
    const [file] = event.dataTransfer?.files ?? [];
    if (file === undefined) return;
    try {
      const bytes = await file.arrayBuffer();
      setDraft(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    } catch {
      reportFailure(new Error(t.notText));
    }
  };

  return (
    <section class="page daemon">
      <h1>{t.heading}</h1>
      <p class="quiet">{t.about}</p>
      <Tools query={query} text={text} surroundings={surroundings} />
      <div class="daemon-body">
        <section
          class={`daemon-left ${isDropping ? 'daemon-dropping' : ''}`}
          aria-label={t.title}
          data-drop={t.dropHere}
          onDragOver={(event) => {
            event.preventDefault();
            setDropping(true);
          }}
          onDragLeave={() => setDropping(false)}
          onDrop={(event) => void drop(event)}
        >
          <Editor
            text={text}
            problems={judgement.text === text ? (judgement.verdict?.problems ?? []) : []}
            input={input}
            onInput={setDraft}
          />
        </section>
        <Verdict
          judgement={judgement}
          isOld={judgement.text !== text}
          onGo={go}
          onMend={({ edits }) => {
            rewrite(input.current, applyEdits(judgement.text, edits));
            say(t.mended);
          }}
        />
      </div>
    </section>
  );
}

interface VerdictProps {
  readonly judgement: Judgement;
  /** It is about a text that has changed since. */
  readonly isOld: boolean;
  readonly onGo: (line: number, column: number) => void;
  readonly onMend: Parameters<typeof ProblemList>[0]['onMend'];
}

function Verdict({ judgement: { verdict, failure }, isOld, onGo, onMend }: VerdictProps) {
  const t = messages.value;
  if (failure !== null)
    return (
      <div class="daemon-right">
        <p class="bad" role="alert">
          {failure.message}
        </p>
      </div>
    );
  if (verdict === null) return <p class="daemon-right quiet">{t.checking}</p>;
  const { problems, validateSays } = verdict;
  const isMissed = verdict.verdict === 'fails' && validateSays === 'configuration OK';
  return (
    <div class={`daemon-right ${isOld ? 'daemon-old' : ''}`} aria-busy={isOld}>
      <div aria-live="polite">
        <p class={`daemon-verdict daemon-verdict-${verdict.verdict}`} data-verdict={verdict.verdict}>
          {t[verdict.verdict]}
        </p>
        <p class="quiet">{t.problems(problems.length)}</p>
      </div>
      <ProblemList problems={problems} onGo={onGo} {...(!isOld && onMend !== undefined && { onMend })} />
      <p>
        <span class="quiet">{t.validateSays}:</span> <code>{validateSays}</code>
        {isMissed && <span class="quiet"> {t.validateMisses}</span>}
      </p>
      <h2>{t.result}</h2>
      <BridgePicture {...verdict} />
    </div>
  );
}

function Tools({ query, text, surroundings }: { query: Query; text: string; surroundings: DaemonConfigQuery }) {
  const t = messages.value;
  const engines = store.engines.all.value.map(({ name }) => name);
  const where =
    query.engine !== undefined ? `engine ${query.engine}` : query.docker0 === undefined ? 'fresh' : 'beside';
  const search = new URLSearchParams(surroundings).toString();
  const begin = async (name: string) => {
    if (isExample(name)) return setDraft(examples[name]);
    try {
      const { effective } = await client().engines.daemonConfig(name.slice('engine '.length));
      setDraft(`${JSON.stringify(effective, null, 4)}\n`);
    } catch (error) {
      reportFailure(error);
    }
  };
  return (
    <div class="daemon-tools">
      <label class="daemon-choice">
        <span>{t.examples}</span>
        <select
          value=""
          onChange={({ currentTarget }) => {
            void begin(currentTarget.value);
            currentTarget.value = '';
          }}
        >
          <option value="">{t.chooseExample}</option>
          {exampleNames.map((name) => (
            <option key={name} value={name}>
              {t.exampleNames(name)}
            </option>
          ))}
          {engines.map((name) => (
            <option key={`engine ${name}`} value={`engine ${name}`}>
              {t.ofEngine(name)}
            </option>
          ))}
        </select>
      </label>
      <label class="daemon-choice">
        <span>{t.where}</span>
        <select
          value={where}
          onChange={({ currentTarget: { value } }) =>
            change(query, {
              docker0: value === 'beside' ? '172.17.0.1/16' : undefined,
              engine: value.startsWith('engine ') ? value.slice('engine '.length) : undefined,
              kept: undefined,
            })
          }
        >
          <option value="fresh">{t.fresh}</option>
          <option value="beside">{t.beside}</option>
          {engines.map((name) => (
            <option key={name} value={`engine ${name}`}>
              {t.asEngine(name)}
            </option>
          ))}
        </select>
      </label>
      <CopyAs
        call={{ method: 'POST', path: `/api/v1/daemon-config/check${search === '' ? '' : `?${search}`}`, body: text }}
        cli={[
          'daemon',
          'check',
          'daemon.json',
          ...(surroundings.docker0 === undefined ? [] : ['--docker0', surroundings.docker0]),
          ...(surroundings.dataRoot === 'kept' ? ['--kept'] : []),
        ]}
      />
      <Button onClick={() => setDraft('')}>{t.clear}</Button>
      {where === 'beside' && (
        <div class="daemon-beside">
          <Field label={t.addresses} hint={t.addressesHint}>
            {(field) => (
              <input
                {...field}
                type="text"
                value={query.docker0}
                onInput={({ currentTarget }) => change(query, { docker0: currentTarget.value })}
              />
            )}
          </Field>
          <label class="check">
            <input
              type="checkbox"
              checked={query.kept === 'true'}
              onChange={({ currentTarget }) => change(query, { kept: currentTarget.checked ? 'true' : undefined })}
            />
            {t.kept}
          </label>
        </div>
      )}
    </div>
  );
}

/** What dockerd would find on its host, as the link says it; of an engine as it is there. */
function useSurroundings({ engine, docker0, kept }: Query): DaemonConfigQuery {
  const [ofEngine, setOfEngine] = useState<DaemonConfigQuery>({});
  useEffect(() => {
    setOfEngine({});
    if (engine === undefined) return;
    const leaving = new AbortController();
    client()
      .engines.daemonConfig(engine, { signal: leaving.signal })
      .then(({ bridge, bridgeV6, version }) => {
        const addresses = [bridge?.address, bridgeV6?.address].filter((one) => typeof one === 'string');
        setOfEngine({
          ...(bridge !== null && { docker0: addresses.join(','), dataRoot: 'kept' as const }),
          ...(version !== null && { engineVersion: version }),
        });
      })
      .catch((error: unknown) => {
        if (!leaving.signal.aborted) reportFailure(error instanceof TerrariumError ? error : new Error(String(error)));
      });
    return () => leaving.abort();
  }, [engine]);
  if (engine !== undefined) return ofEngine;
  return docker0 === undefined ? {} : { docker0, ...(kept === 'true' && { dataRoot: 'kept' as const }) };
}

/** As if it were typed, so that it can be taken back by the keys for it. */
function rewrite(area: HTMLTextAreaElement | null, text: string): void {
  area?.focus();
  area?.select();
  if (area === null || !document.execCommand('insertText', false, text)) setDraft(text);
}

function offsetOf(text: string, line: number, column: number): number {
  const before = text.split('\n').slice(0, line - 1);
  return before.reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
}

function change(query: Query, words: Readonly<Record<string, string | undefined>>): void {
  const next = Object.entries({ ...query, ...words }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  goTo(linkTo('daemon', [], Object.fromEntries(next)), { replace: true });
}

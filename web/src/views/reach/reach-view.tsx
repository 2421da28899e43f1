// Who reaches whom: filters, the proof, the matrix, and one cell in words. All of what is chosen is in the link.
import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { type Reachability, TerrariumError, type Verification } from '../../../../src/client/index.ts';
import { formatDuration } from '../../i18n/format.ts';
import { language } from '../../preferences.ts';
import { goTo, linkTo } from '../../router.ts';
import { mayChange, seesAll } from '../../session.ts';
import { now } from '../../store/clock.ts';
import { store } from '../../store/store.ts';
import { Button } from '../../ui/button.tsx';
import { CopyAs } from '../../ui/copy-as.tsx';
import type { ViewProps } from '../view.ts';
import { CellDetail } from './cell-detail.tsx';
import { explainCode } from './code-texts.ts';
import { type CellName, Grid } from './grid.tsx';
import { Atlas, arrange, type MatrixWish, type Show, shows } from './matrix.ts';
import { messages } from './messages.ts';
import { ProofBook } from './proof.ts';
import { Survey } from './survey.ts';
import { spellEnd } from './words.ts';
import './reach.css';

type Query = ViewProps['query'];

export default function ReachView({ query }: ViewProps) {
  const t = messages.value;
  const engine = query.engine ?? store.engines.all.value[0]?.name;
  const { lab, scope } = query;
  const survey = useSurvey(engine, lab, scope === 'all');
  const [pointed, point] = useState<CellName | null>(null);
  const [focused, focus] = useState<CellName | null>(null);
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set(query.to === 'host' ? [] : ['host']));

  const prediction = survey?.prediction.value ?? null;
  const proved = survey?.proved.value ?? null;
  const names = { outside: t.outside, host: t.host };
  const atlas = useMemo(() => (prediction === null ? null : new Atlas(prediction, names)), [prediction, t]);
  const book = useMemo(() => new ProofBook(proved), [proved]);
  const wish = readWish(query, folded);
  const matrix = useMemo(
    () => (atlas === null ? null : arrange(atlas, book, wish)),
    [atlas, book, wish.container, wish.show, wish.withUdp, folded],
  );

  // A link that says so proves once; that it did is not kept in the link.
  const wantsProof = query.verify === 'true';
  useEffect(() => {
    if (!wantsProof || survey === null) return;
    change(query, { verify: undefined });
    if (mayChange.value) void survey.verify();
  }, [wantsProof, survey]);

  const { from, to, port } = query;
  const pinned = useMemo(
    () => (from === undefined || to === undefined || port === undefined ? null : { from, to, door: port }),
    [from, to, port],
  );
  const pin = (cell: CellName | null) => change(query, { from: cell?.from, to: cell?.to, port: cell?.door });
  const shown = pointed ?? pinned ?? focused;
  const cell = shown === null ? undefined : atlas?.cell(shown.from, shown.to, shown.door);
  const fold = (target: string) => setFolded(toggled(folded, target));

  return (
    <section class="reach">
      <div class="reach-head">
        <h1>{t.heading}</h1>
        {survey !== null && <Freshness survey={survey} />}
      </div>
      <Filters query={query} prediction={prediction} />
      <div class="reach-bar">
        {survey !== null && <Prove survey={survey} />}
        <Button
          onClick={() =>
            setFolded(
              folded.size > 0
                ? new Set()
                : new Set(matrix?.groups.flatMap(({ node, ports }) => (ports > 1 ? [node.id] : []))),
            )
          }
        >
          {folded.size > 0 ? t.unfoldAll : t.foldAll}
        </Button>
        <CopyMatrix query={query} />
        {matrix !== null && (
          <span class="quiet" role="status">
            {t.rowLimit(matrix.rows.length, matrix.columns.length)}
          </span>
        )}
      </div>
      {proved !== null && proved.verification !== null && (
        <ProofReport proved={proved} verification={proved.verification} onPin={pin} />
      )}
      {survey !== null && <Failure survey={survey} />}
      <div class="reach-body">
        <div class="reach-matrix">
          {matrix !== null && matrix.rows.length > 0 && matrix.columns.length > 0 && (
            <div class="reach-scroll">
              <Grid matrix={matrix} pinned={pinned} onPoint={point} onFocus={focus} onPin={pin} onFold={fold} />
            </div>
          )}
          {matrix !== null && (matrix.rows.length === 0 || matrix.columns.length === 0) && (
            <p class="quiet">
              {t.noneMatches}{' '}
              <Button onClick={() => change(query, { show: undefined, container: undefined })}>{t.clear}</Button>
            </p>
          )}
          {prediction !== null && prediction.nodes.length <= 1 && <p class="quiet">{t.none}</p>}
          <Legend />
          {prediction !== null && prediction.unknown.length > 0 && (
            <details class="reach-unread">
              <summary>
                {t.notRead} ({prediction.unknown.length})
              </summary>
              <ul lang="en">
                {prediction.unknown.map((one) => (
                  <li key={one}>{one}</li>
                ))}
              </ul>
            </details>
          )}
        </div>
        <CellDetail
          cell={cell}
          book={book}
          engine={engine ?? ''}
          isPinned={shown !== null && isSameCell(shown, pinned)}
          onPin={(isPinned) => pin(isPinned ? shown : null)}
        />
      </div>
    </section>
  );
}

/** One survey for what is asked; it ends with the view. */
function useSurvey(engine: string | undefined, lab: string | undefined, withOthers: boolean): Survey | null {
  const [survey, setSurvey] = useState<Survey | null>(null);
  useEffect(() => {
    if (engine === undefined) return;
    const made = new Survey({
      engine,
      ...(lab !== undefined && { lab }),
      ...(withOthers && { scope: 'all' as const }),
    });
    setSurvey(made);
    return () => {
      made.end();
      setSurvey(null);
    };
  }, [engine, lab, withOthers]);
  return survey;
}

function Freshness({ survey }: { survey: Survey }) {
  const t = messages.value;
  const prediction = survey.prediction.value;
  const failure = survey.failure.value;
  if (prediction === null) return failure === null ? <p class="quiet">{t.reading}</p> : null;
  const age = formatDuration(now.value - Date.parse(prediction.asOf));
  return (
    <p class={failure === null ? 'quiet' : 'bad'} data-age>
      {t.asOf(age)} {failure !== null && t.old}
    </p>
  );
}

function Failure({ survey }: { survey: Survey }) {
  const failure = survey.failure.value;
  if (failure === null) return null;
  const { message, hint } =
    failure instanceof TerrariumError ? failure : new TerrariumError('unreachable', String(failure));
  return (
    <p class="notice notice-bad" role="alert">
      {message} {hint !== undefined && <span class="quiet">{hint}</span>}
    </p>
  );
}

function Prove({ survey }: { survey: Survey }) {
  const t = messages.value;
  const progress = survey.progress.value;
  if (!mayChange.value) return <span class="quiet">{t.readOnly}</span>;
  if (progress === null)
    return (
      <Button kind="primary" title={t.verifyHint} onClick={() => void survey.verify()}>
        {t.verify}
      </Button>
    );
  return (
    <span class="reach-progress">
      <progress
        aria-label={t.verify}
        max={Math.max(progress.total, 1)}
        value={progress.total === 0 ? undefined : progress.done}
      />
      <span role="status">{progress.total === 0 ? t.provingSoon : t.proving(progress.done, progress.total)}</span>
      <Button onClick={() => survey.stop()}>{t.stop}</Button>
    </span>
  );
}

interface ProofReportProps {
  readonly proved: Reachability;
  readonly verification: Verification;
  readonly onPin: (cell: CellName) => void;
}

function ProofReport({ proved, verification, onPin }: ProofReportProps) {
  const t = messages.value;
  const { endedAt, connections, agreed, changed, undecided, disagreements, unverified } = verification;
  const age = useComputed(() => formatDuration(now.value - Date.parse(endedAt)));
  const nameOf = (id: string) => proved.nodes.find((node) => node.id === id)?.name ?? id;
  const said = [
    t.sumUp(connections, agreed),
    ...(changed > 0 ? [t.changedSome(changed)] : []),
    ...(undecided > 0 ? [t.undecidedSome(undecided)] : []),
    ...unverified.map(({ from, reason }) => t.unverified(nameOf(from), reason)),
  ];
  return (
    <>
      <p class="reach-proof" data-proof>
        <strong class={disagreements.length === 0 ? 'good' : undefined}>{t.provedAgo(age.value)}</strong>{' '}
        <span>{said.join(' · ')}</span>
      </p>
      {disagreements.length > 0 && (
        <div class="reach-alarm" role="alert">
          <p>
            <strong>{t.alarm(disagreements.length)}</strong>
          </p>
          <ul>
            {disagreements.slice(0, 20).map(({ from, to, address, port, predicted, observed }) => (
              <li key={`${from} ${to} ${address} ${port}`}>
                <button
                  type="button"
                  class="reach-link"
                  onClick={() => onPin({ from, to, door: doorOf(proved, from, to, address, port) })}
                >
                  {t.alarmLine(nameOf(from), nameOf(to), spellEnd(address, port))}
                </button>{' '}
                {t.alarmWords(explainCode(predicted.code, language.value)[0], t.results(observed))}
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

function doorOf({ entries }: Reachability, from: string, to: string, address: string, port: number): string {
  const entry = entries.find(
    (one) => one.from === from && one.to === to && one.address === address && one.port === port,
  );
  return `tcp/${port}${entry?.at === 'published' ? '/published' : ''}`;
}

function Filters({ query, prediction }: { query: Query; prediction: Reachability | null }) {
  const t = messages.value;
  const labs = useSignal<readonly string[]>([]);
  const found = new Set(
    store.containers.all.value.flatMap(({ managed, lab }) => (managed && lab !== null ? [lab] : [])),
  );
  if (query.lab !== undefined) found.add(query.lab);
  labs.value = [...found].sort();
  const engines = store.engines.all.value;
  const words: Readonly<Record<Show, string>> = {
    all: t.showAll,
    reaches: t.showReaches,
    fails: t.showFails,
    unknown: t.showUnknown,
    disagrees: t.showDisagrees,
  };
  const nodes = prediction?.nodes.filter(({ kind }) => kind === 'container') ?? [];
  return (
    <div class="reach-filters">
      {engines.length > 1 && (
        <Choice
          label={t.engine}
          value={query.engine ?? engines[0]?.name ?? ''}
          choices={engines.map(({ name }) => [name, name])}
          onChoose={(engine) => change(query, { engine })}
        />
      )}
      <Choice
        label={t.lab}
        value={query.lab ?? ''}
        choices={[['', t.anyLab], ...labs.value.map((lab) => [lab, lab] as const)]}
        onChoose={(lab) => change(query, { lab, container: undefined })}
      />
      <Choice
        label={t.container}
        value={query.container ?? ''}
        choices={[['', t.anyContainer], ...nodes.map(({ id, name }) => [id, name] as const)]}
        onChoose={(container) => change(query, { container })}
      />
      <Choice
        label={t.show}
        value={readShow(query)}
        choices={shows.map((show) => [show, words[show]])}
        onChoose={(show) => change(query, { show: show === 'all' ? undefined : show })}
      />
      <Tick label={t.udp} isOn={query.udp === 'true'} onTurn={(udp) => change(query, { udp })} />
      {seesAll.value && (
        <Tick
          label={t.others}
          isOn={query.scope === 'all'}
          onTurn={(isOn) => change(query, { scope: isOn === undefined ? undefined : 'all' })}
        />
      )}
    </div>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly choices: readonly (readonly [value: string, word: string])[];
  readonly onChoose: (value: string | undefined) => void;
}

function Choice({ label, value, choices, onChoose }: ChoiceProps) {
  return (
    <label class="reach-choice">
      <span>{label}</span>
      <select value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value || undefined)}>
        {choices.map(([choice, word]) => (
          <option key={choice} value={choice} selected={choice === value}>
            {word}
          </option>
        ))}
      </select>
    </label>
  );
}

function Tick({ label, isOn, onTurn }: { label: string; isOn: boolean; onTurn: (value: 'true' | undefined) => void }) {
  return (
    <label class="check">
      <input
        type="checkbox"
        checked={isOn}
        onChange={({ currentTarget }) => onTurn(currentTarget.checked ? 'true' : undefined)}
      />
      {label}
    </label>
  );
}

function CopyMatrix({ query: { lab, scope, engine } }: { query: Query }) {
  const asked = { ...(engine && { engine }), ...(lab && { lab }), ...(scope === 'all' && { scope }) };
  const search = new URLSearchParams({ ...asked, ...(mayChange.value && { verify: 'true' }) }).toString();
  return (
    <CopyAs
      call={{ method: 'GET', path: `/api/v1/reachability${search === '' ? '' : `?${search}`}` }}
      cli={[
        'reach',
        ...Object.entries(asked).flatMap(([name, value]) => [`--${name}`, value]),
        ...(mayChange.value ? ['--verify'] : []),
      ]}
    />
  );
}

function Legend() {
  const t = messages.value;
  const marks = [
    ['reaches', 'none', t.reaches],
    ['fails', 'none', t.fails],
    ['unknown', 'none', t.unknown],
    ['nothing', 'none', t.nothing],
    ['reaches', 'agreed', t.agreed],
    ['reaches', 'outdated', t.outdated],
    ['fails', 'disagrees', t.disagrees],
    ['reaches', 'unverifiable', t.unverifiableAlways],
  ] as const;
  return (
    <ul class="reach-legend" aria-label={t.legend}>
      {marks.map(([outcome, proof, word]) => (
        <li key={`${outcome} ${proof}`}>
          <span class={`reach-cell reach-is-${outcome} reach-proof-${proof}`} /> {word}
        </li>
      ))}
      <li>
        <span class="reach-port reach-published">:8080</span> {t.legendHost}
      </li>
    </ul>
  );
}

function readShow({ show }: Query): Show {
  return shows.find((one) => one === show) ?? 'all';
}

function readWish(query: Query, folded: ReadonlySet<string>): MatrixWish {
  return { container: query.container, show: readShow(query), withUdp: query.udp === 'true', folded };
}

/** Changes the link; undefined takes a word out of it. */
function change(query: Query, words: Readonly<Record<string, string | undefined>>): void {
  const next = Object.entries({ ...query, ...words }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  goTo(linkTo('reach', [], Object.fromEntries(next)), { replace: true });
}

function isSameCell(one: CellName, other: CellName | null): boolean {
  return one.from === other?.from && one.to === other.to && one.door === other.door;
}

function toggled(set: ReadonlySet<string>, one: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(one)) next.add(one);
  return next;
}

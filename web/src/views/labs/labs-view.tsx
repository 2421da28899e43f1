// All labs, the lessons that one can begin with, and the place to bring a file to; or the one lab that the link names.
import { useEffect, useState } from 'preact/hooks';
import type { LabView, LessonSummary } from '../../../../src/client/index.ts';
import { language } from '../../preferences.ts';
import { linkTo } from '../../router.ts';
import { mayChange } from '../../session.ts';
import { client, store } from '../../store/store.ts';
import { CopyAs } from '../../ui/copy-as.tsx';
import { DataTable } from '../../ui/data-table.tsx';
import { reportFailure } from '../../ui/toasts.tsx';
import type { ViewProps } from '../view.ts';
import { ChangeProgress } from './change-progress.tsx';
import { changeOf } from './changes.ts';
import { LabBody } from './lab-body.tsx';
import { pickLanguage, readParagraphs } from './lab-text.ts';
import './labs.css';
import { TimeLeft } from './life.tsx';
import { messages } from './messages.ts';
import { useLab, useLabs } from './use-labs.ts';
import { Workbench } from './workbench.tsx';

export default function LabsView({ parts: [name], query: { engine } }: ViewProps) {
  return name === undefined ? <LabList /> : <LabPage name={name} engine={engine} />;
}

function LabList() {
  const t = messages.value;
  const labs = useLabs();
  const hasSeveral = store.engines.all.value.length > 1;
  return (
    <section class="page labs">
      <h1>{t.title}</h1>
      <Lessons />
      <h2>{t.running}</h2>
      <DataTable<LabView>
        label={t.running}
        rows={labs.value ?? []}
        nameOf={({ name, engine }) => `${engine} ${name}`}
        empty={labs.value === null ? undefined : t.none}
        columns={[
          {
            key: 'name',
            title: t.name,
            value: ({ name }) => name,
            render: ({ name, engine }) => <a href={linkTo('labs', [name], hasSeveral ? { engine } : {})}>{name}</a>,
          },
          {
            key: 'state',
            title: t.stateTitle,
            value: ({ state }) => t.state(state),
            render: ({ state }) => <span class={`labs-state labs-state-${state}`}>{t.state(state)}</span>,
          },
          { key: 'members', title: t.members, value: countMembers },
          {
            key: 'left',
            title: t.timeLeft,
            value: ({ expiresAt }) => expiresAt ?? '9999',
            render: ({ expiresAt }) => <TimeLeft expiresAt={expiresAt} />,
          },
          { key: 'owner', title: t.owner, value: ({ owner }) => owner ?? '' },
          { key: 'engine', title: t.engine, value: ({ engine }) => engine },
        ]}
      />
      <p>
        <CopyAs call={{ method: 'GET', path: '/api/v1/labs' }} cli={['ls']} />
      </p>
      {mayChange.value && (
        <>
          <h2>{t.bring}</h2>
          <Workbench place={null} initial="" again={labs.value?.length} />
        </>
      )}
    </section>
  );
}

function countMembers({ containers }: LabView): string {
  const t = messages.value;
  return t.runningOf(containers.filter(({ state }) => state === 'running').length, containers.length);
}

function Lessons() {
  const t = messages.value;
  const [lessons, setLessons] = useState<readonly LessonSummary[]>([]);
  useEffect(() => {
    const ending = new AbortController();
    client()
      .lessons.list({ signal: ending.signal })
      .then(setLessons)
      .catch((error: unknown) => {
        if (!ending.signal.aborted) reportFailure(error);
      });
    return () => ending.abort();
  }, []);
  if (lessons.length === 0) return null;
  return (
    <>
      <h2>{t.lessons}</h2>
      <ul class="labs-lessons">
        {lessons.map(({ name, title, summary, steps, checks }) => (
          <li key={name}>
            <a href={linkTo('lessons', [name])}>{pickLanguage(title, language.value)}</a>
            <p>{pickLanguage(summary, language.value)}</p>
            <p class="quiet">{t.lessonCounts(steps, checks)}</p>
          </li>
        ))}
      </ul>
    </>
  );
}

function LabPage({ name, engine }: { name: string; engine: string | undefined }) {
  const t = messages.value;
  const { value: lab, error, look } = useLab(name, engine);
  const isGone = error?.code === 'lab_not_found';
  // A change that was begun before the lab was there knew no engine.
  const places = [{ name, engine }, ...(lab === null || lab.engine === engine ? [] : [{ name, engine: lab.engine }])];
  const isChanging = places.some((place) => changeOf(place)?.state === 'running');
  useEffect(look, [isChanging]);
  const title = pickLanguage(lab?.file?.title, language.value);
  return (
    <section class="page labs">
      <p>
        <a href={linkTo('labs')}>{t.back}</a>
      </p>
      <h1>
        {title === '' ? name : title} {title !== '' && <code class="labs-name">{name}</code>}
      </h1>
      {readParagraphs(pickLanguage(lab?.file?.description, language.value)).map((parts, index) => (
        <p key={index} class="labs-about">
          {parts.map(({ text }) => text)}
        </p>
      ))}
      {places.map((place) => (
        <ChangeProgress key={place.engine ?? ''} place={place} />
      ))}
      {lab !== null && <LabBody lab={lab} look={look} />}
      {lab === null && isGone && !isChanging && <p role="status">{t.noLab(name)}</p>}
      {lab === null && error !== null && !isGone && (
        <p class="field-error" role="alert">
          {error.message}
        </p>
      )}
    </section>
  );
}

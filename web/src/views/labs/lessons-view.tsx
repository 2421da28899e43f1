// A lesson: what it tells, and, once it is begun, the lab that it is, with its checks turning green.
import { useEffect, useState } from 'preact/hooks';
import type { Lesson } from '../../../../src/client/index.ts';
import { language } from '../../preferences.ts';
import { goTo, linkTo } from '../../router.ts';
import { mayChange } from '../../session.ts';
import { client } from '../../store/store.ts';
import { Button } from '../../ui/button.tsx';
import { CopyAs } from '../../ui/copy-as.tsx';
import { Field } from '../../ui/field.tsx';
import type { ViewProps } from '../view.ts';
import { ChangeProgress } from './change-progress.tsx';
import { applyLab, changeOf } from './changes.ts';
import { LabBody } from './lab-body.tsx';
import { pickLanguage } from './lab-text.ts';
import './labs.css';
import { messages } from './messages.ts';
import { PlanDiff } from './plan.tsx';
import { Steps } from './steps.tsx';
import { useLab, useLabs } from './use-labs.ts';
import { usePlan } from './use-plan.ts';
import { spellFailure } from './workbench.tsx';

export default function LessonsView({ parts: [name = ''], query: { as = '' } }: ViewProps) {
  const t = messages.value;
  const { lesson, error } = useLesson(name);
  if (error !== null)
    return (
      <section class="page labs">
        <h1>{t.noLesson(name)}</h1>
        <p>{spellFailure(error)}</p>
        <p>
          <a href={linkTo('labs')}>{t.back}</a>
        </p>
      </section>
    );
  if (lesson === null) return <section class="page labs" aria-busy="true" />;
  return (
    <section class="page labs">
      <p>
        <a href={linkTo('labs')}>{t.back}</a>
      </p>
      <h1>{pickLanguage(lesson.title, language.value)}</h1>
      <p class="labs-about">{pickLanguage(lesson.summary, language.value)}</p>
      <LessonLab key={`${lesson.name} ${as}`} lesson={lesson} as={as} />
    </section>
  );
}

function LessonLab({ lesson, as }: { lesson: Lesson; as: string }) {
  const t = messages.value;
  const name = as === '' ? lesson.name : `${lesson.name}.${as}`;
  const place = { name };
  // Asked for by the list: what is not there yet is no failure.
  const { value: labs, look } = useLabs();
  const lab = labs?.find((one) => one.name === name);
  const isChanging = changeOf(place)?.state === 'running';
  useEffect(look, [isChanging]);
  const isMissing = labs !== null && lab === undefined;
  // Drawn again while somebody types, an input that only knew the address would take it back.
  const [typedWho, setWho] = useState(as);
  const planning = usePlan(place, isMissing && mayChange.value ? lesson.text : '', undefined, isChanging);
  return (
    <>
      <ChangeProgress place={place} />
      {lab !== undefined && <BegunLab name={name} engine={lab.engine} />}
      {lab === undefined && (
        <div class="labs-columns">
          <Steps file={lesson.file} lab={name} checks={null} />
          {isMissing && !isChanging && mayChange.value && (
            <section class="labs-start" aria-label={t.begin}>
              <h2>{t.begin}</h2>
              <Field label={t.forWhom} hint={t.forWhomHint(name)}>
                {(input) => (
                  <input
                    {...input}
                    value={typedWho}
                    autocomplete="off"
                    spellcheck={false}
                    onInput={({ currentTarget }) => setWho(currentTarget.value)}
                    onChange={({ currentTarget }) => {
                      const who = currentTarget.value.trim();
                      goTo(linkTo('lessons', [lesson.name], who === '' ? {} : { as: who }), { replace: true });
                    }}
                  />
                )}
              </Field>
              {planning.error !== null && (
                <p class="field-error" role="alert">
                  {spellFailure(planning.error)}
                </p>
              )}
              {planning.plan !== null && <PlanDiff plan={planning.plan} />}
              <div class="labs-tools">
                <Button
                  kind="primary"
                  disabled={planning.state !== 'planned' || (planning.plan?.conflicts.length ?? 0) > 0}
                  onClick={() => void applyLab(place, lesson.text)}
                >
                  {t.begin}
                </Button>
                <CopyAs
                  call={{
                    method: 'PUT',
                    path: `/api/v1/labs/${encodeURIComponent(name)}`,
                    body: lesson.text,
                    contentType: 'application/yaml',
                  }}
                  cli={['up', '--lesson', lesson.name, ...(as === '' ? [] : ['--as', as])]}
                />
              </div>
            </section>
          )}
          {isMissing && !mayChange.value && <p class="quiet">{t.notBegun}</p>}
        </div>
      )}
    </>
  );
}

function BegunLab({ name, engine }: { name: string; engine: string }) {
  const { value: lab, look } = useLab(name, engine);
  const isChanging = [{ name }, { name, engine }].some((place) => changeOf(place)?.state === 'running');
  useEffect(look, [isChanging]);
  return (
    <>
      <ChangeProgress place={{ name, engine }} />
      {lab !== null && <LabBody lab={lab} look={look} />}
    </>
  );
}

function useLesson(name: string): { lesson: Lesson | null; error: unknown } {
  const [held, hold] = useState<{ name: string; lesson: Lesson | null; error: unknown } | null>(null);
  useEffect(() => {
    const ending = new AbortController();
    client()
      .lessons.get(name, { signal: ending.signal })
      .then((lesson) => hold({ name, lesson, error: null }))
      .catch((error: unknown) => {
        if (!ending.signal.aborted) hold({ name, lesson: null, error });
      });
    return () => ending.abort();
  }, [name]);
  return held?.name === name ? held : { lesson: null, error: null };
}

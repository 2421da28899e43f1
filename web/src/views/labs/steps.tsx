// The steps of a lesson, and the checks that prove them, green as soon as they hold.
import type { CheckResult, LabFile } from '../../../../src/client/index.ts';
import { language } from '../../preferences.ts';
import { Button } from '../../ui/button.tsx';
import { copyText } from '../../ui/copy-text.ts';
import { say } from '../../ui/toasts.tsx';
import { nameForLab, pickLanguage, readParagraphs } from './lab-text.ts';
import { messages } from './messages.ts';
import type { Checks } from './use-checks.ts';

export interface StepsProps {
  readonly file: LabFile;
  /** The lab that commands are for; its containers are named after it. */
  readonly lab: string;
  /** null: the lab is not there yet. */
  readonly checks: Checks | null;
}

type Status = CheckResult['status'] | 'unknown';

export function Steps({ file, lab, checks }: StepsProps) {
  const t = messages.value;
  const steps = file.steps ?? [];
  const all = Object.keys(file.checks ?? {});
  const inSteps = new Set(steps.flatMap(({ check = [] }) => check));
  const others = all.filter((name) => !inSteps.has(name));
  const holding = all.filter((name) => statusOf(name, checks) === 'pass').length;
  return (
    <>
      {checks !== null && all.length > 0 && (
        <p class="labs-progress" role="status" data-holding={holding} data-checks={all.length}>
          <progress max={all.length} value={holding} aria-label={t.checks} /> {t.holding(holding, all.length)}
        </p>
      )}
      {checks?.error != null && (
        <p class="field-error" role="alert">
          {checks.error.message}
        </p>
      )}
      {steps.length > 0 && (
        <ol class="labs-lesson">
          {steps.map(({ text, command, check = [] }, index) => {
            const names = [check].flat();
            const isDone = names.length > 0 && names.every((name) => statusOf(name, checks) === 'pass');
            return (
              // Steps have no names, and their order is the lesson's.
              <li key={index} class={isDone ? 'step-done' : undefined} data-step={isDone ? 'done' : 'open'}>
                <Words text={nameFor(pickLanguage(text, language.value), file, lab)} />
                {command !== undefined && <Command text={nameFor(command, file, lab)} />}
                <CheckList names={names} file={file} lab={lab} checks={checks} />
              </li>
            );
          })}
        </ol>
      )}
      {others.length > 0 && (
        <>
          <h2>{steps.length > 0 ? t.otherChecks : t.checks}</h2>
          <CheckList names={others} file={file} lab={lab} checks={checks} />
        </>
      )}
    </>
  );
}

function CheckList({ names, file, lab, checks }: StepsProps & { readonly names: readonly string[] }) {
  const t = messages.value;
  return (
    <ul class="labs-checks">
      {names.map((name) => {
        const results = checks?.results.get(name) ?? [];
        const status = statusOf(name, checks);
        const stated = pickLanguage(file.checks?.[name]?.text, language.value);
        const failing = results.filter((result) => result.status !== 'pass');
        const passing = results.length - failing.length;
        return (
          <li key={name} class={`check-${status}`} data-check={name} data-status={status}>
            <span class="check-sign" role="img" aria-label={t.status(status)} />
            <div>
              <span>{stated || results[0]?.claim || name}</span>
              {results.length > 1 && <span class="quiet"> {t.ofInstances(passing, results.length)}</span>}
              {failing.slice(0, 10).map((result) => (
                <div key={result.instance} class="check-evidence">
                  <p>
                    {result.instance !== null && <b>{t.instance(result.instance)}: </b>}
                    {result.evidence}
                  </p>
                  {result.hint !== null && (
                    <p class="check-hint">
                      <b>{t.hint}</b> {hintFor(name, result, file, lab)}
                    </p>
                  )}
                </div>
              ))}
              {status === 'pass' && results.length === 1 && <p class="check-seen">{results[0]?.evidence}</p>}
            </div>
          </li>
        );
      })}
    </ul>
  );
}

/** The file's own hint in the language of the page; the server sends it in one. */
function hintFor(name: string, { hint }: CheckResult, file: LabFile, lab: string): string {
  const own = pickLanguage(file.checks?.[name]?.hint, language.value);
  return nameFor(own === '' ? (hint ?? '') : own, file, lab);
}

function statusOf(name: string, checks: Checks | null): Status {
  const results = checks?.results.get(name) ?? [];
  if (results.length === 0) return 'unknown';
  if (results.some(({ status }) => status === 'error')) return 'error';
  return results.every(({ status }) => status === 'pass') ? 'pass' : 'fail';
}

function Words({ text }: { text: string }) {
  return (
    <>
      {readParagraphs(text).map((parts, index) => (
        <p key={index}>{parts.map(({ text: part, isCode }) => (isCode ? <code>{part}</code> : part))}</p>
      ))}
    </>
  );
}

function Command({ text }: { text: string }) {
  const t = messages.value;
  const copy = async () => {
    if (await copyText(text)) say(t.copied);
  };
  return (
    <div class="labs-command">
      <pre>{text}</pre>
      <Button aria-label={t.copyCommand} onClick={() => void copy()}>
        {t.copy}
      </Button>
    </div>
  );
}

function nameFor(text: string, file: LabFile, lab: string): string {
  return nameForLab(text.trimEnd(), { written: file.name, lab, keys: Object.keys(file.containers) });
}

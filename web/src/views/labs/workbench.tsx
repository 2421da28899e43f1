// A lab file at work: dropped, chosen, pasted or typed; its errors at their lines; what an apply would do; and the apply.
import { useRef, useState } from 'preact/hooks';
import { TerrariumError } from '../../../../src/client/index.ts';
import { goTo, linkTo } from '../../router.ts';
import { Button } from '../../ui/button.tsx';
import { CopyAs } from '../../ui/copy-as.tsx';
import { Field } from '../../ui/field.tsx';
import { reportFailure } from '../../ui/toasts.tsx';
import { applyLab, changeOf, type Place } from './changes.ts';
import { Editor } from './editor.tsx';
import { findName } from './lab-text.ts';
import { messages } from './messages.ts';
import { PlanDiff } from './plan.tsx';
import { usePlan } from './use-plan.ts';

/** Bytes. The server reads less; this only keeps a film out of the text area. */
const largestFile = 4_000_000;

interface WorkbenchProps {
  /** The lab whose file it is; null: a new one. */
  readonly place: Place | null;
  readonly initial: string;
  readonly instances?: number | null;
  /** Changes when the lab has. */
  readonly again?: unknown;
}

export function Workbench({ place, initial, instances: givenInstances = null, again }: WorkbenchProps) {
  const t = messages.value;
  const [text, setText] = useState(initial);
  const [typedName, setName] = useState('');
  const [typedInstances, setInstances] = useState(givenInstances === null ? '' : String(givenInstances));
  const [isOver, setOver] = useState(false);
  const chooser = useRef<HTMLInputElement>(null);
  const target: Place = place ?? { name: typedName.trim() || (findName(text) ?? '') };
  const instances = /^\d+$/.test(typedInstances.trim()) ? Number(typedInstances) : undefined;
  const planning = usePlan(target, text, instances, again);
  const change = changeOf(target);
  const isRunning = change?.state === 'running';
  const { error } = planning;
  const problems = (error instanceof TerrariumError ? error.problem?.problems : undefined) ?? [];

  const take = async (files: FileList | null | undefined) => {
    const file = files?.[0];
    if (file === undefined) return;
    if (file.size > largestFile) return reportFailure(new Error(t.tooLarge(file.name)));
    setText(await file.text());
    if (place === null) setName(file.name.replace(/(\.lab)?\.(ya?ml|json)$/i, '').toLowerCase());
  };
  const apply = () => {
    void applyLab(target, text, instances);
    if (place === null) goTo(linkTo('labs', [target.name]));
  };
  const path = `/api/v1/labs/${encodeURIComponent(target.name)}${instances === undefined ? '' : `?instances=${instances}`}`;

  return (
    <section
      class={`labs-bench ${isOver ? 'labs-bench-over' : ''}`}
      aria-label={t.file}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void take(event.dataTransfer?.files);
      }}
    >
      <div class="labs-tools">
        <Button onClick={() => chooser.current?.click()}>{t.chooseFile}</Button>
        <input
          ref={chooser}
          class="visually-hidden"
          type="file"
          tabIndex={-1}
          aria-label={t.chooseFile}
          accept=".yaml,.yml,.json"
          onChange={({ currentTarget }) => {
            void take(currentTarget.files);
            currentTarget.value = '';
          }}
        />
        <span class="quiet">{t.dropHere}</span>
      </div>
      <Editor label={t.file} value={text} onInput={setText} problems={problems} />
      <div class="labs-options">
        {place === null && (
          <Field label={t.name} hint={t.nameHint}>
            {(input) => (
              <input
                {...input}
                value={typedName}
                placeholder={findName(text) ?? 'lab'}
                autocomplete="off"
                spellcheck={false}
                onInput={({ currentTarget }) => setName(currentTarget.value)}
              />
            )}
          </Field>
        )}
        <Field label={t.instances} hint={t.instancesHint}>
          {(input) => (
            <input
              {...input}
              value={typedInstances}
              inputMode="numeric"
              autocomplete="off"
              onInput={({ currentTarget }) => setInstances(currentTarget.value)}
            />
          )}
        </Field>
      </div>
      {error !== null && problems.length === 0 && (
        <p class="field-error" role="alert">
          {spellFailure(error)}
        </p>
      )}
      {text.trim() !== '' && target.name === '' && <p class="field-error">{t.needsName}</p>}
      {planning.plan !== null && <PlanDiff plan={planning.plan} />}
      <div class="labs-tools">
        <Button
          kind="primary"
          disabled={
            isRunning ||
            planning.state !== 'planned' ||
            planning.plan?.empty ||
            (planning.plan?.conflicts.length ?? 0) > 0
          }
          onClick={apply}
        >
          {t.apply}
        </Button>
        <span class="quiet" role="status" data-planning={planning.state}>
          {planning.state === 'asking' ? t.planning : ''}
        </span>
        {target.name !== '' && text !== '' && (
          <CopyAs
            call={{ method: 'PUT', path, body: text, contentType: 'application/yaml' }}
            cli={['up', 'lab.yaml', '--name', target.name]}
          />
        )}
      </div>
    </section>
  );
}

export function spellFailure(error: unknown): string {
  if (!(error instanceof TerrariumError)) return error instanceof Error ? error.message : String(error);
  return [error.message, error.hint]
    .filter((part) => part !== undefined)
    .map((part) => part.replace(/\.$/, ''))
    .join('. ');
}

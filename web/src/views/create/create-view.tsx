// The form: what is typed goes into the link, is tried on the server, and shows beside it what it will be.
import { useEffect, useState } from 'preact/hooks';
import { type Container, TerrariumError } from '../../../../src/client/index.ts';
import { goTo, linkTo } from '../../router.ts';
import { mayChange } from '../../session.ts';
import { client, refresh, store } from '../../store/store.ts';
import { Button } from '../../ui/button.tsx';
import { CopyAs } from '../../ui/copy-as.tsx';
import { reportFailure, say } from '../../ui/toasts.tsx';
import type { ViewProps } from '../view.ts';
import { listCliWords } from './cli-words.ts';
import './create.css';
import type { DockerRequest } from './docker-run.ts';
import type { FormHandle } from './fields.tsx';
import { type CreateForm, type CreateMode, findField, modes, readForm, readRequest } from './form.ts';
import { FormFields } from './form-fields.tsx';
import { messages } from './messages.ts';
import { DockerLine, Warnings } from './outcome.tsx';
import { Picture } from './picture.tsx';
import { describeScene, findTarget, type Scene } from './scene.ts';
import { useDryRun } from './use-dry-run.ts';

export default function CreateView({ parts: [part], query }: ViewProps) {
  const t = messages.value;
  if (!mayChange.value)
    return (
      <section class="page">
        <h1>{t.title}</h1>
        <p>{t.viewOnly}</p>
      </section>
    );
  return <CreateForMode mode={modes.find((mode) => mode === part) ?? 'closed'} values={readForm(query)} />;
}

function CreateForMode({ mode, values }: { mode: CreateMode; values: CreateForm }) {
  const t = messages.value;
  const request = readRequest(mode, values);
  const trial = useDryRun(mode, request);
  const [refusal, setRefusal] = useState<unknown>(null);
  const [isCreating, setCreating] = useState(false);
  const images = useImages();
  // What the server said to a create is about the form as it was then.
  useEffect(() => setRefusal(null), [mode, JSON.stringify(values)]);

  const error = refusal ?? trial.error;
  const culprit = error instanceof TerrariumError ? findField(mode, error.field) : null;
  const form: FormHandle = {
    values,
    set: (name, value) => goTo(linkTo('create', [mode], readForm({ ...values, [name]: value })), { replace: true }),
    errorOf(name) {
      const problem = request.problems[name];
      if (problem !== undefined) return t.problem(problem);
      // A target that nobody has chosen yet is no mistake.
      if (name === 'target' && (values.target ?? '') === '') return undefined;
      return culprit?.name === name ? spellError(error) : undefined;
    },
  };
  const dryRun = trial.dryRun;
  const dockerRequest = dryRun === null ? null : (dryRun.request as DockerRequest);
  const { containers, networks } = store;
  const scene = describeScene(mode, request.body, dockerRequest, {
    containers: containers.all.value,
    networks: networks.all.value,
  });
  const target = findTarget(values.target ?? '', containers.all.value);
  const body = dockerRequest === null ? request.body : { ...request.body, image: dockerRequest.Image };
  const cli = listCliWords(mode, body);

  const create = async (event: Event) => {
    event.preventDefault();
    if (isCreating || trial.state === 'refused') return;
    setCreating(true);
    try {
      const made: Container = await client().containers.create(mode, request.body);
      say(t.created(made.name));
      goTo(linkTo('containers', [made.id]));
      refresh();
    } catch (failure) {
      setRefusal(failure);
      if (!(failure instanceof TerrariumError) || findField(mode, failure.field) === null) reportFailure(failure);
    } finally {
      setCreating(false);
    }
  };

  return (
    <form class="page create" onSubmit={create} novalidate aria-label={t.title}>
      <h1>{t.title}</h1>
      <ModePicker mode={mode} values={values} />
      <div class="create-columns">
        <div class="create-fields">
          <FormFields
            mode={mode}
            form={form}
            images={images}
            wrongPort={culprit?.name === 'ports' ? culprit.line : -1}
          />
          <Button onClick={() => goTo(linkTo('create', [mode]), { replace: true })}>{t.reset}</Button>
        </div>
        <div class="create-outcome">
          <h2>{t.picture}</h2>
          <Picture scene={scene} name={values.name ?? ''} caption={describe(mode, scene, target?.name ?? '')} />
          <p role="status" class={`lamp create-state create-state-${trial.state}`} data-trial={trial.state}>
            {isCreating ? t.creating : t[trial.state]}
          </p>
          {error !== null && culprit === null && !(mode === 'joined' && (values.target ?? '') === '') && (
            <p class="field-error" role="alert">
              {spellError(error)}
            </p>
          )}
          <div class="create-tools">
            <Button kind="primary" type="submit" disabled={isCreating || trial.state === 'refused'}>
              {t.create}
            </Button>
            <CopyAs
              call={{ method: 'POST', path: `/api/v1/containers/${mode}`, body: request.body }}
              {...(cli !== null && { cli })}
            />
          </div>
          {dryRun !== null && (
            <>
              <Warnings warnings={dryRun.warnings} />
              <DockerLine
                dryRun={dryRun}
                name={values.name ?? ''}
                {...(mode === 'joined' && target !== undefined && { networkMode: `container:${target.name}` })}
              />
              <details class="create-request">
                <summary>{t.request}</summary>
                <pre>{JSON.stringify(dryRun.request, null, 2)}</pre>
              </details>
            </>
          )}
        </div>
      </div>
    </form>
  );
}

function ModePicker({ mode, values }: { mode: CreateMode; values: CreateForm }) {
  const t = messages.value;
  return (
    <fieldset class="create-modes">
      <legend class="visually-hidden">{t.model}</legend>
      {modes.map((one) => (
        <label key={one} class={`create-mode ${one === mode ? 'create-mode-chosen' : ''}`}>
          <input
            type="radio"
            name="mode"
            checked={one === mode}
            onChange={() => goTo(linkTo('create', [one], { ...values }), { replace: true })}
          />
          <span class="create-mode-title">{t.modeTitle(one)}</span>
          <span class="create-mode-about">{t.modeAbout(one)}</span>
        </label>
      ))}
    </fieldset>
  );
}

function describe(mode: CreateMode, { bridge, doors, namespace }: Scene, target: string): string {
  const t = messages.value;
  if (mode === 'joined')
    return namespace.members.length === 0 ? t.saysNoTarget : t.saysJoined(target, namespace.members.length);
  if (namespace.kind === 'host') return t.saysHost;
  if (bridge === null) return t.saysClosed;
  return mode === 'open' ? t.saysOpen(bridge.name, doors.length) : t.saysBridged(bridge.name);
}

function spellError(error: unknown): string {
  if (!(error instanceof TerrariumError)) return String(error);
  return [error.message, error.hint]
    .filter((part) => part !== undefined)
    .map((part) => part.replace(/\.$/, ''))
    .join('. ');
}

/** Names of images that are there already: suggestions, no more. */
function useImages(): readonly string[] {
  const [images, setImages] = useState<readonly string[]>([]);
  useEffect(() => {
    const ending = new AbortController();
    client()
      .images.list({ signal: ending.signal })
      .then((all) => setImages([...new Set(all.flatMap(({ tags }) => tags))].sort()))
      .catch(() => {});
    return () => ending.abort();
  }, []);
  return images;
}

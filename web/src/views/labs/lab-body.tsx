// One lab: how it is, how long it lives, its steps and checks, who belongs to it, its file, and its end.
import { useState } from 'preact/hooks';
import type { LabInFull } from '../../../../src/client/index.ts';
import { goTo, linkTo } from '../../router.ts';
import { mayChange } from '../../session.ts';
import { Button } from '../../ui/button.tsx';
import { CopyAs } from '../../ui/copy-as.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { say } from '../../ui/toasts.tsx';
import { applyLab, changeOf, removeLab } from './changes.ts';
import { Life } from './life.tsx';
import { messages } from './messages.ts';
import { Steps } from './steps.tsx';
import { useChecks } from './use-checks.ts';
import { Workbench } from './workbench.tsx';

export function LabBody({ lab, look }: { lab: LabInFull; look: () => void }) {
  const t = messages.value;
  const { name, engine, file } = lab;
  const place = { name, engine };
  const checks = useChecks(name, { engine, generation: lab.generation, file });
  const isChanging = changeOf(place)?.state === 'running';
  const repair = () => void applyLab(place, JSON.stringify(file), lab.instances).then(look);
  return (
    <>
      <div class="labs-head">
        <span class={`labs-state labs-state-${lab.state}`}>{t.state(lab.state)}</span>
        {lab.state === 'differs' && file !== null && (
          <Button changes disabled={isChanging} onClick={repair}>
            {t.repair}
          </Button>
        )}
        {lab.instances !== null && <span>{t.countInstances(lab.instances)}</span>}
        <span class="quiet">
          {[lab.owner === null ? null : t.ownedBy(lab.owner), t.onEngine(engine)]
            .filter((one) => one !== null)
            .join(' · ')}
        </span>
        <Life lab={lab} onChanged={look} />
        <Destroy lab={lab} isChanging={isChanging} />
        <CopyAs
          call={{ method: 'POST', path: `/api/v1/labs/${encodeURIComponent(name)}/check` }}
          cli={['check', name]}
        />
      </div>
      {lab.document === 'lost' && (
        <p class="labs-conflict" role="alert">
          {t.documentLost}
        </p>
      )}
      <div class="labs-columns">
        <div>{file === null ? <p class="quiet">{t.noFile}</p> : <Steps file={file} lab={name} checks={checks} />}</div>
        <div>
          <Members lab={lab} />
          {mayChange.value && (
            <details class="labs-file">
              <summary>{t.changeFile}</summary>
              <Workbench
                // Another generation is another file.
                key={`${name} ${lab.generation}`}
                place={place}
                initial={file === null ? '' : JSON.stringify(file, null, 2)}
                instances={lab.instances}
                again={lab.state}
              />
            </details>
          )}
        </div>
      </div>
    </>
  );
}

function Members({ lab: { containers, networks } }: { lab: LabInFull }) {
  const t = messages.value;
  return (
    <section aria-label={t.members}>
      <h2>{t.members}</h2>
      <ul class="labs-members">
        {containers.map(({ id, name, mode, state }) => (
          <li key={id}>
            <a href={linkTo('containers', [id])}>{name}</a> <span class="quiet">{t.mode(mode)}</span>{' '}
            <span class={state === 'running' ? 'good' : 'bad'}>{t.containerState(state)}</span>
          </li>
        ))}
        {networks.map(({ id, name }) => (
          <li key={id}>
            {name} <span class="quiet">{t.kind('network')}</span>
          </li>
        ))}
      </ul>
      {containers.length + networks.length === 0 && <p class="quiet">{t.noMembers}</p>}
    </section>
  );
}

function Destroy({ lab, isChanging }: { lab: LabInFull; isChanging: boolean }) {
  const t = messages.value;
  const [isAsking, setAsking] = useState(false);
  const { name, engine, containers, networks } = lab;
  const destroy = async () => {
    setAsking(false);
    if (!(await removeLab({ name, engine }))) return;
    say(t.destroyed(name));
    if (location.hash.startsWith(linkTo('labs', [name]))) goTo(linkTo('labs'));
  };
  return (
    <>
      <Button changes kind="danger" disabled={isChanging} onClick={() => setAsking(true)}>
        {t.destroy}
      </Button>
      {isAsking && (
        <Dialog label={t.destroyAsk(name)} onClose={() => setAsking(false)}>
          <h2 class="labs-dialog-title">{t.destroyAsk(name)}</h2>
          <p>{t.destroyAbout(containers.length, networks.length)}</p>
          <div class="labs-tools">
            <Button kind="danger" onClick={() => void destroy()}>
              {t.destroy}
            </Button>
            <Button onClick={() => setAsking(false)}>{t.keep}</Button>
          </div>
        </Dialog>
      )}
    </>
  );
}

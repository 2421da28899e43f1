// What can be done to the container. What cannot is explained in place of failing.
import { useState } from 'preact/hooks';
import type { Container } from '../../../../../src/client/index.ts';
import { client } from '../../../store/store.ts';
import { Button } from '../../../ui/button.tsx';
import { CopyAs } from '../../../ui/copy-as.tsx';
import { perform } from '../../../ui/toasts.tsx';
import { ActionLines } from './action-lines.tsx';
import { apiPath, cliWords } from './elsewhere.ts';
import { explainRefusal, listVerbs, type Verb } from './explain.ts';
import { messages } from './messages.ts';
import { RemoveDialog } from './remove-dialog.tsx';

interface ActionsProps {
  readonly container: Container;
  readonly isGone: boolean;
}

export function Actions({ container, isGone }: ActionsProps) {
  const t = messages.value;
  const [running, setRunning] = useState<Verb | null>(null);
  const [open, setOpen] = useState<'remove' | 'lines' | null>(null);
  const refusal = explainRefusal(container, isGone);
  const act = async (verb: Verb) => {
    setRunning(verb);
    await perform(() => client().containers[verb](container.id), t.done[verb](container.name));
    setRunning(null);
  };
  return (
    <div class="container-actions">
      <fieldset class="container-buttons" aria-label={t.actions} aria-busy={running !== null}>
        {listVerbs(container).map((verb) => (
          <Button
            key={verb}
            changes
            kind={verb === 'rejoin' ? 'primary' : 'plain'}
            disabled={refusal !== null || running !== null}
            title={t.verbHints[verb]}
            onClick={() => void act(verb)}
          >
            {t.verbs[verb]}
          </Button>
        ))}
        <Button changes kind="danger" disabled={refusal !== null || running !== null} onClick={() => setOpen('remove')}>
          {t.remove}…
        </Button>
        {refusal === null && <Button onClick={() => setOpen('lines')}>{t.asLines}…</Button>}
        <CopyAs
          call={{ method: 'GET', path: apiPath(container) }}
          cli={cliWords(container, ['ns', 'show'])}
          socket={{
            path: '/api/v1/stream',
            say: [{ type: 'subscribe', id: '1', topic: 'events', container: container.name }],
          }}
        />
      </fieldset>
      {refusal !== null && (
        <p class="container-refusal" data-refusal>
          {refusal}
        </p>
      )}
      {open === 'remove' && <RemoveDialog container={container} onClose={() => setOpen(null)} />}
      {open === 'lines' && <ActionLines container={container} onClose={() => setOpen(null)} />}
    </div>
  );
}

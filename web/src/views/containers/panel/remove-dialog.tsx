// Asks before a container is removed, and says what goes with it.
import { useState } from 'preact/hooks';
import type { Container } from '../../../../../src/client/index.ts';
import { client, store } from '../../../store/store.ts';
import { Button } from '../../../ui/button.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { perform } from '../../../ui/toasts.tsx';
import { spellPort } from '../spelling.ts';
import { messages } from './messages.ts';

interface RemoveDialogProps {
  readonly container: Container;
  readonly onClose: () => void;
}

export function RemoveDialog({ container, onClose }: RemoveDialogProps) {
  const t = messages.value;
  const [isBusy, setBusy] = useState(false);
  const remove = async () => {
    setBusy(true);
    await perform(() => client().containers.remove(container.id), t.removed(container.name));
    onClose();
  };
  return (
    <Dialog label={t.removeTitle(container.name)} onClose={onClose}>
      <h2 class="container-dialog-title">{t.removeTitle(container.name)}</h2>
      <p>{t.goesWithIt}</p>
      <ul data-losses>
        {listLosses(container).map((loss) => (
          <li key={loss}>{loss}</li>
        ))}
      </ul>
      <div class="container-buttons">
        {/* The first gets the focus: Enter alone removes nothing. */}
        <Button disabled={isBusy} onClick={onClose}>
          {t.cancel}
        </Button>
        <Button kind="danger" disabled={isBusy} onClick={() => void remove()}>
          {t.remove}
        </Button>
      </div>
    </Dialog>
  );
}

function listLosses({ id, name, state, ports, lab }: Container): readonly string[] {
  const t = messages.value.losses;
  const joined = store.containers.all.value.filter(({ joinedTo }) => joinedTo?.id === id).map((one) => one.name);
  return [
    t.files,
    ...(state === 'running' || state === 'paused' ? [t.processes] : []),
    ...(joined.length > 0 ? [t.joined(joined.join(', '))] : []),
    ...(ports.length > 0 ? [t.ports(ports.map(spellPort).join(', '))] : []),
    ...(lab === null ? [] : [t.lab(lab, name)]),
  ];
}

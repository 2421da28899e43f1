// Each action as somebody would do it elsewhere.
import type { Container } from '../../../../../src/client/index.ts';
import { Button } from '../../../ui/button.tsx';
import { CopyWays } from '../../../ui/copy-as.tsx';
import { Dialog } from '../../../ui/dialog.tsx';
import { apiPath, cliWords } from './elsewhere.ts';
import { listVerbs } from './explain.ts';
import { messages } from './messages.ts';

interface ActionLinesProps {
  readonly container: Container;
  readonly onClose: () => void;
}

export function ActionLines({ container, onClose }: ActionLinesProps) {
  const t = messages.value;
  const followed = {
    path: '/api/v1/stream',
    say: [{ type: 'subscribe', id: '1', topic: 'events', container: container.name }],
  };
  return (
    <Dialog label={t.asLines} onClose={onClose}>
      <h2 class="container-dialog-title">{t.asLines}</h2>
      <p class="quiet">{t.asLinesHint}</p>
      <dl class="container-lines">
        {listVerbs(container).map((verb) => (
          <div key={verb}>
            <dt>{t.verbs[verb]}</dt>
            <dd>
              <CopyWays
                call={{ method: 'POST', path: apiPath(container, `/${verb}`) }}
                cli={cliWords(container, [verb])}
                onCopied={onClose}
              />
            </dd>
          </div>
        ))}
        <div>
          <dt>{t.remove}</dt>
          <dd>
            <CopyWays
              call={{ method: 'DELETE', path: apiPath(container) }}
              cli={cliWords(container, ['rm', '-f'])}
              onCopied={onClose}
            />
          </dd>
        </div>
        <div>
          <dt>{t.watchIt}</dt>
          <dd>
            <CopyWays cli={cliWords(container, ['watch'])} socket={followed} onCopied={onClose} />
          </dd>
        </div>
      </dl>
      <Button onClick={onClose}>{t.close}</Button>
    </Dialog>
  );
}

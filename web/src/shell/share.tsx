// A link that may only look, for a projector or for a class: it works once, and whoever opens it can change nothing.
import { signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { LoginCode } from '../../../src/client/index.ts';
import { formatTime } from '../i18n/format.ts';
import { client } from '../store/store.ts';
import { Button } from '../ui/button.tsx';
import { CopyAs } from '../ui/copy-as.tsx';
import { copyText } from '../ui/copy-text.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Field } from '../ui/field.tsx';
import { reportFailure, say } from '../ui/toasts.tsx';
import { messages } from './messages.ts';

const isOpen = signal(false);

export function openShare(): void {
  isOpen.value = true;
}

export function Share() {
  return isOpen.value ? <OpenShare /> : null;
}

function OpenShare() {
  const t = messages.value;
  const code = useSignal<LoginCode | null>(null);
  const close = () => {
    isOpen.value = false;
  };
  useEffect(() => {
    const ending = new AbortController();
    client()
      .access.loginCode({ role: 'viewer', signal: ending.signal })
      .then((made) => {
        code.value = made;
      })
      .catch((error: unknown) => {
        if (ending.signal.aborted) return;
        close();
        reportFailure(error);
      });
    return () => ending.abort();
  }, []);
  const url = code.value?.url ?? '';
  const copy = async () => {
    if (await copyText(url)) say(t.copied);
  };
  return (
    <Dialog label={t.shareTitle} onClose={close}>
      <h2 class="share-title">{t.shareTitle}</h2>
      <p>{t.shareAbout}</p>
      <Field label={t.shareLink} hint={code.value === null ? t.loading : t.shareOnce(formatTime(code.value.expiresAt))}>
        {(input) => <input {...input} readOnly value={url} onFocus={({ currentTarget }) => currentTarget.select()} />}
      </Field>
      <div class="share-tools">
        <Button kind="primary" disabled={url === ''} onClick={() => void copy()}>
          {t.shareCopy}
        </Button>
        <CopyAs call={{ method: 'POST', path: '/api/v1/login-codes?role=viewer' }} cli={['login', '--view-only']} />
        <Button onClick={close}>{t.close}</Button>
      </div>
    </Dialog>
  );
}

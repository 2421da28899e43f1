// Who is not logged in sees the form, everybody else the dashboard. A deep link stays where it is in the meantime.
import { useSignalEffect } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { TerrariumError } from '../../../src/client/index.ts';
import { rereadPlace } from '../router.ts';
import { logIn, logOut, takeCodeFromUrl, token } from '../session.ts';
import { startStore, stopStore } from '../store/store.ts';
import { Toasts } from '../ui/toasts.tsx';
import { Login, redeem } from './login.tsx';
import { Shell } from './shell.tsx';

export function App() {
  const [isRedeeming, setRedeeming] = useState(true);
  useEffect(() => {
    const code = takeCodeFromUrl();
    rereadPlace();
    const redeeming = code === null ? Promise.resolve() : redeem(code).then(logIn).catch(explain);
    void redeeming.then(() => setRedeeming(false));
  }, []);
  useSignalEffect(() => {
    if (token.value === null) stopStore();
    else startStore(token.value);
  });
  return (
    <>
      {token.value !== null ? <Shell /> : isRedeeming ? null : <Login />}
      <Toasts />
    </>
  );
}

/** A code that was used already does not end the session that this tab has. */
function explain(error: unknown): void {
  if (token.peek() !== null) return;
  const { message, hint } = error instanceof TerrariumError ? error : new TerrariumError('unreachable', String(error));
  logOut({ kind: 'refused', detail: message, hint });
}

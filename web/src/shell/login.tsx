// The login form: for a token, and for the words of a login URL that was used up.
import { useState } from 'preact/hooks';
import { createClient, TerrariumError } from '../../../src/client/index.ts';
import { logIn, loginReason } from '../session.ts';
import { Button } from '../ui/button.tsx';
import { Field } from '../ui/field.tsx';
import { messages } from './messages.ts';
import { Preferences } from './preferences.tsx';

/** The token of a session, for a single-use code or for a token that somebody has. */
export async function redeem(by: string | { readonly token: string }): Promise<string> {
  const { token } = await createClient({ url: location.origin, retries: 0 }).access.login(by);
  return token;
}

export function Login() {
  const t = messages.value;
  const [value, setValue] = useState('');
  const [failure, setFailure] = useState<string | undefined>(undefined);
  const [isTrying, setTrying] = useState(false);
  const reason = loginReason.value;

  const submit = async (event: Event) => {
    event.preventDefault();
    setTrying(true);
    setFailure(undefined);
    try {
      logIn(await redeem({ token: value.trim() }));
    } catch (error) {
      const { message, hint } = error instanceof TerrariumError ? error : { message: String(error), hint: undefined };
      setFailure([message, hint].filter(Boolean).join('. '));
      setTrying(false);
    }
  };

  return (
    <main class="login">
      <h1>Terrarium</h1>
      <p class="login-claim">{t.claim}</p>
      <p role="status" class="login-reason">
        {reason.kind === 'refused'
          ? [reason.detail, reason.hint].filter(Boolean).join('. ')
          : t.loginReason(reason.kind)}
      </p>
      <form onSubmit={submit} novalidate>
        <Field label={t.token} error={failure} hint={t.tokenHint}>
          {(input) => (
            <input
              {...input}
              type="password"
              autocomplete="off"
              spellcheck={false}
              required
              value={value}
              onInput={({ currentTarget }) => setValue(currentTarget.value)}
            />
          )}
        </Field>
        <Button kind="primary" type="submit" disabled={isTrying || value.trim() === ''}>
          {t.logIn}
        </Button>
      </form>
      <Preferences />
    </main>
  );
}

// Who is logged in: the token lives in the sessionStorage of this tab, never in a cookie, which other ports of this host would be sent.
import { computed, signal } from '@preact/signals';
import type { Session } from '../../src/client/index.ts';

const tokenKey = 'terrarium.token';
const sessionKey = 'terrarium.session';
const returnKey = 'terrarium.return';

/** Why the login form is shown. */
export type LoginReason =
  | { readonly kind: 'none' | 'loggedOut' | 'expired' }
  /** In the server's words. */
  | { readonly kind: 'refused'; readonly detail: string; readonly hint?: string | undefined };

/** null: nobody is logged in. */
export const token = signal<string | null>(sessionStorage.getItem(tokenKey));
export const loginReason = signal<LoginReason>({ kind: 'none' });

/** What the server says that this login may do; null until it has said so. Kept with the token, so that a page that is loaded again offers the same at once. */
export const session = signal<Session | null>(readSession());
/** false: this page offers nothing that changes anything. It is a courtesy: the server decides. */
export const mayChange = computed(() => session.value?.role !== 'viewer');
/** May what others own, and what Terrarium does not manage, be asked for? */
export const seesAll = computed(() => session.value?.sees !== 'own');

export function setSession(value: Session): void {
  sessionStorage.setItem(sessionKey, JSON.stringify(value));
  session.value = value;
}

function readSession(): Session | null {
  try {
    return JSON.parse(sessionStorage.getItem(sessionKey) ?? 'null');
  } catch {
    return null;
  }
}

export function logIn(value: string): void {
  sessionStorage.removeItem(sessionKey);
  session.value = null;
  sessionStorage.setItem(tokenKey, value);
  loginReason.value = { kind: 'none' };
  token.value = value;
}

export function logOut(reason: LoginReason = { kind: 'loggedOut' }): void {
  // A new login URL is another page: it comes back to where this one was.
  if (reason.kind === 'loggedOut') sessionStorage.removeItem(returnKey);
  else sessionStorage.setItem(returnKey, location.hash);
  sessionStorage.removeItem(tokenKey);
  sessionStorage.removeItem(sessionKey);
  session.value = null;
  loginReason.value = reason;
  token.value = null;
}

/** The login code in the URL's fragment, if there is one. The URL loses it at once: it stays in no history. */
export function takeCodeFromUrl(): string | null {
  const code = new URLSearchParams(location.hash.slice(1)).get('code');
  if (code === null && location.pathname === '/') return null;
  history.replaceState(null, '', `/${code === null ? location.hash : (sessionStorage.getItem(returnKey) ?? '')}`);
  sessionStorage.removeItem(returnKey);
  return code;
}

// Who is logged in: the token lives in the sessionStorage of this tab, never in a cookie, which other ports of this host would be sent.
const key = 'terrarium.token';

export function currentToken() {
  return sessionStorage.getItem(key);
}

export function logIn(token) {
  sessionStorage.setItem(key, token);
}

export function logOut() {
  sessionStorage.removeItem(key);
}

/** Calls the API; throws an Error with the words of its problem document and its `status`. */
export async function callApi(path, { token = currentToken(), ...options } = {}) {
  const headers = { ...options.headers };
  if (token !== null) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(path, { ...options, headers, cache: 'no-store' });
  const body = await answer.json();
  if (answer.ok) return body;
  throw Object.assign(new Error([body.detail, body.hint].filter(Boolean).join('. ')), { status: answer.status });
}

/** Changes the login code in the URL's fragment, if there is one, for the token. The URL loses it first: it stays in no history. */
export async function redeemCodeInUrl() {
  const code = new URLSearchParams(location.hash.slice(1)).get('code');
  if (code === null) return;
  history.replaceState(null, '', '/');
  const { token } = await callApi('/api/v1/login', {
    method: 'POST',
    token: null,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ code }),
  });
  logIn(token);
}

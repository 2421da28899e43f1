// The same call as lines for a shell. Pure. The token is a variable there: nothing secret gets into a clipboard.

export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** From the root of the server, with its query. */
  readonly path: string;
  /** Sent as JSON; a string as text. */
  readonly body?: unknown;
  /** Of a body that is text; default text/plain. */
  readonly contentType?: string;
  /** The media type of the answer, where there is a choice: one that follows is not held back by curl. */
  readonly accept?: string;
}

export function spellCurl(origin: string, { method, path, body, contentType = 'text/plain', accept }: ApiCall): string {
  const words = ['curl', ...(method === 'GET' ? [] : ['-X', method]), '-H', '"Authorization: Bearer $TERRARIUM_TOKEN"'];
  if (accept !== undefined) words.push('-N', '-H', quoteWord(`Accept: ${accept}`));
  if (body !== undefined) {
    const isText = typeof body === 'string';
    words.push('-H', quoteWord(`Content-Type: ${isText ? contentType : 'application/json'}`));
    words.push('--data-binary', quoteWord(isText ? body : JSON.stringify(body)));
  }
  return [...words, quoteWord(`${origin}${path}`)].join(' ');
}

export function spellCli(words: readonly string[]): string {
  return ['terrarium', ...words.map(quoteWord)].join(' ');
}

/** `wscat` sends what `-x` says and goes on listening with `-w`. */
export function spellWscat(origin: string, { path, say = [] }: { path: string; say?: readonly object[] }): string {
  const words = [
    'wscat',
    '-H',
    '"Authorization: Bearer $TERRARIUM_TOKEN"',
    '-c',
    quoteWord(`${origin.replace(/^http/, 'ws')}${path}`),
  ];
  for (const frame of say) words.push('-x', quoteWord(JSON.stringify(frame)));
  if (say.length > 0) words.push('-w', '-1');
  return words.join(' ');
}

/** For a POSIX shell: in single quotes, in which nothing has a meaning, where it needs any. */
export function quoteWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

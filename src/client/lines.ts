// Reads a body of lines of JSON (NDJSON) as it comes.

/** Each line's value. Leaving the loop early cancels the body, and so does the signal, whose reason is thrown. */
export async function* readLines<Value>(
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
): AsyncGenerator<Value, void, undefined> {
  const reader = body.getReader();
  // The signal was given to `fetch` too; but Node's forgets it, once the answer has begun and memory was cleaned up.
  const leave = () => void reader.cancel(signal?.reason).catch(() => {});
  signal?.addEventListener('abort', leave, { once: true });
  const decoder = new TextDecoder();
  let rest = '';
  let isWhole = false;
  try {
    signal?.throwIfAborted();
    for (;;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      rest += done ? decoder.decode() : decoder.decode(value, { stream: true });
      const lines = rest.split('\n');
      rest = done ? '' : (lines.pop() ?? '');
      for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as Value;
      if (done) break;
    }
    isWhole = true;
  } finally {
    signal?.removeEventListener('abort', leave);
    if (!isWhole) await reader.cancel().catch(() => {});
  }
}

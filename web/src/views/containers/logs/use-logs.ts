// Follows the log of a container into a buffer, and says once a frame that it has grown.
import { useEffect, useState } from 'preact/hooks';
import { client, store } from '../../../store/store.ts';
import { LogBuffer } from './log-buffer.ts';

/** Lines of the past to begin with. */
const tail = 1_000;

export interface Following {
  readonly buffer: LogBuffer;
  readonly failure: Error | null;
}

export function useLogs(container: string): Following {
  const [following, setFollowing] = useState<Following>(() => ({ buffer: new LogBuffer(), failure: null }));
  // The client heals a connection that it had. Where it gave up, the next connection to the server is the time to try again.
  const run = following.failure === null ? 0 : store.runs.value;
  useEffect(() => {
    const ending = new AbortController();
    const buffer = new LogBuffer();
    let frame = 0;
    const show = (failure: Error | null) => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => setFollowing({ buffer, failure }));
    };
    show(null);
    void follow(container, buffer, ending.signal, () => show(null)).catch((error: unknown) => {
      if (!ending.signal.aborted) show(error instanceof Error ? error : new Error(String(error)));
    });
    return () => {
      ending.abort();
      cancelAnimationFrame(frame);
    };
  }, [container, run]);
  return following;
}

async function follow(container: string, buffer: LogBuffer, signal: AbortSignal, grown: () => void): Promise<void> {
  let state: string | null = null;
  for await (const news of client().subscribe({ topic: 'logs', container, tail }, { signal })) {
    if (news.type === 'lines') buffer.push(news.lines);
    else if (news.type === 'gap') buffer.note({ kind: 'gap' });
    else {
      // That it is followed goes without saying at the beginning.
      if (news.state !== state && !(state === null && news.state === 'live'))
        buffer.note({ kind: 'state', state: news.state, since: news.since });
      state = news.state;
    }
    grown();
  }
}

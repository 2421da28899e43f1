// Times that run: how long ago, and how long until.
import { useEffect, useState } from 'preact/hooks';
import { formatDateTime, formatDuration } from '../../../i18n/format.ts';
import { messages } from './messages.ts';

const tickMs = 1_000;
/** Milliseconds before its end at which that is said aloud. */
const soonMs = 300_000;

/** Until a container is removed by itself. */
export function TimeLeft({ at }: { readonly at: string }) {
  const t = messages.value;
  const left = Date.parse(at) - useNow();
  return (
    <time dateTime={at} title={formatDateTime(at)} class={left < soonMs ? 'bad' : undefined}>
      {left > 0 ? t.in(formatDuration(left)) : t.due}
    </time>
  );
}

export function TimeSince({ at }: { readonly at: string }) {
  return (
    <time dateTime={at} title={formatDateTime(at)}>
      {messages.value.ago(formatDuration(useNow() - Date.parse(at)))}
    </time>
  );
}

function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), tickMs);
    return () => clearInterval(timer);
  }, []);
  return now;
}

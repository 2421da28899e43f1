// How long a lab lives yet, said before its end, and put off with a click.
import { useEffect, useState } from 'preact/hooks';
import type { LabView } from '../../../../src/client/index.ts';
import { formatDateTime, formatDuration } from '../../i18n/format.ts';
import { client } from '../../store/store.ts';
import { Button } from '../../ui/button.tsx';
import { perform } from '../../ui/toasts.tsx';
import { messages } from './messages.ts';
import { isNearEnd } from './near-end.ts';

const extensions = ['30m', '1h', '2h'] as const;

export function TimeLeft({ expiresAt }: { expiresAt: string | null }) {
  const now = useNow();
  const t = messages.value;
  if (expiresAt === null) return <>{t.noEnd}</>;
  const left = Date.parse(expiresAt) - now;
  return <time dateTime={expiresAt}>{left <= 0 ? t.over : formatDuration(left)}</time>;
}

export function Life({ lab, onChanged }: { lab: LabView; onChanged: () => void }) {
  const t = messages.value;
  const now = useNow();
  if (lab.expiresAt === null) return null;
  const isNear = isNearEnd(lab, now);
  const extend = (ttl: string) =>
    void perform(() => client().labs.extend(lab.name, ttl, { engine: lab.engine }), t.extended(ttl)).then(onChanged);
  return (
    <div class={`labs-life ${isNear ? 'labs-life-near' : ''}`} data-near-end={isNear}>
      <span role={isNear ? 'alert' : undefined}>
        {isNear ? t.endsSoon : t.ends} <TimeLeft expiresAt={lab.expiresAt} />{' '}
        <span class="quiet">({formatDateTime(lab.expiresAt)})</span>
      </span>
      {extensions.map((ttl) => (
        <Button key={ttl} changes onClick={() => extend(ttl)} aria-label={t.extendBy(ttl)}>
          +{ttl}
        </Button>
      ))}
    </div>
  );
}

function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

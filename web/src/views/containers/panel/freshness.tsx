// How fresh an observation is, in words: it is never shown as if it were live when it is not.
import type { Observation } from '../../../../../src/client/index.ts';
import { formatTime } from '../../../i18n/format.ts';
import { freshnessMessages } from './freshness-messages.ts';

interface FreshnessProps {
  readonly newest: Observation<{ readonly asOf: string; readonly truncated: boolean }> | null;
  readonly failure: Error | null;
}

export function Freshness({ newest, failure }: FreshnessProps) {
  const t = freshnessMessages.value;
  if (failure !== null)
    return (
      <p class="lamp container-fresh container-fresh-ended" role="status" data-fresh="failed">
        {failure.message}
      </p>
    );
  if (newest === null)
    return (
      <p class="lamp container-fresh" role="status" data-fresh="waiting">
        {t.waiting}
      </p>
    );
  const { state, reason, since, data } = newest;
  const asOf = data === null ? null : formatTime(data.asOf);
  return (
    <p class={`lamp container-fresh container-fresh-${state}`} role="status" data-fresh={state}>
      {t[state](formatTime(since), asOf)}
      {state !== 'live' && reason !== null && <span class="quiet"> ({t.reasons(reason)})</span>}
      {data?.truncated === true && <span class="container-truncated"> {t.truncated}</span>}
    </p>
  );
}

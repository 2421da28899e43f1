// Says honestly how fresh what is shown is: of the connection to the server, and of each engine behind it.
import { formatTime } from '../i18n/format.ts';
import { store } from '../store/store.ts';
import { messages } from './messages.ts';

/** The word in the header. */
export function Connection() {
  const t = messages.value;
  const { state } = store.connection.value;
  return (
    <span class={`connection connection-${state}`} role="status" data-connection={state}>
      {t[state]}
    </span>
  );
}

/** A line for each thing that is not as it should be; nothing where all is well. */
export function Notices() {
  const t = messages.value;
  const connection = store.connection.value;
  const away = store.engines.all.value.filter(({ state }) => state !== 'live');
  return (
    <div class="notices" aria-live="polite">
      {connection.state === 'lost' && (
        <p class="notice notice-bad" data-notice="connection">
          {t.lostBanner(formatTime(connection.since))} {t.lostAgain} <span class="quiet">{connection.detail}</span>
        </p>
      )}
      {away.map(({ name, state, since, reason }) => (
        <p
          key={name}
          class={`notice ${state === 'stale' ? 'notice-bad' : 'notice-wait'}`}
          data-notice={`engine ${name}`}
        >
          {state === 'stale' ? t.engineAway(name, formatTime(since)) : t.enginePending(name)}{' '}
          <span class="quiet">{reason}</span>
        </p>
      ))}
    </div>
  );
}

// The timeline: live, filtered by the link, paused when somebody wants to read, with every gap at its place.
import { useEffect, useState } from 'preact/hooks';
import { formatDateTime, formatTime } from '../../i18n/format.ts';
import { goTo, linkTo } from '../../router.ts';
import { store } from '../../store/store.ts';
import { Button } from '../../ui/button.tsx';
import { CopyAs } from '../../ui/copy-as.tsx';
import type { ViewProps } from '../view.ts';
import { Feed, type Item, keptAtMost } from './feed.ts';
import { messages } from './messages.ts';
import './events.css';

type Query = ViewProps['query'];
type Event = Extract<Item, { kind: 'event' }>['event'];

const kinds = ['container', 'namespace', 'lab', 'engine'] as const;
/** Lines that are drawn; a filter finds the others. */
const drawnAtMost = 300;

export default function EventsView({ query }: ViewProps) {
  const t = messages.value;
  const [feed, setFeed] = useState<Feed | null>(null);
  const [held, hold] = useState<readonly Item[] | null>(null);
  useEffect(() => {
    const made = new Feed();
    setFeed(made);
    return () => made.end();
  }, []);
  const newest = feed?.items.value ?? [];
  const items = held ?? newest;
  const shown = items.filter((item) => fits(item, query));
  const failure = feed?.failure.value ?? null;
  const waiting = held === null ? 0 : countNew(newest, held);
  return (
    <section class="page events">
      <h1>{t.heading}</h1>
      <Filters query={query} />
      <div class="events-bar">
        <Button aria-pressed={held !== null} onClick={() => hold(held === null ? newest : null)}>
          {held === null ? t.pause : t.goOn}
        </Button>
        <span class="quiet" role="status">
          {held === null ? t.kept(keptAtMost) : t.waiting(waiting)}
        </span>
        <CopyEvents query={query} />
      </div>
      {failure !== null && (
        <p class="bad" role="alert">
          {t.lost}: {failure.message}
        </p>
      )}
      {shown.length === 0 && <p class="quiet">{t.none}</p>}
      <ol class="events-list" aria-label={t.listLabel}>
        {shown.slice(0, drawnAtMost).map((item) => (
          <Line key={item.key} item={item} />
        ))}
      </ol>
    </section>
  );
}

function Line({ item }: { item: Item }) {
  const t = messages.value;
  if (item.kind === 'begin') return <li class="events-line events-note">{t.begin}</li>;
  if (item.kind === 'gap')
    return (
      <li class="events-line events-gap" data-gap={item.gap.reason}>
        {item.gap.reason === 'restarted' ? t.gapRestarted : t.gapOverrun(item.gap.from, item.gap.to)}
      </li>
    );
  const { event } = item;
  const [kind] = event.event.split('.');
  return (
    <li class={`events-line events-${kind} events-${event.event.replace('.', '-')}`} data-event={event.event}>
      <time dateTime={event.at} title={formatDateTime(event.at)}>
        {formatTime(event.at)}
      </time>
      <Subject event={event} />
      <span>{t.events(event.event)}</span>
      <span class="quiet">{describe(event)}</span>
      <code class="quiet">{event.event}</code>
    </li>
  );
}

function Subject({ event: { event, container, engine, lab } }: { event: Event }) {
  if (event.startsWith('engine.')) return <a href={linkTo('engines', [engine])}>{engine}</a>;
  if (event.startsWith('lab.') && lab !== null) return <a href={linkTo('labs', [lab])}>{lab}</a>;
  if (container === null) return <span>{lab ?? engine}</span>;
  // Of what is gone there is nothing to open.
  if (event === 'container.removed' || store.containers.get(container.id) === undefined)
    return <span>{container.name}</span>;
  return <a href={linkTo('containers', [container.id])}>{container.name}</a>;
}

function describe({ event, container, reason, network, namespace, lab, to }: Event): string {
  const t = messages.value;
  return [
    event === 'container.stopped' && typeof container?.exitCode === 'number' ? t.exitCode(container.exitCode) : null,
    network === undefined ? null : t.onNetwork(network),
    to === undefined ? null : t.by(to.name ?? to.id.slice(0, 12)),
    event.startsWith('namespace.') ? spellNamespace(namespace) : null,
    reason ?? null,
    lab !== null && !event.startsWith('lab.') ? `${t.lab}: ${lab}` : null,
  ]
    .filter((word) => word !== null)
    .join(' · ');
}

/** ENGINE~OWNER~SINCE: enough of it to tell it from others. */
function spellNamespace(id: string | null): string | null {
  const [engine, owner = ''] = id?.split('~') ?? [];
  return engine === undefined ? null : `${engine}~${owner.slice(0, 12)}`;
}

function Filters({ query }: { query: Query }) {
  const t = messages.value;
  const labs = new Set(store.containers.all.value.flatMap(({ lab }) => (lab === null ? [] : [lab])));
  if (query.lab !== undefined) labs.add(query.lab);
  return (
    <div class="events-bar">
      <label class="events-choice">
        <span>{t.kind}</span>
        <select
          value={query.kind ?? ''}
          onChange={({ currentTarget }) => change(query, { kind: currentTarget.value || undefined })}
        >
          <option value="">{t.anyKind}</option>
          {kinds.map((kind) => (
            <option key={kind} value={kind}>
              {t.kinds(kind)}
            </option>
          ))}
        </select>
      </label>
      <label class="events-choice">
        <span>{t.container}</span>
        <input
          type="search"
          placeholder={t.containerHint}
          value={query.container ?? ''}
          onInput={({ currentTarget }) => change(query, { container: currentTarget.value || undefined })}
        />
      </label>
      <label class="events-choice">
        <span>{t.lab}</span>
        <select
          value={query.lab ?? ''}
          onChange={({ currentTarget }) => change(query, { lab: currentTarget.value || undefined })}
        >
          <option value="">{t.anyLab}</option>
          {[...labs].sort().map((lab) => (
            <option key={lab} value={lab}>
              {lab}
            </option>
          ))}
        </select>
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={query.scope === 'all'}
          onChange={({ currentTarget }) => change(query, { scope: currentTarget.checked ? 'all' : undefined })}
        />
        {t.others}
      </label>
    </div>
  );
}

function CopyEvents({ query: { container, lab, scope } }: { query: Query }) {
  const asked = { ...(container && { container }), ...(lab && { lab }), ...(scope === 'all' && { scope }) };
  const search = new URLSearchParams(asked).toString();
  const path = `/api/v1/events${search === '' ? '' : `?${search}`}`;
  return (
    <CopyAs
      call={{ method: 'GET', path, accept: 'application/x-ndjson' }}
      sse={{ method: 'GET', path, accept: 'text/event-stream' }}
      cli={['events', ...Object.entries(asked).flatMap(([name, value]) => [`--${name}`, value])]}
      socket={{ path }}
    />
  );
}

function fits(item: Item, { kind, container, lab, scope }: Query): boolean {
  // What is missing may have fitted.
  if (item.kind !== 'event') return true;
  const { event } = item;
  if (kind !== undefined && !event.event.startsWith(`${kind}.`)) return false;
  if (lab !== undefined && event.lab !== lab) return false;
  if (scope !== 'all' && event.container !== null && !event.container.managed) return false;
  if (container === undefined) return true;
  return (
    event.container !== null && (event.container.name.includes(container) || event.container.id.startsWith(container))
  );
}

function countNew(newest: readonly Item[], held: readonly Item[]): number {
  const last = held[0]?.key;
  const at = newest.findIndex(({ key }) => key === last);
  return at === -1 ? newest.length : at;
}

function change(query: Query, words: Readonly<Record<string, string | undefined>>): void {
  const next = Object.entries({ ...query, ...words }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  goTo(linkTo('events', [], Object.fromEntries(next)), { replace: true });
}

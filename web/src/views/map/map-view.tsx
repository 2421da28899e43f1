// The map: who is in which namespace, on which bridge, reachable through which port, with what traffic, at this moment.
import { useEffect, useRef, useState } from 'preact/hooks';
import { formatDuration, formatRate } from '../../i18n/format.ts';
import { theme } from '../../preferences.ts';
import { goTo, linkTo } from '../../router.ts';
import { mayChange } from '../../session.ts';
import { now } from '../../store/clock.ts';
import { saysTheSame } from '../../store/same.ts';
import { store } from '../../store/store.ts';
import { Button } from '../../ui/button.tsx';
import type { ViewProps } from '../view.ts';
import { expiringMs, placeIn } from './box.tsx';
import { Edges, measureEdge } from './edges.tsx';
import { isKnown } from './feed.ts';
import { HostView } from './host.tsx';
import { Legend } from './legend.tsx';
import { MapTable } from './map-table.tsx';
import { messages } from './messages.ts';
import { spellEnd, spellHostPort, spellPort } from './naming.ts';
import { type Direction, findNearest } from './nearest.ts';
import { MapState } from './state.ts';
import './map.css';

/** Containers beyond which a table says more. */
const mapHolds = 150;
const directions: Readonly<Record<string, Direction>> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
};

export default function MapView({ query }: ViewProps) {
  const t = messages.value;
  const { scope, lab = null, engine = null, as } = query;
  const withOthers = scope === 'all';
  const [state] = useState(() => new MapState({ withOthers, lab, engine }));
  useEffect(() => () => state.end(), [state]);
  useEffect(() => {
    const filter = { withOthers, lab, engine };
    if (!saysTheSame(state.filter.peek(), filter)) state.filter.value = filter;
  }, [state, withOthers, lab, engine]);

  const { count } = state.model.value;
  const isTable = as === 'table' || (as !== 'map' && count > mapHolds);
  return (
    <section class="map">
      <header class="map-head">
        <h1 class="visually-hidden">{t.title}</h1>
        <Choices query={query} isTable={isTable} />
        {as !== 'map' && as !== 'table' && count > mapHolds && (
          <p class="map-note">
            {t.tooMany(count)}{' '}
            <Button onClick={() => goTo(linkTo('map', [], { ...query, as: 'map' }))}>{t.drawAnyway}</Button>
          </p>
        )}
        <Expiring />
      </header>
      {!isKnown() ? (
        <p class="map-note quiet">{t.loading}</p>
      ) : isTable ? (
        <MapTable state={state} />
      ) : (
        <Canvas state={state} />
      )}
    </section>
  );
}

function Choices({ query, isTable }: { query: ViewProps['query']; isTable: boolean }) {
  const t = messages.value;
  const labs = [...new Set(store.labs.all.value.map(({ name }) => name))].sort();
  const engines = store.engines.keys.value;
  const choose = (name: string, value: string) => {
    const { [name]: _before, ...others } = query;
    goTo(linkTo('map', [], value === '' ? others : { ...others, [name]: value }), { replace: true });
  };
  return (
    <div class="map-choices">
      <fieldset class="map-as">
        <legend class="visually-hidden">{t.shownAs}</legend>
        <Button aria-pressed={!isTable} onClick={() => choose('as', 'map')}>
          {t.asMap}
        </Button>
        <Button aria-pressed={isTable} onClick={() => choose('as', 'table')}>
          {t.asTable}
        </Button>
      </fieldset>
      <Choice
        label={t.lab}
        all={t.allLabs}
        values={labs}
        value={query.lab ?? ''}
        onChoose={(value) => choose('lab', value)}
      />
      {engines.length > 1 && (
        <Choice
          label={t.engine}
          all={t.allEngines}
          values={engines}
          value={query.engine ?? ''}
          onChoose={(value) => choose('engine', value)}
        />
      )}
      <label class="map-check">
        <input
          type="checkbox"
          checked={query.scope === 'all'}
          onChange={({ currentTarget }) => choose('scope', currentTarget.checked ? 'all' : '')}
        />
        {t.showAll}
      </label>
    </div>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly all: string;
  readonly values: readonly string[];
  readonly value: string;
  readonly onChoose: (value: string) => void;
}

function Choice({ label, all, values, value, onChoose }: ChoiceProps) {
  return (
    <label>
      <span class="visually-hidden">{label}</span>
      <select value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
        <option value="">{all}</option>
        {(value === '' || values.includes(value) ? values : [...values, value]).map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Labs that end soon. */
function Expiring() {
  const t = messages.value;
  const soon = store.labs.all.value.flatMap(({ engine, name, expiresAt }) => {
    const left = expiresAt === null ? Number.POSITIVE_INFINITY : Date.parse(expiresAt) - now.value;
    return left < expiringMs ? [{ key: `${engine} ${name}`, name, left }] : [];
  });
  return (
    <>
      {soon.map(({ key, name, left }) => (
        <p key={key} class="map-note notice-wait" data-expiring={name}>
          {t.labEnds(name, formatDuration(left))}
        </p>
      ))}
    </>
  );
}

function Canvas({ state }: { state: MapState }) {
  const t = messages.value;
  const frame = useRef<HTMLDivElement>(null);
  const chosenTheme = theme.value;
  // Anew for a theme, which has another font size.
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const measure = () => {
      const unit = Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
      state.available.value = Math.floor(element.clientWidth / unit);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [state, chosenTheme]);

  const press = (event: KeyboardEvent) => {
    const direction = directions[event.key];
    const from = (event.target as Element).closest<HTMLElement>('[data-box]')?.dataset.box;
    if (direction === undefined || from === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    const next = findNearest(from, direction, state.layout.peek().boxes);
    if (next === undefined) return;
    event.preventDefault();
    frame.current?.querySelector<HTMLElement>(`[data-box="${CSS.escape(next)}"] a`)?.focus();
  };
  const layout = state.layout.value;
  const whole = { x: 0, y: 0, width: layout.width, height: layout.height };
  const { hosts, count } = state.model.value;
  return (
    <>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys of the links in it */}
      <div class="map-frame" ref={frame} onKeyDown={press}>
        <div class="map-canvas" style={placeIn(whole, whole)}>
          <Outside state={state} />
          {hosts.map((host) => (
            <HostView key={host.engine} state={state} host={host} parent={whole} />
          ))}
          <Edges state={state} />
        </div>
      </div>
      {count === 0 ? (
        <p class="map-note">
          {t.nothing} <span class="quiet">{t.nothingHint}</span>{' '}
          {mayChange.value && <a href={linkTo('create')}>{t.create}</a>}
        </p>
      ) : (
        <Legend />
      )}
      <Pointed state={state} />
      <p class="visually-hidden">{t.keys}</p>
    </>
  );
}

function Outside({ state }: { state: MapState }) {
  const t = messages.value;
  const { outside, addresses, rest, width, height } = state.layout.value;
  const whole = { x: 0, y: 0, width, height };
  const all = new Set(
    state.edges.all.value.flatMap(({ from, to }) =>
      [from, to].flatMap((end) => (end.kind === 'outside' ? [end.address] : [])),
    ),
  );
  return (
    <section class="map-outside" style={placeIn(outside, whole)} aria-label={t.outside}>
      <h2 class="map-outside-title">
        {t.outside}
        {all.size === 0 && <span class="quiet">{t.nobodyOutside}</span>}
      </h2>
      <ul>
        {[...addresses].map(([address, place]) => (
          <li
            key={address}
            class="map-address-mark"
            style={placeIn(place, outside)}
            data-outside={address}
            onPointerEnter={() => {
              state.pointed.value = address;
            }}
            onPointerLeave={() => {
              state.pointed.value = null;
            }}
          >
            {address}
          </li>
        ))}
        {rest !== null && (
          <li class="map-address-mark" style={placeIn(rest, outside)}>
            {t.more(all.size - addresses.size)}
          </li>
        )}
      </ul>
    </section>
  );
}

/** What the pointer is on, in words. */
function Pointed({ state }: { state: MapState }) {
  const t = messages.value;
  const key = state.pointed.value;
  const edge = key === null ? undefined : state.edges.get(key);
  if (edge === undefined) return null;
  const findBox = (name: string) => state.boxes.get(name);
  const port = edge.through === null ? undefined : state.ports.get(edge.through);
  const rate = measureEdge(state, edge);
  return (
    <p class="map-pointed-words">
      <strong>
        {t.describe(edge.count, spellEnd(edge.from, findBox), `${spellEnd(edge.to, findBox)} :${spellPort(edge)}`)}
      </strong>
      {port !== undefined && ` · ${t.via(spellHostPort(port))}`}
      {edge.isOpening && ` · ${t.opening}`}
      {rate !== null &&
        ` · ${rate.isShared ? t.atMost(formatRate(rate.bytesPerSecond)) : formatRate(rate.bytesPerSecond)}`}
    </p>
  );
}

// One network namespace: its members, what it listens on, its one set of interfaces with their rates.
import type { Container, Interface } from '../../../../src/client/index.ts';
import { formatDuration, formatRate } from '../../i18n/format.ts';
import { linkTo } from '../../router.ts';
import { now } from '../../store/clock.ts';
import { listListening } from './connections.ts';
import type { Rect } from './layout.ts';
import { messages } from './messages.ts';
import type { Box } from './model.ts';
import { shorten, spellBox, spellPort } from './naming.ts';
import type { MapState } from './state.ts';

/** Milliseconds before its end from which a container says how much is left. */
export const expiringMs = 15 * 60_000;
/** Ports that fit on the line. */
const shownPorts = 4;

/** Absolute, relative to what it stands in. */
export function placeIn({ x, y, width, height }: Rect, parent: Rect) {
  return {
    left: `${(x - parent.x) / 16}rem`,
    top: `${(y - parent.y) / 16}rem`,
    width: `${width / 16}rem`,
    height: `${height / 16}rem`,
  };
}

export function BoxView({ state, name, parent }: { state: MapState; name: string; parent: Rect }) {
  const t = messages.value;
  const box = state.boxes.get(name);
  const place = state.layout.value.boxes.get(name);
  if (box === undefined || place === undefined) return null;
  const point = () => {
    state.pointed.value = name;
  };
  const unpoint = () => {
    if (state.pointed.peek() === name) state.pointed.value = null;
  };
  const kinds = [
    box.witness === null && 'map-box-still',
    box.isStranded && 'map-box-stranded',
    box.members.length > 1 && 'map-box-shared',
  ];
  return (
    <li
      class={['map-box', ...kinds].filter(Boolean).join(' ')}
      style={placeIn(place, parent)}
      data-box={name}
      title={box.isStranded ? t.stranded : undefined}
      onPointerEnter={point}
      onPointerLeave={unpoint}
      onFocusIn={point}
      onFocusOut={unpoint}
    >
      <ul class="map-members" aria-label={box.members.length > 1 ? t.joined(box.members.length) : spellBox(box)}>
        {box.members.map((one) => (
          <Member key={one.id} container={one} lab={state.filter.value.lab} />
        ))}
      </ul>
      {box.witness !== null && (
        <>
          <Listening state={state} box={box} />
          <Interfaces state={state} box={box} />
        </>
      )}
      {box.witness === null &&
        box.networks.map(({ name: network }) => (
          <p key={network} class="map-line quiet">
            {network}
          </p>
        ))}
    </li>
  );
}

function Member({ container, lab }: { container: Container; lab: string | null }) {
  const t = messages.value;
  const { id, name, mode, state, orphaned, orphanReason, expiresAt } = container;
  // The end of a lab is told once, above the map.
  const left = expiresAt === null || container.lab !== null ? null : Date.parse(expiresAt) - now.value;
  return (
    <li class="map-member">
      <a href={linkTo('containers', [id])} class="map-name" title={`${name} · ${t.modes(mode)}`}>
        <span class={`map-state map-state-${state}`} title={t.states(state)} />
        <span class="map-text">{shorten(name, lab)}</span>
      </a>
      {state !== 'running' && <span class="map-badge">{t.states(state)}</span>}
      {orphaned && (
        <span class="map-badge map-badge-bad" title={t.orphaned(orphanReason)}>
          {t.orphanedShort}
        </span>
      )}
      {left !== null && left < expiringMs && (
        <span class="map-badge map-badge-wait" title={t.ends(formatDuration(left))}>
          {formatDuration(left)}
        </span>
      )}
    </li>
  );
}

function Listening({ state, box }: { state: MapState; box: Box }) {
  const t = messages.value;
  const seen = box.witness === null ? null : state.feed.get(box.witness).netstat.value;
  const ports = listListening(seen?.data?.sockets ?? []);
  if (seen === null || seen.data === null) return <p class="map-listening quiet">{t.notSeen}</p>;
  if (ports.length === 0) return <p class="map-listening quiet">{t.listensNowhere}</p>;
  const all = ports.map(spellPort).join(', ');
  return (
    <p class="map-listening" title={t.listens(all)}>
      {ports.slice(0, shownPorts).map((port) => (
        <span key={spellPort(port)} class="map-port-in">
          {spellPort(port)}
        </span>
      ))}
      {ports.length > shownPorts && <span class="quiet">+{ports.length - shownPorts}</span>}
    </p>
  );
}

function Interfaces({ state, box }: { state: MapState; box: Box }) {
  const seen = box.witness === null ? null : state.feed.get(box.witness).ifconfig.value;
  const isHost = box.members[0]?.effective === 'host';
  const all = seen?.data?.interfaces ?? [];
  const shown = isHost ? all.filter(({ name }) => name === 'eth0').slice(0, 1) : sortInterfaces(all, box);
  if (shown.length === 0)
    return box.networks.map(({ name, ipv4 }) => (
      <p key={name} class="map-line quiet">
        {ipv4 ?? name}
      </p>
    ));
  return shown.slice(0, isHost ? 1 : box.networks.length + 1).map((one) => <Line key={one.name} face={one} />);
}

/** Those that lead somewhere first, `lo` last. */
function sortInterfaces(all: readonly Interface[], box: Box): readonly Interface[] {
  const rank = ({ name, ipv4 }: Interface) => {
    if (name === 'lo') return box.networks.length + 1;
    const at = box.networks.findIndex((network) => ipv4.some(({ address }) => address === network.ipv4));
    return at === -1 ? box.networks.length : at;
  };
  return [...all].sort((one, other) => rank(one) - rank(other));
}

function Line({ face: { name, ipv4, rx, tx } }: { face: Interface }) {
  const [first] = ipv4;
  return (
    <p class={`map-line ${name === 'lo' ? 'map-line-lo' : ''}`}>
      <span class="map-face">{name}</span>
      <span class="map-address">{first?.address}</span>
      {name !== 'lo' && (
        <span class="map-rate" title={`↓ ${formatRate(rx.bytesPerSecond)} ↑ ${formatRate(tx.bytesPerSecond)}`}>
          {rx.bytesPerSecond + tx.bytesPerSecond > 0 ? formatRate(rx.bytesPerSecond + tx.bytesPerSecond) : ''}
        </span>
      )}
    </p>
  );
}

// A host: its published ports on its edge, and in it its bridges, its own namespace, and what stands apart.
import type { Network } from '../../../../src/client/index.ts';
import { formatTime } from '../../i18n/format.ts';
import { linkTo } from '../../router.ts';
import { BoxView, placeIn } from './box.tsx';
import type { Rect } from './layout.ts';
import { messages } from './messages.ts';
import type { Group, Host, HostPort } from './model.ts';
import { shorten, spellBox, spellHostPort } from './naming.ts';
import type { MapState } from './state.ts';

export function HostView({ state, host, parent }: { state: MapState; host: Host; parent: Rect }) {
  const t = messages.value;
  const place = state.layout.value.hosts.get(host.engine);
  if (place === undefined) return null;
  const { view } = host;
  const isStale = view.state === 'stale';
  return (
    <section
      class={`map-host ${isStale ? 'map-host-stale' : ''}`}
      style={placeIn(place, parent)}
      aria-label={t.host(host.engine)}
      data-host={host.engine}
    >
      <h2 class="map-host-title" style={placeIn(place.title, place)}>
        <span class="map-text">{t.host(host.engine)}</span>
        <span class={isStale ? 'bad' : 'quiet'}>
          {isStale
            ? t.lastKnown(formatTime(view.since))
            : view.state === 'live'
              ? `Docker ${view.version ?? ''}`
              : t.engines(view.state)}
        </span>
      </h2>
      {host.ports.map((port) => (
        <PortMark key={port.key} state={state} port={port} parent={place} />
      ))}
      {host.groups.map((group) => (
        <GroupView key={group.key} state={state} group={group} parent={place} />
      ))}
    </section>
  );
}

function PortMark({ state, port, parent }: { state: MapState; port: HostPort; parent: Rect }) {
  const t = messages.value;
  const place = state.layout.value.ports.get(port.key);
  const box = state.boxes.get(port.box);
  if (place === undefined || box === undefined) return null;
  const point = () => {
    state.pointed.value = port.key;
  };
  const unpoint = () => {
    state.pointed.value = null;
  };
  const ipv6 = port.hostPort6 === null || port.hostPort6 === port.hostPort ? '' : `, IPv6 :${port.hostPort6}`;
  const from = `${port.hostIp === '0.0.0.0' ? t.everyAddress : port.hostIp} :${port.hostPort}/${port.protocol}${ipv6}`;
  return (
    <a
      class="map-port"
      href={linkTo('containers', [port.container, 'ports'])}
      style={placeIn(place, parent)}
      title={t.portTitle(from, `${spellBox(box)} :${port.containerPort}/${port.protocol}`)}
      data-port={port.key}
      onPointerEnter={point}
      onPointerLeave={unpoint}
      onFocus={point}
      onBlur={unpoint}
    >
      {spellHostPort(port)}
    </a>
  );
}

function GroupView({ state, group, parent }: { state: MapState; group: Group; parent: Rect }) {
  const t = messages.value;
  const place = state.layout.value.groups.get(group.key);
  if (place === undefined) return null;
  const { network, kind } = group;
  const title = network !== null ? t.network(network.name) : kind === 'host' ? t.hostNamespace : t.apart;
  return (
    <section
      class={`map-group map-group-${kind}`}
      style={placeIn(place, parent)}
      aria-label={title}
      data-group={group.key}
    >
      <h3 class="map-group-title">
        <span class="map-text">{network === null ? title : shorten(network.name, state.filter.value.lab)}</span>
        {network !== null && <span class="map-subnet">{describeNetwork(network)}</span>}
      </h3>
      {kind === 'network' && <span class="map-bus" />}
      {group.boxes.length === 0 && <p class="map-empty quiet">{t.empty}</p>}
      <ul class="map-boxes">
        {group.boxes.map(({ key }) => (
          <BoxView key={key} state={state} name={key} parent={place} />
        ))}
      </ul>
    </section>
  );
}

/** `br-1234 · 10.20.0.0/24 · gateway 10.20.0.1`. */
function describeNetwork({ driver, bridge, subnets, internal }: Network): string {
  const t = messages.value;
  const parts = [
    bridge ?? driver,
    ...subnets.map(({ subnet, gateway }) => (gateway === null ? subnet : `${subnet} ⌂ ${gateway}`)),
  ];
  if (internal) parts.push(t.internal);
  return parts.join(' · ');
}

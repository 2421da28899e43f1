// The same as the map in words: a table of containers and one of connections. For many containers, and for who does not see the map.
import { formatRate } from '../../i18n/format.ts';
import { linkTo } from '../../router.ts';
import { DataTable } from '../../ui/data-table.tsx';
import { listListening } from './connections.ts';
import { measureEdge } from './edges.tsx';
import { messages } from './messages.ts';
import { spellBox, spellEnd, spellHostPort, spellPort, sumRate } from './naming.ts';
import type { MapState } from './state.ts';

export function MapTable({ state }: { state: MapState }) {
  return (
    <div class="map-tables">
      <Connections state={state} />
      <Members state={state} />
    </div>
  );
}

function Connections({ state }: { state: MapState }) {
  const t = messages.value;
  const findBox = (key: string) => state.boxes.get(key);
  const rows = state.edges.all.value.map((edge) => ({
    edge,
    from: spellEnd(edge.from, findBox),
    to: spellEnd(edge.to, findBox),
    through: edge.through === null ? undefined : state.ports.get(edge.through),
    rate: measureEdge(state, edge),
  }));
  return (
    <section>
      <h2>{t.connections}</h2>
      <DataTable
        label={t.connections}
        rows={rows}
        nameOf={({ edge }) => edge.key}
        empty={t.noConnections}
        columns={[
          { key: 'from', title: t.from, value: ({ from }) => from },
          {
            key: 'through',
            title: t.through,
            value: ({ through }) => (through === undefined ? t.direct : spellHostPort(through)),
          },
          { key: 'to', title: t.to, value: ({ to }) => to },
          {
            key: 'port',
            title: t.port,
            value: ({ edge }) => edge.port,
            render: ({ edge }) => spellPort(edge),
            isNumeric: true,
          },
          { key: 'count', title: t.count, value: ({ edge }) => edge.count, isNumeric: true },
          {
            key: 'rate',
            title: t.rate,
            value: ({ rate }) => rate?.bytesPerSecond ?? 0,
            render: ({ rate }) =>
              rate === null ? '' : `${rate.isShared ? '≤ ' : ''}${formatRate(rate.bytesPerSecond)}`,
            isNumeric: true,
          },
        ]}
      />
    </section>
  );
}

function Members({ state }: { state: MapState }) {
  const t = messages.value;
  const ports = state.ports.all.value;
  const rows = state.groups.all.value.flatMap((group) =>
    group.boxes.flatMap((box) => {
      const sight = box.witness === null ? null : state.feed.get(box.witness);
      const interfaces = (sight?.ifconfig.value?.data?.interfaces ?? []).filter(({ name }) => name !== 'lo');
      return box.members.map((container) => ({
        container,
        group,
        box,
        listening: listListening(sight?.netstat.value?.data?.sockets ?? []),
        rate: interfaces.reduce((sum, one) => sum + sumRate(one), 0),
        published: ports.filter((port) => port.container === container.id),
      }));
    }),
  );
  return (
    <section>
      <h2>{t.containers}</h2>
      <DataTable
        label={t.containers}
        rows={rows}
        nameOf={({ container }) => container.id}
        columns={[
          {
            key: 'container',
            title: t.container,
            value: ({ container }) => container.name,
            render: ({ container }) => <a href={linkTo('containers', [container.id])}>{container.name}</a>,
          },
          {
            key: 'state',
            title: t.state,
            value: ({ container: { state: one, orphaned, orphanReason } }) =>
              orphaned ? `${t.states(one)}, ${t.orphaned(orphanReason)}` : t.states(one),
          },
          { key: 'mode', title: t.mode, value: ({ container }) => t.modes(container.mode) },
          {
            key: 'namespace',
            title: t.namespace,
            value: ({ group, box }) => (group.kind === 'host' ? t.hostNamespace : spellBox(box)),
          },
          { key: 'networks', title: t.networks, value: ({ box }) => box.networks.map(({ name }) => name).join(', ') },
          {
            key: 'addresses',
            title: t.addresses,
            value: ({ box }) => box.networks.flatMap(({ ipv4 }) => ipv4 ?? []).join(', '),
          },
          { key: 'ports', title: t.ports, value: ({ published }) => published.map(spellHostPort).join(', ') },
          { key: 'listening', title: t.listening, value: ({ listening }) => listening.map(spellPort).join(', ') },
          {
            key: 'rate',
            title: t.rate,
            value: ({ rate }) => rate,
            render: ({ rate }) => formatRate(rate),
            isNumeric: true,
          },
        ]}
      />
    </section>
  );
}

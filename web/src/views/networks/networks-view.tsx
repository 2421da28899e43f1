// The list of networks, one of them, or the form for a new one, as the link says.
import { linkTo } from '../../router.ts';
import { mayChange } from '../../session.ts';
import { store } from '../../store/store.ts';
import { CopyAs } from '../../ui/copy-as.tsx';
import { DataTable } from '../../ui/data-table.tsx';
import type { ViewProps } from '../view.ts';
import { messages } from './messages.ts';
import { NetworkPage } from './network-page.tsx';
import { NewNetwork } from './new-network.tsx';
import './networks.css';

export default function NetworksView({ parts: [name], query }: ViewProps) {
  if (name !== undefined) return <NetworkPage key={`${query.engine} ${name}`} name={name} engine={query.engine} />;
  return query.new === 'true' && mayChange.value ? <NewNetwork /> : <NetworkList />;
}

function NetworkList() {
  const t = messages.value;
  const isPlural = store.engines.all.value.length > 1;
  return (
    <section class="page">
      <h1>{t.title}</h1>
      <p class="networks-tools">
        {mayChange.value && (
          <a class="button button-primary" href={linkTo('networks', [], { new: 'true' })}>
            {t.newNetwork}
          </a>
        )}
        <CopyAs call={{ method: 'GET', path: '/api/v1/networks' }} cli={['networks', 'ls']} />
      </p>
      <DataTable
        label={t.title}
        rows={store.networks.all.value}
        nameOf={({ id }) => id}
        empty={store.networks.isKnown.value ? t.none : undefined}
        columns={[
          {
            key: 'name',
            title: t.name,
            value: ({ name }) => name,
            render: ({ name, engine }) => <a href={linkTo('networks', [name], isPlural ? { engine } : {})}>{name}</a>,
          },
          { key: 'driver', title: t.driver, value: ({ driver }) => driver },
          {
            key: 'subnets',
            title: t.subnets,
            value: ({ subnets }) => subnets.map(({ subnet }) => subnet).join(', '),
            render: ({ subnets }) => <code>{subnets.map(({ subnet }) => subnet).join(', ')}</code>,
          },
          { key: 'bridge', title: t.bridge, value: ({ bridge }) => bridge ?? '' },
          { key: 'members', title: t.members, value: ({ containers }) => containers.length, isNumeric: true },
          { key: 'lab', title: t.lab, value: ({ lab }) => lab ?? '' },
          ...(isPlural ? [{ key: 'engine', title: t.engine, value: ({ engine }: { engine: string }) => engine }] : []),
        ]}
      />
    </section>
  );
}

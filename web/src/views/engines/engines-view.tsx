// The engines of the server, how well each is known, and one of them where the link names it.

import { formatDateTime } from '../../i18n/format.ts';
import { linkTo } from '../../router.ts';
import { store } from '../../store/store.ts';
import { CopyAs } from '../../ui/copy-as.tsx';
import { DataTable } from '../../ui/data-table.tsx';
import type { ViewProps } from '../view.ts';
import { EnginePage } from './engine-page.tsx';
import { messages } from './messages.ts';
import './engines.css';

export default function EnginesView({ parts: [name] }: ViewProps) {
  return name === undefined ? <EngineList /> : <EnginePage key={name} name={name} />;
}

function EngineList() {
  const t = messages.value;
  const networks = store.networks.all.value;
  return (
    <section class="page">
      <h1>{t.title}</h1>
      <p>
        <CopyAs call={{ method: 'GET', path: '/api/v1/engines' }} cli={['engines']} />
      </p>
      <DataTable
        label={t.title}
        rows={store.engines.all.value}
        nameOf={({ name }) => name}
        columns={[
          {
            key: 'name',
            title: t.name,
            value: ({ name }) => name,
            render: ({ name }) => <a href={linkTo('engines', [name])}>{name}</a>,
          },
          {
            key: 'state',
            title: t.state,
            value: ({ state }) => t.states(state),
            render: ({ state }) => <span class={`lamp engines-state engines-${state}`}>{t.states(state)}</span>,
          },
          { key: 'since', title: t.since, value: ({ since }) => since, render: ({ since }) => formatDateTime(since) },
          { key: 'endpoint', title: t.endpoint, value: ({ endpoint }) => endpoint },
          {
            key: 'labels',
            title: t.labels,
            value: ({ labels }) =>
              Object.entries(labels)
                .map(([label, value]) => `${label}=${value}`)
                .join(', '),
          },
          { key: 'version', title: t.version, value: ({ version }) => version ?? '' },
          { key: 'containers', title: t.containers, value: ({ containers }) => containers, isNumeric: true },
          {
            key: 'networks',
            title: t.networks,
            value: ({ name }) => networks.filter(({ engine }) => engine === name).length,
            isNumeric: true,
          },
        ]}
      />
    </section>
  );
}

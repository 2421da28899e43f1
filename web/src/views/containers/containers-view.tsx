// The list of containers, and one of them where the link names it.
import type { Container } from '../../../../src/client/index.ts';
import { goTo, linkTo } from '../../router.ts';
import { seesAll } from '../../session.ts';
import { store } from '../../store/store.ts';
import { ContainerLink } from '../../ui/container-link.tsx';
import { CopyAs } from '../../ui/copy-as.tsx';
import { DataTable } from '../../ui/data-table.tsx';
import type { ViewProps } from '../view.ts';
import { messages } from './messages.ts';
import { ContainerPanel } from './panel/container-panel.tsx';
import { spellAddresses, spellPort } from './spelling.ts';

export default function ContainersView({ parts: [id, tab], query }: ViewProps) {
  if (id === undefined) return <ContainerList withOthers={query.scope === 'all'} />;
  return <ContainerPanel key={id} wanted={id} tab={tab} query={query} />;
}

function ContainerList({ withOthers }: { withOthers: boolean }) {
  const t = messages.value;
  const rows = store.containers.all.value.filter(({ managed }) => managed || withOthers);
  return (
    <section class="page">
      <h1>{t.title}</h1>
      {seesAll.value && (
        <label class="check">
          <input
            type="checkbox"
            checked={withOthers}
            onChange={({ currentTarget }) =>
              goTo(linkTo('containers', [], currentTarget.checked ? { scope: 'all' } : {}), { replace: true })
            }
          />
          {t.showAll}
        </label>
      )}{' '}
      <CopyAs
        call={{ method: 'GET', path: `/api/v1/containers${withOthers ? '?scope=all' : ''}` }}
        cli={withOthers ? ['ps', '--all', '--scope', 'all'] : ['ps', '--all']}
        socket={{
          path: '/api/v1/stream',
          say: [{ type: 'subscribe', id: '1', topic: 'events', ...(withOthers && { scope: 'all' }) }],
        }}
      />
      <DataTable
        label={t.title}
        rows={rows}
        nameOf={({ id }) => id}
        empty={store.containers.isKnown.value ? t.none : undefined}
        columns={[
          {
            key: 'name',
            title: t.name,
            value: ({ name }) => name,
            render: ({ id, name }) => <ContainerLink id={id} name={name} />,
          },
          { key: 'mode', title: t.mode, value: describeMode, render: (one) => <ModeOf container={one} /> },
          { key: 'state', title: t.state, value: ({ state }) => t.states(state) },
          { key: 'lab', title: t.lab, value: ({ lab }) => lab ?? '' },
          { key: 'image', title: t.image, value: ({ image }) => image },
          { key: 'addresses', title: t.addresses, value: spellAddresses },
          { key: 'ports', title: t.ports, value: ({ ports }) => ports.map(spellPort).join(', ') },
        ]}
      />
    </section>
  );
}

function describeMode({ mode, joinedTo, orphaned }: Container): string {
  const t = messages.value;
  const words = [joinedTo === null ? t.modes(mode) : t.joinedTo(joinedTo.name ?? joinedTo.id.slice(0, 12))];
  if (orphaned) words.push(t.orphaned);
  return words.join(', ');
}

/** The same, with a link to the target. */
function ModeOf({ container }: { readonly container: Container }) {
  const t = messages.value;
  const { joinedTo, orphaned } = container;
  if (joinedTo === null) return describeMode(container);
  const [before, after] = t.joinedTo('\n').split('\n');
  return (
    <>
      {before}
      <ContainerLink id={joinedTo.id} name={joinedTo.name} />
      {after}
      {orphaned && <span class="bad">, {t.orphaned}</span>}
    </>
  );
}

// What the container shares with whom and what is its own, kind by kind, by the numbers of the kernel.
import type { ContainerNamespaces, NamespaceSharing } from '../../../../../src/client/index.ts';
import { TerrariumError } from '../../../../../src/client/index.ts';
import { client, store } from '../../../store/store.ts';
import { ContainerLink } from '../../../ui/container-link.tsx';
import { CopyAs } from '../../../ui/copy-as.tsx';
import { DataTable } from '../../../ui/data-table.tsx';
import { apiPath, cliWords } from '../panel/elsewhere.ts';
import type { TabProps } from '../panel/tab.ts';
import { usePolled } from '../panel/use-polled.ts';
import { messages } from './messages.ts';
import './namespaces.css';

/** Processes come and go without an event. */
const everyMs = 5_000;

export default function NamespacesTab({ container }: TabProps) {
  const t = messages.value;
  const { id, state, startedAt, namespace } = container;
  // What changes who shares what is asked about at once.
  const isUp = state === 'running' || state === 'paused';
  const question = isUp ? JSON.stringify([id, startedAt, namespace?.members.map((one) => one.id)]) : null;
  const { value, failure } = usePolled<ContainerNamespaces>(
    question,
    (signal) => client().containers.namespaces(id, { signal }),
    { everyMs, isFollowed: true },
  );
  return (
    <div class="namespaces">
      <div class="container-tools">
        <CopyAs
          call={{ method: 'GET', path: apiPath(container, '/namespaces') }}
          cli={cliWords(container, ['ns', 'show'])}
        />
      </div>
      {!isUp && <p class="container-refusal">{t.notRunning}</p>}
      {failure !== null && <Failure failure={failure} />}
      {isUp && value === null && failure === null && <p class="quiet">{t.looking}</p>}
      {value !== null && <Shares value={value} />}
    </div>
  );
}

function Failure({ failure }: { readonly failure: Error }) {
  // It has ended since: its state is about to say so.
  if (failure instanceof TerrariumError && failure.code === 'container_not_running') return null;
  return (
    <p class="container-notice container-notice-bad" role="alert">
      {failure.message}
    </p>
  );
}

function Shares({ value }: { readonly value: ContainerNamespaces }) {
  const t = messages.value;
  const { kinds, elsewhere, pid, pids, namespace, stale } = value;
  return (
    <div data-stale={stale}>
      <ul class="namespaces-words">
        <Sentences kinds={kinds} />
      </ul>
      <DataTable<NamespaceSharing>
        isPlain
        label={t.title}
        rows={kinds}
        nameOf={({ kind }) => kind}
        rowClass={({ isolated, host }) =>
          isolated ? 'namespaces-own' : host ? 'namespaces-host' : 'namespaces-shared'
        }
        columns={[
          {
            key: 'kind',
            title: t.kind,
            value: ({ kind }) => kind,
            render: ({ kind }) => (
              <>
                <code>{kind}</code> <span class="quiet">{t.kinds[kind]}</span>
              </>
            ),
          },
          { key: 'whose', title: t.whose, value: (one) => t.whoseIs(tellWhose(one)) },
          {
            key: 'with',
            title: t.sharedWith,
            value: ({ sharedWith }) => sharedWith.map(({ name }) => name).join(' '),
            render: (one) => <Sharers one={one} />,
          },
          { key: 'inode', title: t.inode, value: ({ inode }) => inode ?? '', isNumeric: true },
          { key: 'reason', title: t.reason, value: ({ reason }) => reason ?? '' },
        ]}
      />
      <dl class="container-facts namespaces-facts">
        <div>
          <dt>{t.id}</dt>
          <dd>
            <code>{namespace}</code>
          </dd>
        </div>
        <div>
          <dt>{t.pid}</dt>
          <dd>
            <code>{pid}</code>
          </dd>
        </div>
        <div>
          <dt>{t.pids}</dt>
          <dd>
            <code>{pids === null ? '?' : pids.join(' ')}</code>
          </dd>
        </div>
      </dl>
      {elsewhere.length > 0 && (
        <>
          <h2>{t.elsewhere}</h2>
          <p class="quiet">{t.elsewhereAbout}</p>
          <ul>
            {elsewhere.map((one) => (
              <li key={one.pid}>
                <code>{one.pid}</code>:{' '}
                {one.kinds
                  .map(({ kind, inode, host }) => `${kind} ${inode ?? '?'}${host ? ` (${t.ofHost})` : ''}`)
                  .join(', ')}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

/** What an engineer would say of it: who shares its network, what is its own, what it has of the host. */
function Sentences({ kinds }: { readonly kinds: readonly NamespaceSharing[] }) {
  const t = messages.value;
  const net = kinds.find(({ kind }) => kind === 'net');
  const rest = kinds.filter(({ kind }) => kind !== 'net');
  const listKinds = (wanted: ReturnType<typeof tellWhose>) =>
    rest.filter((one) => tellWhose(one) === wanted).map(({ kind }) => t.kinds[kind]);
  const own = listKinds('own');
  const shared = rest.filter((one) => tellWhose(one) === 'shared');
  const ofHost = listKinds('host');
  const unknown = listKinds('unknown');
  return (
    <>
      {net !== undefined && (
        <li>
          {t.network[tellWhose(net)]} {tellWhose(net) === 'shared' && <Sharers one={net} />}
        </li>
      )}
      {own.length > 0 && <li>{t.own(own.join(t.comma))}</li>}
      {shared.map((one) => (
        <li key={one.kind}>
          {t.shares(t.kinds[one.kind])} <Sharers one={one} />
        </li>
      ))}
      {ofHost.length > 0 && <li>{t.hosts(ofHost.join(t.comma))}</li>}
      {unknown.length > 0 && <li>{t.unknown(unknown.join(t.comma))}</li>}
    </>
  );
}

function tellWhose({ isolated, host, sharedWith }: NamespaceSharing): 'own' | 'host' | 'shared' | 'unknown' {
  if (isolated) return 'own';
  if (host) return 'host';
  return sharedWith.length > 0 ? 'shared' : 'unknown';
}

/** What everybody has of the host is said in one word. */
function Sharers({ one: { host, sharedWith } }: { readonly one: NamespaceSharing }) {
  const t = messages.value;
  if (host) return <span class="quiet">{t.everybody(sharedWith.length)}</span>;
  return (
    <span class="container-names">
      {sharedWith.map(({ id, name }) => (
        <ContainerLink key={id} id={id} name={store.containers.get(id)?.name ?? name} tab="namespaces" />
      ))}
    </span>
  );
}

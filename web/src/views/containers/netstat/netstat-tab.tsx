// The sockets of the container's network namespace, live: as a table that marks what comes and goes, or as the text that netstat prints.
import type { Socket } from '../../../../../src/client/index.ts';
import { goTo, linkTo } from '../../../router.ts';
import { useWatch } from '../../../store/watch.ts';
import { ContainerLink } from '../../../ui/container-link.tsx';
import { CopyAs } from '../../../ui/copy-as.tsx';
import { DataTable } from '../../../ui/data-table.tsx';
import { apiPath, cliWords } from '../panel/elsewhere.ts';
import { Freshness } from '../panel/freshness.tsx';
import { RawText } from '../panel/raw-text.tsx';
import type { TabProps } from '../panel/tab.ts';
import type { Marked } from './changes.ts';
import { messages } from './messages.ts';
import { type Choice, kinds, type Range, readOptions, spellOptions } from './options.ts';
import { findPeer, listPeers, type Peer } from './peers.ts';
import { useChanges } from './use-changes.ts';
import './netstat.css';

/** Rows that are drawn; the rest is there to be found by the filter. */
const drawnRows = 400;

export default function NetstatTab({ container, query }: TabProps) {
  const t = messages.value;
  const choice = readOptions(query.options);
  const options = spellOptions(choice);
  const isRaw = query.raw === '1';
  const { newest, failure } = useWatch({
    topic: 'netstat',
    container: container.id,
    options,
    ...(isRaw && { format: 'both' as const }),
  });
  const go = (change: Readonly<Record<string, string>>) => {
    const wanted = Object.entries({ ...query, ...change }).filter(([, value]) => value !== '');
    goTo(linkTo('containers', [container.id, 'netstat'], Object.fromEntries(wanted)), { replace: true });
  };
  const observation = newest.value;
  return (
    <div class="netstat">
      <div class="container-tools">
        <OptionChoice choice={choice} onChoice={(next) => go({ options: spellOptions(next) })} />
        <label class="check">
          <input
            type="checkbox"
            checked={isRaw}
            onChange={({ currentTarget }) => go({ raw: currentTarget.checked ? '1' : '' })}
          />
          {t.raw}
        </label>
        <CopyAs
          call={{ method: 'GET', path: apiPath(container, '/netstat', { options }) }}
          cli={cliWords(container, ['netstat'], [`-${options}`, '-f'])}
          socket={{ path: apiPath(container, '/netstat', { options }) }}
        />
      </div>
      <Freshness newest={observation} failure={failure.value} />
      {isRaw ? (
        <RawText label={t.rawLabel} text={observation?.text ?? ''} isLive={observation?.state === 'live'} />
      ) : (
        <Sockets
          container={container}
          subject={`${container.id} ${options}`}
          sockets={observation?.data?.sockets ?? null}
          isLive={observation?.state === 'live'}
        />
      )}
    </div>
  );
}

function OptionChoice({ choice, onChoice }: { readonly choice: Choice; readonly onChoice: (choice: Choice) => void }) {
  const t = messages.value;
  const ranges: readonly Range[] = ['a', 'l', ''];
  return (
    <fieldset class="netstat-options">
      <legend class="visually-hidden">{t.options}</legend>
      {kinds.map((kind) => (
        <label key={kind} class="check">
          <input
            type="checkbox"
            checked={choice.kinds.includes(kind)}
            onChange={({ currentTarget }) =>
              onChoice({
                ...choice,
                kinds: currentTarget.checked ? [...choice.kinds, kind] : choice.kinds.filter((one) => one !== kind),
              })
            }
          />
          {t.kinds[kind]}
        </label>
      ))}
      <label class="netstat-range">
        {t.show}{' '}
        <select
          value={choice.range}
          onChange={({ currentTarget }) => onChoice({ ...choice, range: currentTarget.value as Range })}
        >
          {ranges.map((range) => (
            <option key={range} value={range}>
              {t.ranges(range)}
            </option>
          ))}
        </select>
      </label>
      <code class="quiet">netstat -{spellOptions(choice)}</code>
    </fieldset>
  );
}

interface SocketsProps extends Pick<TabProps, 'container'> {
  readonly subject: string;
  readonly sockets: readonly Socket[] | null;
  readonly isLive: boolean;
}

function Sockets({ container, subject, sockets, isLive }: SocketsProps) {
  const t = messages.value;
  const marked = useChanges(subject, sockets, isSameSocket);
  const peers = listPeers(container);
  const peerOf = ({ row }: Marked<Socket>) => findPeer(peers, row.remote.address);
  return (
    <div data-stale={!isLive}>
      <p class="netstat-count quiet">{t.count(marked.filter(({ mark }) => mark !== 'removed').length)}</p>
      <DataTable<Marked<Socket>>
        label={t.label}
        rows={marked}
        atMost={drawnRows}
        nameOf={({ row }) => row.id}
        rowClass={({ mark, turn }) => (mark === null ? undefined : `netstat-${mark} netstat-turn-${turn}`)}
        empty={sockets === null ? undefined : t.none}
        columns={[
          { key: 'mark', title: t.change, value: ({ mark }) => mark ?? '', render: ({ mark }) => <Sign mark={mark} /> },
          { key: 'protocol', title: t.protocol, value: ({ row }) => row.protocol },
          {
            key: 'local',
            title: t.local,
            value: ({ row }) => spellEnd(row.local),
            render: ({ row }) => <code>{spellEnd(row.local)}</code>,
          },
          {
            key: 'remote',
            title: t.remote,
            value: ({ row }) => spellEnd(row.remote),
            render: ({ row }) => <code>{spellEnd(row.remote)}</code>,
          },
          {
            key: 'peer',
            title: t.peer,
            value: (one) => spellPeer(peerOf(one)),
            render: (one) => <PeerName peer={peerOf(one)} />,
          },
          { key: 'state', title: t.state, value: ({ row }) => row.state ?? '' },
          { key: 'recvQ', title: 'Recv-Q', value: ({ row }) => row.recvQ, isNumeric: true },
          { key: 'sendQ', title: 'Send-Q', value: ({ row }) => row.sendQ, isNumeric: true },
        ]}
      />
    </div>
  );
}

/** Not by colour alone. */
function Sign({ mark }: { readonly mark: Marked<Socket>['mark'] }) {
  if (mark === null) return null;
  return (
    <span class="netstat-sign" role="img" aria-label={messages.value.marks[mark]}>
      {{ added: '+', removed: '−', changed: '~' }[mark]}
    </span>
  );
}

function PeerName({ peer }: { readonly peer: Peer | undefined }) {
  if (peer?.kind === 'container') return <ContainerLink id={peer.id} name={peer.name} />;
  return <span class="quiet">{spellPeer(peer)}</span>;
}

function spellPeer(peer: Peer | undefined): string {
  const t = messages.value;
  if (peer === undefined) return '';
  if (peer.kind === 'container') return peer.name;
  return peer.kind === 'itself' ? t.itself : t.gateway(peer.network);
}

/** 172.17.0.2:80, [::]:80; any port is a star, as netstat has it. */
function spellEnd({ address, port }: Socket['local']): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port === 0 ? '*' : port}`;
}

function isSameSocket(one: Socket, other: Socket): boolean {
  return one.state === other.state && one.recvQ === other.recvQ && one.sendQ === other.sendQ;
}

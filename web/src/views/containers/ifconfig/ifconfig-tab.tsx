// The interfaces of the container's network namespace, live: as cards with their rates, or as the text that ifconfig prints.
import { useRef } from 'preact/hooks';
import type { Ifconfig, Interface } from '../../../../../src/client/index.ts';
import { formatBytes, formatRate } from '../../../i18n/format.ts';
import { goTo, linkTo } from '../../../router.ts';
import { useWatch } from '../../../store/watch.ts';
import { CopyAs } from '../../../ui/copy-as.tsx';
import { DataTable } from '../../../ui/data-table.tsx';
import { apiPath, cliWords } from '../panel/elsewhere.ts';
import { Freshness } from '../panel/freshness.tsx';
import { RawText } from '../panel/raw-text.tsx';
import type { TabProps } from '../panel/tab.ts';
import { messages } from './messages.ts';
import { addRate, type Rate } from './rates.ts';
import { Sparkline } from './sparkline.tsx';
import './ifconfig.css';

export default function IfconfigTab({ container, query }: TabProps) {
  const t = messages.value;
  const isRaw = query.raw === '1';
  const { newest, failure } = useWatch({
    topic: 'ifconfig',
    container: container.id,
    ...(isRaw && { format: 'both' as const, options: 'a' }),
  });
  const observation = newest.value;
  const isLive = observation?.state === 'live';
  return (
    <div class="ifconfig">
      <div class="container-tools">
        <label class="check">
          <input
            type="checkbox"
            checked={isRaw}
            onChange={({ currentTarget }) =>
              goTo(linkTo('containers', [container.id, 'ifconfig'], currentTarget.checked ? { raw: '1' } : {}), {
                replace: true,
              })
            }
          />
          {t.raw}
        </label>
        <CopyAs
          call={{ method: 'GET', path: apiPath(container, '/ifconfig') }}
          cli={cliWords(container, ['ifconfig'], ['-f'])}
          socket={{ path: apiPath(container, '/ifconfig') }}
        />
      </div>
      <Freshness newest={observation} failure={failure.value} />
      {isRaw ? (
        <RawText label={t.rawLabel} text={observation?.text ?? ''} isLive={isLive} />
      ) : (
        observation?.data && <Whole key={observation.data.namespace.id} data={observation.data} isLive={isLive} />
      )}
    </div>
  );
}

interface SeenProps {
  readonly data: Ifconfig;
  readonly isLive: boolean;
}

function Whole({ data, isLive }: SeenProps) {
  const t = messages.value;
  const rates = useRates(data);
  const { interfaces, routes, neighbours, dns } = data;
  return (
    <div data-stale={!isLive}>
      <div class="ifconfig-cards">
        {interfaces.map((one) => (
          <Card key={one.name} one={one} rates={rates.get(one.name) ?? []} isLive={isLive} />
        ))}
      </div>
      <h2>{t.routes}</h2>
      <DataTable
        isPlain
        label={t.routes}
        rows={routes}
        nameOf={({ destination, prefix, interface: device, metric, gateway }) =>
          [destination, prefix, device, metric, gateway].join(' ')
        }
        empty={t.noRoutes}
        columns={[
          {
            key: 'destination',
            title: t.destination,
            value: ({ destination, prefix }) =>
              prefix === 0 ? `${t.defaultRoute} (${destination}/0)` : `${destination}/${prefix}`,
          },
          { key: 'gateway', title: t.gateway, value: ({ gateway }) => gateway ?? t.onLink },
          { key: 'interface', title: t.interface, value: (route) => route.interface },
          { key: 'metric', title: t.metric, value: ({ metric }) => metric, isNumeric: true },
          { key: 'remark', title: t.remark, value: ({ reject }) => (reject ? t.reject : '') },
        ]}
      />
      <h2>{t.neighbours}</h2>
      <DataTable
        isPlain
        label={t.neighbours}
        rows={neighbours}
        nameOf={({ address, interface: device }) => `${address} ${device}`}
        empty={t.noNeighbours}
        columns={[
          { key: 'address', title: t.address, value: ({ address }) => address },
          { key: 'mac', title: t.mac, value: ({ mac }) => mac ?? '' },
          { key: 'interface', title: t.interface, value: (one) => one.interface },
          { key: 'state', title: t.state, value: ({ state }) => state },
        ]}
      />
      <h2>DNS</h2>
      <dl class="container-facts">
        <div>
          <dt>{t.nameservers}</dt>
          <dd>{dns.nameservers.join(', ') || t.nothing}</dd>
        </div>
        <div>
          <dt>{t.search}</dt>
          <dd>{dns.search.join(' ') || t.nothing}</dd>
        </div>
        <div>
          <dt>{t.resolverOptions}</dt>
          <dd>{dns.options.join(' ') || t.nothing}</dd>
        </div>
      </dl>
    </div>
  );
}

/** The rates of each interface since the tab was opened. */
function useRates({ asOf, interfaces }: Ifconfig): ReadonlyMap<string, readonly Rate[]> {
  const held = useRef<ReadonlyMap<string, readonly Rate[]>>(new Map());
  held.current = new Map(interfaces.map((one) => [one.name, addRate(held.current.get(one.name) ?? [], asOf, one)]));
  return held.current;
}

interface CardProps {
  readonly one: Interface;
  readonly rates: readonly Rate[];
  readonly isLive: boolean;
}

function Card({ one, rates, isLive }: CardProps) {
  const t = messages.value;
  const { name, mac, mtu, flags, ipv4, ipv6, rx, tx, txQueueLength } = one;
  const isUp = flags.includes('UP');
  return (
    <article class={`panel ifconfig-card ${isUp ? '' : 'ifconfig-down'}`} aria-label={name}>
      <h2>
        {name} {!isUp && <span class="container-chip container-chip-bad">{t.down}</span>}
      </h2>
      <ul class="ifconfig-addresses">
        {ipv4.map(({ address, prefix, broadcast }) => (
          <li key={address}>
            <code>
              {address}/{prefix}
            </code>
            {broadcast !== null && (
              <span class="quiet">
                {' '}
                {t.broadcast} <code>{broadcast}</code>
              </span>
            )}
          </li>
        ))}
        {ipv6.map(({ address, prefix, scope }) => (
          <li key={address}>
            <code>
              {address}/{prefix}
            </code>{' '}
            <span class="quiet">{scope}</span>
          </li>
        ))}
        {ipv4.length + ipv6.length === 0 && <li class="quiet">{t.noAddress}</li>}
      </ul>
      <p class="ifconfig-link quiet">
        {mac !== null && (
          <>
            MAC <code>{mac}</code>{' '}
          </>
        )}
        MTU {mtu}, {t.queue} {txQueueLength}
      </p>
      <p class="ifconfig-flags">
        {flags.map((flag) => (
          <span key={flag}>{flag}</span>
        ))}
      </p>
      <Sparkline
        rates={rates}
        isLive={isLive}
        label={t.rates(formatRate(rx.bytesPerSecond), formatRate(tx.bytesPerSecond))}
      />
      <dl class="ifconfig-counters">
        <Direction name="RX" kind="rx" counters={rx} more={[[t.frame, rx.frame]]} />
        <Direction
          name="TX"
          kind="tx"
          counters={tx}
          more={[
            [t.carrier, tx.carrier],
            [t.collisions, tx.collisions],
          ]}
        />
      </dl>
    </article>
  );
}

interface DirectionProps {
  readonly name: string;
  readonly kind: 'rx' | 'tx';
  readonly counters: Omit<Interface['rx'], 'frame'>;
  readonly more: readonly (readonly [string, number])[];
}

function Direction({ name, kind, counters, more }: DirectionProps) {
  const t = messages.value;
  const { bytes, packets, errors, dropped, overruns, bytesPerSecond, packetsPerSecond } = counters;
  const troubles = [[t.errors, errors], [t.dropped, dropped], [t.overruns, overruns], ...more] as const;
  const told = troubles.filter(([, count]) => count > 0);
  return (
    <div>
      <dt class={`ifconfig-${kind}`}>{name}</dt>
      <dd>
        <strong>{formatRate(bytesPerSecond)}</strong> <span class="quiet">{t.packetRate(packetsPerSecond)}</span>
        <br />
        {formatBytes(bytes)} <span class="quiet">{t.packets(packets)}</span>
        <br />
        {told.length === 0 ? (
          <span class="quiet">{t.noErrors}</span>
        ) : (
          <span class="bad">{told.map(([what, count]) => `${what} ${count}`).join(', ')}</span>
        )}
      </dd>
    </div>
  );
}

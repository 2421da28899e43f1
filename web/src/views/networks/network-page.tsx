// One network: its subnets, its settings in the words of daemon.json, who is on it, and what can be done to it.
import { useState } from 'preact/hooks';
import { type Network, TerrariumError } from '../../../../src/client/index.ts';
import { goTo, linkTo } from '../../router.ts';
import { mayChange } from '../../session.ts';
import { client, refresh, store } from '../../store/store.ts';
import { Button } from '../../ui/button.tsx';
import { CopyAs } from '../../ui/copy-as.tsx';
import { DataTable } from '../../ui/data-table.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Field } from '../../ui/field.tsx';
import { perform, reportFailure, say } from '../../ui/toasts.tsx';
import { messages } from './messages.ts';

const settings = [
  'bip',
  'fixed-cidr',
  'default-gateway',
  'ipv6',
  'fixed-cidr-v6',
  'default-gateway-v6',
  'mtu',
  'dns',
  'icc',
  'ip-masq',
  'internal',
] as const;

export function NetworkPage({ name, engine }: { name: string; engine: string | undefined }) {
  const t = messages.value;
  const network = store.networks.all.value.find(
    (one) => (one.name === name || one.id === name) && (engine === undefined || one.engine === engine),
  );
  return (
    <section class="page networks-page">
      <p>
        <a href={linkTo('networks')}>{t.back}</a>
      </p>
      {network === undefined ? (
        store.networks.isKnown.value && <h1>{t.noNetwork(name)}</h1>
      ) : (
        <Known key={network.id} network={network} />
      )}
    </section>
  );
}

function Known({ network }: { network: Network }) {
  const t = messages.value;
  const { id, name, driver, subnets, bridge, managed, lab, owner, engine, stale } = network;
  return (
    <>
      <h1>{name}</h1>
      {stale && <p class="bad">{t.stale}</p>}
      <section class="panel">
        <dl class="facts">
          <dt>{t.driver}</dt>
          <dd>{driver}</dd>
          <dt>{t.subnets}</dt>
          <dd>
            {subnets.map(({ subnet, range }) => (
              <div key={subnet}>
                <code>{subnet}</code>
                {range !== null && (
                  <span class="quiet">
                    {' '}
                    {t.range} <code>{range}</code>
                  </span>
                )}
              </div>
            ))}
          </dd>
          <dt>{t.bridge}</dt>
          <dd>{bridge === null ? '–' : <code>{bridge}</code>}</dd>
          <dt>{t.made_by}</dt>
          <dd>{managed ? `${t.byTerrarium}${owner === null ? '' : ` (${owner})`}` : t.byOthers}</dd>
          {lab !== null && (
            <>
              <dt>{t.lab}</dt>
              <dd>{lab}</dd>
            </>
          )}
        </dl>
        <p class="networks-tools">
          {managed && <Remove network={network} />}
          <CopyAs
            call={{ method: 'GET', path: `/api/v1/networks/${id}?engine=${encodeURIComponent(engine)}` }}
            cli={['networks', 'show', name]}
          />
          <a href={linkTo('reach', [], lab === null ? {} : { lab })}>{t.reach}</a>
        </p>
      </section>
      <section class="panel">
        <h2>{t.settings}</h2>
        <dl class="facts">
          {settings.map((setting) => (
            <>
              <dt>
                <code>{setting}</code>
              </dt>
              <dd>{spellSetting(network[setting])}</dd>
            </>
          ))}
        </dl>
      </section>
      <section class="panel">
        <h2>{t.members}</h2>
        <Members network={network} />
        {mayChange.value && ['bridge', 'overlay'].includes(driver) && <ConnectForm network={network} />}
      </section>
    </>
  );
}

function spellSetting(value: unknown): string {
  const t = messages.value;
  if (value === null || value === undefined) return t.byDefault;
  if (typeof value === 'boolean') return value ? t.on : t.off;
  return Array.isArray(value) ? value.join(', ') || t.byDefault : String(value);
}

function Members({ network }: { network: Network }) {
  const t = messages.value;
  const { id, engine } = network;
  return (
    <DataTable
      label={t.members}
      rows={network.containers}
      nameOf={(one) => one.id}
      empty={t.noMembers}
      isPlain
      columns={[
        {
          key: 'name',
          title: t.container,
          value: ({ name }) => name,
          render: (one) => <a href={linkTo('containers', [one.id])}>{one.name}</a>,
        },
        { key: 'state', title: t.state, value: ({ state }) => state },
        {
          key: 'address',
          title: t.address,
          value: ({ ipv4, ipv6 }) => [ipv4, ipv6].filter((one) => one !== null).join(', '),
        },
        { key: 'mac', title: 'MAC', value: ({ mac }) => mac ?? '' },
        {
          key: 'actions',
          title: t.actions,
          value: () => '',
          render: (one) =>
            store.containers.get(one.id)?.managed !== true ? null : (
              <span class="networks-tools">
                <Button
                  changes
                  onClick={() =>
                    void perform(
                      () => client().networks.disconnect(id, { container: one.id }, { engine }),
                      t.disconnected(one.name),
                    )
                  }
                >
                  {t.disconnectIt} <span class="visually-hidden">{one.name}</span>
                </Button>
                <CopyAs
                  call={{
                    method: 'POST',
                    path: `/api/v1/networks/${id}/disconnect`,
                    body: { container: one.name },
                  }}
                  cli={['networks', 'disconnect', network.name, one.name]}
                />
              </span>
            ),
        },
      ]}
    />
  );
}

function ConnectForm({ network: { id, name, engine, containers } }: { network: Network }) {
  const t = messages.value;
  const [container, setContainer] = useState('');
  const [ip, setIp] = useState('');
  const [aliases, setAliases] = useState('');
  const [failure, setFailure] = useState<TerrariumError | null>(null);
  const members = new Set(containers.map((one) => one.id));
  const candidates = store.containers.all.value.filter(
    (one) => one.managed && one.engine === engine && !members.has(one.id) && ['bridged', 'open'].includes(one.mode),
  );
  const names = aliases.split(/[\s,]+/).filter(Boolean);
  const body = { container, ...(ip !== '' && { ip }), ...(names.length > 0 && { aliases: names }) };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    setFailure(null);
    try {
      await client().networks.connect(id, body, { engine });
      say(t.connected(container));
      setContainer('');
      setIp('');
      setAliases('');
    } catch (error) {
      if (error instanceof TerrariumError) setFailure(error);
      else reportFailure(error);
    }
    refresh();
  };
  const errorOf = (field: string) => (failure?.field === field ? failure.message : undefined);
  return (
    <form class="networks-connect" onSubmit={(event) => void submit(event)} aria-label={t.connect}>
      <h3>{t.connect}</h3>
      <div class="networks-fields">
        <Field label={t.container} error={errorOf('container')}>
          {(field) => (
            <select
              {...field}
              required
              value={container}
              onChange={({ currentTarget }) => setContainer(currentTarget.value)}
            >
              <option value="" />
              {candidates.map((one) => (
                <option key={one.id} value={one.name}>
                  {one.name}
                </option>
              ))}
            </select>
          )}
        </Field>
        <Field label={t.ip} hint={t.ipHint} error={errorOf('ip')}>
          {(field) => (
            <input
              {...field}
              type="text"
              value={ip}
              onInput={({ currentTarget }) => setIp(currentTarget.value.trim())}
            />
          )}
        </Field>
        <Field label={t.aliases} hint={t.aliasesHint} error={errorOf('aliases')}>
          {(field) => (
            <input
              {...field}
              type="text"
              value={aliases}
              onInput={({ currentTarget }) => setAliases(currentTarget.value)}
            />
          )}
        </Field>
      </div>
      {failure !== null && !['container', 'ip', 'aliases'].includes(failure.field ?? '') && (
        <p class="bad" role="alert">
          {failure.message}
        </p>
      )}
      {failure?.hint !== undefined && <p class="quiet">{failure.hint}</p>}
      <p class="networks-tools">
        <Button type="submit" kind="primary" disabled={container === ''}>
          {t.connectIt}
        </Button>
        <CopyAs
          call={{ method: 'POST', path: `/api/v1/networks/${id}/connect`, body }}
          cli={['networks', 'connect', name, container || 'NAME', ...(ip === '' ? [] : ['--ip', ip])]}
        />
      </p>
    </form>
  );
}

function Remove({ network: { id, name, engine } }: { network: Network }) {
  const t = messages.value;
  const [isAsking, ask] = useState(false);
  const remove = async () => {
    ask(false);
    if (await perform(() => client().networks.remove(id, { engine }), t.removed(name))) goTo(linkTo('networks'));
  };
  return (
    <>
      <Button changes kind="danger" onClick={() => ask(true)}>
        {t.remove}
      </Button>
      {isAsking && (
        <Dialog label={t.removeSure(name)} onClose={() => ask(false)}>
          <h2 class="networks-ask">{t.removeSure(name)}</h2>
          <p>{t.removeHint}</p>
          <p class="networks-tools">
            <Button kind="danger" onClick={() => void remove()}>
              {t.remove}
            </Button>
            <Button onClick={() => ask(false)}>{t.cancel}</Button>
            <CopyAs call={{ method: 'DELETE', path: `/api/v1/networks/${id}` }} cli={['networks', 'rm', name]} />
          </p>
        </Dialog>
      )}
    </>
  );
}

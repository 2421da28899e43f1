// One engine: how well it is known, what can be done there, what it has of daemon.json, and the dangers. The last two are looked at when the page opens.
import { useEffect, useState } from 'preact/hooks';
import { type EngineDaemonConfig, type EngineView, TerrariumError } from '../../../../src/client/index.ts';
import { formatBytes, formatDateTime, formatDuration } from '../../i18n/format.ts';
import { linkTo } from '../../router.ts';
import { now } from '../../store/clock.ts';
import { client, store } from '../../store/store.ts';
import { Button } from '../../ui/button.tsx';
import { CopyAs } from '../../ui/copy-as.tsx';
import { ProblemList } from '../daemon/problem-list.tsx';
import { messages } from './messages.ts';
import '../daemon/daemon.css';

export function EnginePage({ name }: { name: string }) {
  const t = messages.value;
  const engine = store.engines.get(name);
  if (engine === undefined)
    return (
      <section class="page">
        {store.engines.isKnown.value && <h1>{t.noEngine(name)}</h1>}
        <p>
          <a href={linkTo('engines')}>{t.back}</a>
        </p>
      </section>
    );
  return (
    <section class="page engines-page">
      <p>
        <a href={linkTo('engines')}>{t.back}</a>
      </p>
      <h1>{name}</h1>
      <Health engine={engine} />
      <Capabilities capabilities={engine.capabilities} />
      <Settings name={name} />
    </section>
  );
}

function Health({ engine }: { engine: EngineView }) {
  const t = messages.value;
  const {
    state,
    reason,
    since,
    ageMs,
    endpoint,
    transport,
    labels,
    version,
    apiVersion,
    os,
    arch,
    kernel,
    cpus,
    memory,
  } = engine;
  return (
    <section class="panel">
      <h2>{t.health}</h2>
      <p>
        <span class={`lamp engines-state engines-${state}`}>{t.states(state)}</span>{' '}
        <span class="quiet" title={formatDateTime(since)}>
          {t.forTime(formatDuration(now.value - Date.parse(since)))}
        </span>{' '}
        {reason !== null && <span lang="en">{reason}</span>}
      </p>
      {ageMs > 0 && <p class="bad">{t.lastKnown(formatDuration(ageMs))}</p>}
      <dl class="facts">
        <dt>{t.endpoint}</dt>
        <dd>
          <code>{endpoint}</code> <span class="quiet">{t.transport(transport)}</span>
        </dd>
        <dt>{t.labels}</dt>
        <dd>
          {Object.entries(labels)
            .map(([label, value]) => `${label}=${value}`)
            .join(', ') || '–'}
        </dd>
        <dt>{t.version}</dt>
        <dd>
          {version ?? '–'} <span class="quiet">{t.api}</span> {apiVersion ?? '–'}
        </dd>
        <dt>{t.system}</dt>
        <dd>{[os, arch, kernel].filter((one) => one !== null).join(', ') || '–'}</dd>
        <dt>{t.machine}</dt>
        <dd>
          {[cpus === null ? null : t.cpus(cpus), memory === null ? null : formatBytes(memory)]
            .filter((one) => one !== null)
            .join(', ') || '–'}
        </dd>
      </dl>
      <CopyAs
        call={{ method: 'GET', path: `/api/v1/engines/${encodeURIComponent(engine.name)}` }}
        cli={['engines', '--json']}
      />
    </section>
  );
}

function Capabilities({ capabilities: { observer, hostMode, rules, writes } }: Pick<EngineView, 'capabilities'>) {
  const t = messages.value;
  const rows = [
    [t.observer(observer.via), observer],
    [t.hostMode, hostMode],
    [t.rules, rules],
    [t.writes, writes],
  ] as const;
  return (
    <section class="panel">
      <h2>{t.capabilities}</h2>
      <dl class="facts">
        {rows.map(([what, { available, reason }]) => (
          <>
            <dt>{what}</dt>
            <dd>
              <span class={available ? 'good' : 'bad'}>{available ? `✓ ${t.can}` : `✕ ${t.cannot}`}</span>{' '}
              {reason !== null && <span lang="en">{reason}</span>}
            </dd>
          </>
        ))}
      </dl>
    </section>
  );
}

function Settings({ name }: { name: string }) {
  const t = messages.value;
  const [config, setConfig] = useState<EngineDaemonConfig | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const [turn, setTurn] = useState(0);
  const runs = store.runs.value;
  const state = store.engines.get(name)?.state;
  // What an engine is asked again when it is back.
  useEffect(() => {
    const leaving = new AbortController();
    client()
      .engines.daemonConfig(name, { signal: leaving.signal })
      .then((found) => {
        setConfig(found);
        setFailure(null);
      })
      .catch((error: unknown) => {
        if (!leaving.signal.aborted) setFailure(error instanceof TerrariumError ? error.message : String(error));
      });
    return () => leaving.abort();
  }, [name, turn, runs, state]);
  return (
    <>
      <section class="panel">
        <h2>{t.settings}</h2>
        {failure !== null && (
          <p class="bad" role="alert">
            {failure}
          </p>
        )}
        {config === null ? (
          failure === null && <p class="quiet">{t.reading}</p>
        ) : (
          <>
            <p class="quiet">{t.settingsHint}</p>
            <pre class="engines-settings">{JSON.stringify(config.effective, null, 2)}</pre>
          </>
        )}
        <p class="engines-tools">
          <Button onClick={() => setTurn(turn + 1)}>{t.again}</Button>
          <a href={linkTo('daemon', [], { engine: name })}>{t.tryIt}</a>
          <CopyAs
            call={{ method: 'GET', path: `/api/v1/engines/${encodeURIComponent(name)}/daemon-config` }}
            cli={['daemon', 'show', '--engine', name]}
          />
        </p>
      </section>
      {config !== null && (
        <section class="panel" aria-label={t.dangers}>
          <h2>{t.dangers}</h2>
          {config.problems.length === 0 ? (
            <p class="good">✓ {t.noDangers}</p>
          ) : (
            <ProblemList problems={config.problems} />
          )}
          <h3>{t.endpoints}</h3>
          <ul class="engines-endpoints">
            {config.endpoints.map(({ address, foundBy, answers, answersContainers }) => (
              <li key={`${address} ${foundBy}`}>
                <code>{address}</code> <span class="quiet">({t[foundBy]})</span>{' '}
                <span class={answers === 'everybody' || answersContainers ? 'bad' : undefined}>
                  {t.answers(answers)}
                  {answersContainers && `, ${t.answersContainers}`}
                </span>
              </li>
            ))}
          </ul>
          {config.unknown.length > 0 && (
            <>
              <h3>{t.notKnown}</h3>
              <ul lang="en">
                {config.unknown.map((one) => (
                  <li key={one}>{one}</li>
                ))}
              </ul>
            </>
          )}
        </section>
      )}
    </>
  );
}

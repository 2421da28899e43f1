// A new network, in the words of daemon.json: checked by the server as it is typed, what is wrong beside its field, and a subnet that is free by a click.
import { useEffect, useState } from 'preact/hooks';
import { type CreateNetwork, type NetworkDryRun, TerrariumError } from '../../../../src/client/index.ts';
import { goTo, linkTo } from '../../router.ts';
import { client, refresh, store } from '../../store/store.ts';
import { Button } from '../../ui/button.tsx';
import { CopyAs } from '../../ui/copy-as.tsx';
import { Field } from '../../ui/field.tsx';
import { reportFailure, say } from '../../ui/toasts.tsx';
import { messages } from './messages.ts';

/** Milliseconds after the last key. */
const restMs = 250;
const texts = ['name', 'bip', 'fixed-cidr', 'default-gateway', 'mtu', 'dns', 'fixed-cidr-v6', 'lab'] as const;
const switches = ['ipv6', 'icc', 'ip-masq', 'internal', 'force'] as const;
/** As the engine has them where nothing is said. */
const byDefault = { ipv6: false, icc: true, 'ip-masq': true, internal: false, force: false } as const;

type Texts = Partial<Record<(typeof texts)[number], string>>;
type Switches = Readonly<Record<(typeof switches)[number], boolean>>;

export function NewNetwork() {
  const t = messages.value;
  const [typed, setTyped] = useState<Texts>({});
  const [turned, setTurned] = useState<Switches>(byDefault);
  const [answer, setAnswer] = useState<NetworkDryRun | TerrariumError | null>(null);
  const engines = store.engines.all.value;
  const [engine, setEngine] = useState<string | undefined>(undefined);
  const body = readBody(typed, turned, engines.length > 1 ? (engine ?? engines[0]?.name) : undefined);
  const asked = JSON.stringify(body);

  useEffect(() => {
    setAnswer(null);
    if (body.name === '') return;
    const leaving = new AbortController();
    const timer = setTimeout(() => {
      client()
        .networks.dryRun(body, { signal: leaving.signal })
        .then(setAnswer)
        .catch((error: unknown) => {
          if (!leaving.signal.aborted && error instanceof TerrariumError) setAnswer(error);
        });
    }, restMs);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [asked]);

  const failure = answer instanceof TerrariumError ? answer : null;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    try {
      const { name, warnings } = await client().networks.create(body);
      say([t.made(name), ...warnings].join(' · '));
      refresh();
      goTo(linkTo('networks', [name], body.engine === undefined ? {} : { engine: body.engine }));
    } catch (error) {
      if (error instanceof TerrariumError) setAnswer(error);
      else reportFailure(error);
    }
  };
  return (
    <section class="page networks-page">
      <p>
        <a href={linkTo('networks')}>{t.back}</a>
      </p>
      <h1>{t.newNetwork}</h1>
      <form class="networks-new" onSubmit={(event) => void submit(event)} aria-label={t.newNetwork}>
        <div>
          {engines.length > 1 && (
            <Field label={t.engine}>
              {(field) => (
                <select {...field} value={engine} onChange={({ currentTarget }) => setEngine(currentTarget.value)}>
                  {engines.map(({ name }) => (
                    <option key={name} value={name}>
                      {name}
                    </option>
                  ))}
                </select>
              )}
            </Field>
          )}
          {texts.map((name) => (
            <Field
              key={name}
              label={name === 'name' ? t.name : name === 'lab' ? t.lab : name}
              hint={t.hints(name)}
              error={failure?.field === name || failure?.field?.startsWith(`${name}.`) ? failure.message : undefined}
            >
              {(field) => (
                <input
                  {...field}
                  type="text"
                  autocomplete="off"
                  spellcheck={false}
                  value={typed[name] ?? ''}
                  onInput={({ currentTarget }) => setTyped({ ...typed, [name]: currentTarget.value })}
                />
              )}
            </Field>
          ))}
          {switches.map((name) => (
            <label key={name} class="check networks-switch">
              <input
                type="checkbox"
                checked={turned[name]}
                onChange={({ currentTarget }) => setTurned({ ...turned, [name]: currentTarget.checked })}
              />
              {name === 'internal' || name === 'force' ? t[name] : name}{' '}
              <span class="quiet">{name === 'icc' || name === 'ip-masq' ? t.hints(name) : ''}</span>
            </label>
          ))}
        </div>
        <div class="panel networks-answer" aria-live="polite">
          {answer === null && <p class="quiet">{t.wouldBeHint}</p>}
          {failure !== null && <Refusal failure={failure} onTake={(free) => setTyped({ ...typed, ...free })} />}
          {answer !== null && !(answer instanceof TerrariumError) && (
            <>
              <p class="good">✓ {t.wouldBe}</p>
              {answer.warnings.map((warning) => (
                <p key={warning} class="networks-warning" lang="en">
                  {warning}
                </p>
              ))}
              <pre class="networks-request">{JSON.stringify(answer.request, null, 2)}</pre>
            </>
          )}
          <p class="networks-tools">
            <Button type="submit" kind="primary" disabled={body.name === ''}>
              {t.make}
            </Button>
            <CopyAs call={{ method: 'POST', path: '/api/v1/networks', body }} cli={spellCreate(body)} />
          </p>
        </div>
      </form>
    </section>
  );
}

interface RefusalProps {
  readonly failure: TerrariumError;
  readonly onTake: (free: Texts) => void;
}

function Refusal({ failure: { message, hint, problem }, onTake }: RefusalProps) {
  const t = messages.value;
  const free = (problem as { readonly free?: Readonly<Record<string, unknown>> } | undefined)?.free;
  const offered = Object.fromEntries(
    Object.entries(free ?? {}).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
  return (
    <div class="networks-refusal">
      <p class="bad" lang="en">
        {message}
      </p>
      {hint !== undefined && (
        <p class="quiet" lang="en">
          {hint}
        </p>
      )}
      {Object.keys(offered).length > 0 && (
        <p>
          {t.free}{' '}
          <code>
            {Object.entries(offered)
              .map(([name, value]) => `${name}: ${value}`)
              .join(', ')}
          </code>{' '}
          <Button onClick={() => onTake(offered)}>{t.takeFree}</Button>
        </p>
      )}
    </div>
  );
}

function readBody(typed: Texts, turned: Switches, engine: string | undefined): CreateNetwork {
  const body: Record<string, unknown> = {};
  for (const name of texts) {
    const text = typed[name]?.trim() ?? '';
    if (text === '') continue;
    // What is no number is the server's to refuse, by name.
    if (name === 'mtu') body.mtu = /^\d+$/.test(text) ? Number(text) : text;
    else if (name === 'dns') body.dns = text.split(/[\s,]+/).filter(Boolean);
    else body[name] = text;
  }
  for (const name of switches) if (turned[name] !== byDefault[name]) body[name] = turned[name];
  return { name: '', ...body, ...(engine !== undefined && { engine }) };
}

function spellCreate({ name, dns = [], ...rest }: CreateNetwork): readonly string[] {
  const words = Object.entries(rest).flatMap(([flag, value]) => {
    if (value === true) return [`--${flag}`];
    return value === false ? [`--no-${flag}`] : [`--${flag}`, String(value)];
  });
  return ['networks', 'create', name || 'NAME', ...words, ...dns.flatMap((one) => ['--dns', one])];
}

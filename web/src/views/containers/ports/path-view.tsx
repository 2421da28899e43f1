// One way of a packet: its verdict, and each place that it passes, with what happens there.
import type { Hop, Path, SeenRule } from '../../../../../src/client/index.ts';
import { formatBytes } from '../../../i18n/format.ts';
import { language } from '../../../preferences.ts';
import { ContainerLink } from '../../../ui/container-link.tsx';
import { explainCode } from '../../reach/code-texts.ts';
import { type Count, measureGrowth, nameLink, nameRule } from './counters.ts';
import { messages } from './messages.ts';

interface PathViewProps {
  readonly path: Path;
  readonly count: Count;
  /** Others can be folded away. */
  readonly isOnly: boolean;
}

export function PathView({ path, count, isOnly }: PathViewProps) {
  const t = messages.value;
  const { client, destination, carriedBy, hops, verdict, notes } = path;
  const outcome = verdict.reaches === null ? 'unknown' : verdict.reaches ? 'reaches' : 'fails';
  return (
    <details class="panel ports-path" open data-outcome={outcome}>
      <summary class={isOnly ? 'ports-only' : undefined}>
        <span class={`ports-verdict ports-${outcome}`}>
          <span aria-hidden="true">{{ reaches: '✓', fails: '✗', unknown: '?' }[outcome]}</span> {t.outcomes[outcome]}
        </span>{' '}
        <strong class="ports-sentence" lang="en">
          {verdict.sentence}
        </strong>
        <span class="ports-way quiet">
          {client.id === null ? (
            t.clients[client.kind]
          ) : (
            <ContainerLink id={client.id} name={client.name ?? client.id.slice(0, 12)} />
          )}{' '}
          {client.address} → <code>{spellEnd(destination)}</code>
          {carriedBy !== null && `, ${t.carriers[carriedBy]}`}
          {verdict.seenAs !== null && `. ${t.seenAs[verdict.seenAs]}`}
        </span>
      </summary>
      {outcome !== 'reaches' && <p class="ports-words">{explainVerdict(verdict.code)}</p>}
      <ol class="ports-hops">
        {hops.map((hop, index) => (
          <HopView key={`${index} ${hop.kind} ${hop.name}`} hop={hop} count={count} />
        ))}
      </ol>
      {notes.map((note) => (
        <p key={note} class="quiet" lang="en">
          {note}
        </p>
      ))}
    </details>
  );
}

/** In the language of the page, with the way out. */
function explainVerdict(code: Path['verdict']['code']): string {
  const [meaning, wayOut] = explainCode(code, language.value);
  const end = messages.value.stop;
  return `${meaning}${end}${wayOut ?? ''}`;
}

function HopView({ hop, count }: { readonly hop: Hop; readonly count: Count }) {
  const t = messages.value;
  const { kind, name, status, detail, rules, counters } = hop;
  return (
    <li class={`ports-hop ports-hop-${status}`} data-hop={kind} data-status={status}>
      <span class="ports-status" role="img" aria-label={t.statuses[status]}>
        {{ pass: '✓', stop: '✗', unknown: '?', skipped: '–' }[status]}
      </span>
      <div class="ports-place">
        <strong>{t.hops[kind].name}</strong> {name !== t.hops[kind].name && <code>{name}</code>}
        <span class="ports-about quiet">{t.hops[kind].about}</span>
        <p class="ports-detail" lang="en">
          {detail}
        </p>
        {rules.length > 0 && (
          <ul class="ports-rules" aria-label={t.rules}>
            {rules.map((rule, index) => (
              <RuleView key={`${index} ${nameRule(rule)}`} rule={rule} count={count} />
            ))}
          </ul>
        )}
        {counters !== null && (
          <p class="ports-link">
            {(['rx', 'tx'] as const).map((side) => (
              <span key={side}>
                <span class="quiet">{t.sides[side]}</span>{' '}
                <Counter count={count} name={nameLink(hop, side, 'packets')} value={counters[side].packets} />{' '}
                {t.packets}, {formatBytes(counters[side].bytes)}
                {counters[side].dropped > 0 && (
                  <span class="bad">
                    , <Counter count={count} name={nameLink(hop, side, 'dropped')} value={counters[side].dropped} />{' '}
                    {t.dropped}
                  </span>
                )}
              </span>
            ))}
          </p>
        )}
      </div>
    </li>
  );
}

function RuleView({ rule, count }: { readonly rule: SeenRule; readonly count: Count }) {
  const t = messages.value;
  return (
    <li>
      <span class="ports-rule-place quiet">
        {rule.table} {rule.chain} {rule.index ?? t.policy}
      </span>
      <code class="ports-rule-text">{rule.text}</code>
      <span class="ports-rule-count">
        <Counter count={count} name={nameRule(rule)} value={rule.packets} />{' '}
        {rule.table === 'nat' ? t.connections : t.packets}
      </span>
      {!rule.certain && <span class="bad">{t.uncertain}</span>}
    </li>
  );
}

/** How much it grew since the count began stands beside it. */
function Counter({ count, name, value }: { readonly count: Count; readonly name: string; readonly value: number }) {
  const { by, isMoving } = measureGrowth(count, name);
  return (
    <span class={isMoving ? 'ports-moving' : undefined}>
      {value}
      {by > 0 && <strong class="ports-growth"> +{by}</strong>}
    </span>
  );
}

function spellEnd({ address, port }: Path['destination']): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

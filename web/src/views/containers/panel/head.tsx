// The head of the panel: what the container is, what that means, and what is wrong with it.
import type { Container } from '../../../../../src/client/index.ts';
import { linkTo } from '../../../router.ts';
import { ContainerLink } from '../../../ui/container-link.tsx';
import { messages as listMessages } from '../messages.ts';
import { Actions } from './actions.tsx';
import { explainMode } from './explain.ts';
import { messages } from './messages.ts';
import { TimeLeft, TimeSince } from './times.tsx';

interface HeadProps {
  readonly container: Container;
  readonly isGone: boolean;
}

export function PanelHead({ container, isGone }: HeadProps) {
  const t = messages.value;
  const { name, state, mode, effective, orphaned, managed, stale } = container;
  const words = listMessages.value;
  return (
    <header class="container-head">
      <div class="container-title">
        <h1>{name}</h1>
        <span class={`container-chip container-state-${isGone ? 'gone' : state}`} data-state={isGone ? 'gone' : state}>
          {isGone ? t.gone : words.states(state)}
        </span>
        <span class="container-chip" data-mode={mode}>
          {words.modes(mode)}
          {effective !== null && effective !== mode && (
            <>
              {' → '}
              <span data-effective={effective}>{t.effective(effective)}</span>
            </>
          )}
        </span>
        {orphaned && <span class="container-chip container-chip-bad">{words.orphaned}</span>}
        {!managed && <span class="container-chip">{t.others}</span>}
        {stale && <span class="container-chip container-chip-wait">{words.stale}</span>}
        <Actions container={container} isGone={isGone} />
      </div>
      <p class="container-meaning">{explainMode(container)}</p>
      {orphaned && !isGone && <Orphan container={container} />}
      <Facts container={container} />
    </header>
  );
}

/** Why it is stranded, and the way out. */
function Orphan({ container: { orphanReason, joinedTo, rejoin, managed } }: { readonly container: Container }) {
  const t = messages.value;
  return (
    <p class="container-notice container-notice-bad" data-notice="orphaned">
      {orphanReason !== null && t.orphanReasons[orphanReason](joinedTo?.name ?? joinedTo?.id.slice(0, 12) ?? '?')}{' '}
      {rejoin === 'auto'
        ? t.wayOut.auto
        : orphanReason === 'target_restarted'
          ? managed
            ? t.wayOut.rejoin
            : t.wayOut.others
          : t.wayOut.target}{' '}
      {joinedTo !== null && orphanReason !== 'target_removed' && (
        <ContainerLink id={joinedTo.id} name={t.showTarget(joinedTo.name ?? joinedTo.id.slice(0, 12))} />
      )}
    </p>
  );
}

function Facts({ container }: { readonly container: Container }) {
  const t = messages.value;
  const {
    id,
    image,
    command,
    engine,
    lab,
    owner,
    expiresAt,
    startedAt,
    state,
    exitCode,
    joinedTo,
    namespace,
    networks,
  } = container;
  const members = namespace?.members.filter((one) => one.id !== id) ?? [];
  const isUp = state === 'running' || state === 'paused';
  return (
    <dl class="container-facts">
      <div>
        <dt>{t.facts.image}</dt>
        <dd>{image}</dd>
      </div>
      <div class="container-command">
        <dt>{t.facts.command}</dt>
        <dd>
          <code title={command.join(' ')}>{command.join(' ')}</code>
        </dd>
      </div>
      <div>
        <dt>{t.facts.id}</dt>
        <dd>
          <code>{id.slice(0, 12)}</code>
        </dd>
      </div>
      <div>
        <dt>{t.facts.engine}</dt>
        <dd>
          <a href={linkTo('engines')}>{engine}</a>
        </dd>
      </div>
      {lab !== null && (
        <div>
          <dt>{t.facts.lab}</dt>
          <dd>{lab}</dd>
        </div>
      )}
      {owner !== null && (
        <div>
          <dt>{t.facts.owner}</dt>
          <dd>{owner}</dd>
        </div>
      )}
      {expiresAt !== null && (
        <div>
          <dt>{t.facts.expires}</dt>
          <dd>
            <TimeLeft at={expiresAt} />
          </dd>
        </div>
      )}
      {isUp && startedAt !== null && (
        <div>
          <dt>{t.facts.started}</dt>
          <dd>
            <TimeSince at={startedAt} />
          </dd>
        </div>
      )}
      {!isUp && exitCode !== null && (
        <div>
          <dt>{t.facts.exitCode}</dt>
          <dd>{exitCode}</dd>
        </div>
      )}
      {joinedTo !== null && (
        <div>
          <dt>{t.facts.joinedTo}</dt>
          <dd>
            <ContainerLink id={joinedTo.id} name={joinedTo.name} />
          </dd>
        </div>
      )}
      {members.length > 0 && (
        <div>
          <dt>{t.facts.sharedWith}</dt>
          <dd class="container-names">
            {members.map((one) => (
              <ContainerLink key={one.id} id={one.id} name={one.name} />
            ))}
          </dd>
        </div>
      )}
      {networks.map(({ name, driver, ipv4, prefix, ipv6, gateway }) => (
        <div key={name}>
          <dt>
            {name}
            {driver !== null && <span class="quiet"> ({driver})</span>}
          </dt>
          <dd>
            <code>{[ipv4 === null ? null : `${ipv4}/${prefix ?? '?'}`, ipv6].filter(Boolean).join(' ') || '–'}</code>
            {gateway !== null && (
              <span class="quiet">
                {' '}
                {t.via} <code>{gateway}</code>
              </span>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

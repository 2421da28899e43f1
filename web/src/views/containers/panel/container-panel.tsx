// One container: who it is, what can be done to it, and the tabs that look into it. It stays with what was last known when it is removed.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Container } from '../../../../../src/client/index.ts';
import { formatTime } from '../../../i18n/format.ts';
import { goTo, linkTo } from '../../../router.ts';
import { onEvent, store } from '../../../store/store.ts';
import { ContainerLink } from '../../../ui/container-link.tsx';
import { findContainer } from './find-container.ts';
import { PanelHead } from './head.tsx';
import { messages } from './messages.ts';
import { TabPort } from './tab-port.tsx';
import { tabs } from './tabs.ts';
import './panel.css';

interface PanelProps {
  /** Name, id, or beginning of an id, as the link has it. */
  readonly wanted: string;
  readonly tab: string | undefined;
  readonly query: Readonly<Record<string, string>>;
}

export function ContainerPanel({ wanted, tab = tabs[0]?.name ?? '', query }: PanelProps) {
  const t = messages.value;
  const finding = findContainer(wanted);
  const found = finding.kind === 'found' ? finding.container : null;
  const last = useRef<Container | null>(null);
  if (found !== null) last.current = found;
  const isKnown = store.containers.isKnown.value;
  const removedAt = useRemoval(found === null && isKnown && last.current !== null);
  useSuccessor(last.current?.id ?? wanted, tab, query);
  const container = found ?? last.current;

  if (finding.kind === 'several') return <Candidates wanted={wanted} candidates={finding.candidates} tab={tab} />;
  if (container === null)
    return (
      <section class="page">
        <h1>{isKnown ? t.none(wanted) : t.loading}</h1>
        {isKnown && <p>{t.noneHint}</p>}
        <BackLink />
      </section>
    );
  const chosen = tabs.find(({ name }) => name === tab);
  return (
    <section class="page container-panel" key={container.id}>
      <BackLink />
      {removedAt !== null && (
        <p class="container-notice container-notice-bad" role="status" data-notice="removed">
          {t.removedAt(formatTime(removedAt))}
        </p>
      )}
      <PanelHead container={container} isGone={removedAt !== null} />
      <nav class="container-tabs" aria-label={t.tabsLabel(container.name)}>
        {tabs.map(({ name, title }) => (
          <a
            key={name}
            href={linkTo('containers', [wanted, name])}
            aria-current={name === chosen?.name ? 'page' : undefined}
          >
            {title()}
          </a>
        ))}
      </nav>
      {chosen === undefined ? (
        <p class="container-refusal">{t.noTab(tab)}</p>
      ) : (
        <TabPort tab={chosen} container={container} query={query} />
      )}
    </section>
  );
}

function BackLink() {
  return (
    <p class="container-back">
      <a href={linkTo('containers')}>{messages.value.back}</a>
    </p>
  );
}

function Candidates({
  wanted,
  candidates,
  tab,
}: {
  readonly wanted: string;
  readonly candidates: readonly Container[];
  readonly tab: string;
}) {
  const t = messages.value;
  return (
    <section class="page">
      <h1>{t.several(wanted)}</h1>
      <ul>
        {candidates.map(({ id, name, engine }) => (
          <li key={id}>
            <ContainerLink id={id} name={name} tab={tab} /> <span class="quiet">{t.onEngine(engine)}</span>{' '}
            <code>{id.slice(0, 12)}</code>
          </li>
        ))}
      </ul>
      <BackLink />
    </section>
  );
}

/** When it was found to be gone, by this machine's clock; null while it is there. */
function useRemoval(isGone: boolean): number | null {
  const [at, setAt] = useState<number | null>(null);
  useEffect(() => setAt(isGone ? Date.now() : null), [isGone]);
  return isGone ? (at ?? Date.now()) : null;
}

/** A rejoin may make a container anew under another id: the link goes along with it. */
function useSuccessor(id: string, tab: string, query: Readonly<Record<string, string>>): void {
  const [successor, setSuccessor] = useState<{ readonly of: string; readonly id: string } | null>(null);
  useEffect(
    () =>
      onEvent((news) => {
        if (news.type === 'event' && news.event === 'container.replaced' && news.from?.id === id && news.to)
          setSuccessor({ of: id, id: news.to.id });
      }),
    [id],
  );
  const isThere = successor?.of === id && store.containers.get(successor.id) !== undefined;
  useEffect(() => {
    if (isThere && successor !== null) goTo(linkTo('containers', [successor.id, tab], query), { replace: true });
  }, [isThere]);
}

// The published ports with their links, and how a packet gets to one of them: hop by hop, with the counters of the moment.
import { useState } from 'preact/hooks';
import type { Container, PacketPath } from '../../../../../src/client/index.ts';
import { formatTime } from '../../../i18n/format.ts';
import { goTo, linkTo } from '../../../router.ts';
import { client, store } from '../../../store/store.ts';
import { Button } from '../../../ui/button.tsx';
import { ContainerLink } from '../../../ui/container-link.tsx';
import { CopyAs } from '../../../ui/copy-as.tsx';
import { apiPath, cliWords } from '../panel/elsewhere.ts';
import type { TabProps } from '../panel/tab.ts';
import { usePolled } from '../panel/use-polled.ts';
import { spellPort } from '../spelling.ts';
import { Asking } from './asking.tsx';
import { messages } from './messages.ts';
import { PathView } from './path-view.tsx';
import { linkToPort, type Question, readQuestion } from './question.ts';
import { useCount } from './use-count.ts';
import './ports.css';

const everyMs = 1_500;

export default function PortsTab({ container, query }: TabProps) {
  const publishers = listPublishers(container);
  const question = readQuestion(
    query,
    publishers.flatMap(({ ports }) => ports),
  );
  const ask = (next: Question) =>
    goTo(linkTo('containers', [container.id, 'ports'], { ...next, port: String(next.port) }), { replace: true });
  return (
    <div class="ports">
      <Published container={container} publishers={publishers} chosen={question} onChoice={ask} />
      <h2>{messages.value.path}</h2>
      <Asking key={JSON.stringify(question)} container={container} question={question} onAsk={ask} />
      {question !== null && <Followed container={container} question={question} />}
    </div>
  );
}

/** Those of its network namespace that publish ports: of a joined container that is another one. */
function listPublishers(container: Container): readonly Container[] {
  const others = container.namespace?.members.flatMap(({ id }) => store.containers.get(id) ?? []) ?? [];
  const members = others.some(({ id }) => id === container.id) ? others : [container, ...others];
  return members.filter(({ ports, effective }) => ports.length > 0 && effective !== 'host');
}

interface PublishedProps {
  readonly container: Container;
  readonly publishers: readonly Container[];
  readonly chosen: Question | null;
  readonly onChoice: (question: Question) => void;
}

function Published({ container, publishers, chosen, onChoice }: PublishedProps) {
  const t = messages.value;
  if (publishers.length === 0)
    return <p class="quiet">{container.effective === 'host' ? t.inHost : t.nothingPublished}</p>;
  return (
    <ul class="ports-list" aria-label={t.published}>
      {publishers.flatMap((publisher) =>
        publisher.ports.map((port) => {
          const link = publisher.state === 'running' ? linkToPort(port, location.hostname) : null;
          const isChosen = chosen?.port === port.containerPort && chosen.protocol === port.protocol;
          return (
            <li key={`${publisher.id} ${spellPort(port)}`} class="panel ports-port">
              <code>{spellPort(port)}</code>
              {port.hostPort === null && <span class="quiet">{t.notChosenYet}</span>}
              {publisher.id !== container.id && (
                <span class="quiet">
                  {t.publishedBy} <ContainerLink id={publisher.id} name={publisher.name} tab="ports" />
                </span>
              )}
              {link !== null && (
                <a href={link} target="_blank" rel="noreferrer">
                  {t.open}
                </a>
              )}
              {port.protocol !== 'sctp' && (
                <Button
                  aria-pressed={isChosen}
                  onClick={() =>
                    onChoice({
                      port: port.containerPort,
                      protocol: port.protocol === 'udp' ? 'udp' : 'tcp',
                      from: chosen?.from ?? 'outside',
                    })
                  }
                >
                  {t.showPath}
                </Button>
              )}
            </li>
          );
        }),
      )}
    </ul>
  );
}

interface FollowedProps {
  readonly container: Container;
  readonly question: Question;
}

/** Asks again and again, and shows what moves. */
function Followed({ container, question }: FollowedProps) {
  const t = messages.value;
  const [isFollowed, setFollowed] = useState(true);
  const { port, protocol, from } = question;
  const key = JSON.stringify([container.id, question]);
  const { value, failure } = usePolled<PacketPath>(
    key,
    (signal) => client().containers.path(container.id, port, { protocol, from, signal }),
    { everyMs, isFollowed },
  );
  const [count, restart] = useCount(key, value);
  return (
    <>
      <div class="container-tools">
        <label class="check">
          <input
            type="checkbox"
            checked={isFollowed}
            onChange={({ currentTarget }) => setFollowed(currentTarget.checked)}
          />
          {t.follow}
        </label>
        <Button onClick={restart}>{t.countAnew}</Button>
        <CopyAs
          call={{ method: 'GET', path: apiPath(container, `/ports/${port}/${protocol}/path`, { from }) }}
          cli={cliWords(container, ['path'], [`${port}/${protocol}`, '--from', from])}
        />
      </div>
      <p
        class={`lamp container-fresh container-fresh-${failure === null ? (isFollowed && value !== null ? 'live' : 'stale') : 'ended'}`}
        role="status"
        data-fresh={failure === null ? 'live' : 'failed'}
      >
        {failure !== null && `${failure.message} `}
        {value === null ? failure === null && t.looking : t.asOf(formatTime(value.asOf))}
      </p>
      {value?.paths.map((path) => (
        <PathView
          key={`${path.destination.address} ${path.destination.port} ${path.client.address}`}
          path={path}
          count={count}
          isOnly={value.paths.length === 1}
        />
      ))}
      {value?.paths.length === 0 && <p class="quiet">{t.noPath}</p>}
    </>
  );
}

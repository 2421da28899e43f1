// Turns what the mirror of one engine learns into events: of its containers, the namespaces and labs that they make up, and the engine itself.
// Helpers of ours never appear. It keeps the state that its own events add up to.
import { type ContainerEvent, findContainerEvents, toEventContainer } from '../../domain/container/container-events.ts';
import type { ContainerFacts } from '../../domain/container/facts.ts';
import { joinTarget } from '../../domain/container/join-chain.ts';
import { isHelper } from '../../domain/container/managed.ts';
import type { EngineEvent } from '../../engine/engine.ts';
import type { EngineMirror, MirrorStatus } from '../../engine/mirror.ts';
import type { EventContainer, EventsState } from '../../schemas/events.ts';
import type { RawEvent } from '../../streams/event-ring.ts';
import type { Replacement } from '../containers/replacements.ts';
import type { Views } from '../containers/views.ts';
import { FreezeAccount, freezeWords } from './freeze-account.ts';
import { Membership } from './membership.ts';

/** What an event is about: rights are decided by it. null where it is about the engine as a whole. */
export interface EventSubject {
  readonly engine: string;
  readonly facts: ContainerFacts | null;
  /** Of an event about a whole lab: whose that is. */
  readonly labOwner?: string | null;
}

export interface EngineWatchOptions {
  readonly mirror: EngineMirror;
  readonly views: Views;
  now(): number;
  emit(event: RawEvent, subject: EventSubject): void;
  /** More is known at once than events can tell: the first look at an engine. */
  breakOff(): void;
}

/** A container with what was last known of it. */
interface Known {
  readonly facts: ContainerFacts;
  readonly container: EventContainer;
}

type Details = Partial<Pick<RawEvent, 'lab' | 'container' | 'namespace' | 'reason' | 'network' | 'from' | 'to'>>;

export class EngineWatch {
  readonly #options: EngineWatchOptions;
  readonly #known = new Map<string, Known>();
  readonly #namespaces = new Membership();
  readonly #labs = new Membership();
  readonly #freezes = new FreezeAccount();
  readonly #unlisten: readonly (() => void)[];
  #wasLive = false;
  #saidStale = false;

  constructor(options: EngineWatchOptions) {
    this.#options = options;
    const { mirror } = options;
    this.#unlisten = [
      mirror.onContainer(({ id, after }) => this.#takeChange(id, after)),
      mirror.onStatus((status) => this.#takeStatus(status)),
      mirror.onEvent((event) => this.#takeWord(event)),
    ];
    if (mirror.status().state === 'live') this.#lookAround();
  }

  get engine(): EventsState['engines'][number] {
    const { mirror } = this.#options;
    const { state, reason, since } = mirror.status();
    return { name: mirror.engine.name, state, reason, since };
  }

  /** What the events so far add up to. */
  known(): Iterable<Known> {
    return this.#known.values();
  }

  /** Tells that one container took the place of another. */
  replace({ from, to }: Replacement): void {
    const known = this.#known.get(to.id);
    if (known !== undefined) this.#emitOf(known, 'container.replaced', { from, to });
  }

  close(): void {
    for (const unlisten of this.#unlisten) unlisten();
  }

  #takeStatus({ state, reason }: MirrorStatus): void {
    if (state === 'live' && !this.#wasLive) {
      this.#lookAround();
      this.#options.breakOff();
    }
    if (state === 'live' || (state === 'stale' && !this.#saidStale)) {
      this.#saidStale = state === 'stale';
      this.#emit(state === 'live' ? 'engine.live' : 'engine.stale', { reason }, null);
    }
  }

  /** What was there before anybody looked has not happened now. */
  #lookAround(): void {
    this.#wasLive = true;
    for (const facts of this.#options.mirror.containers()) {
      if (isHelper(facts)) continue;
      const known = this.#look(facts);
      this.#known.set(facts.id, known);
      this.#namespaces.move(facts.id, this.#namespaceOf(facts));
      this.#labs.move(facts.id, known.container.lab);
    }
  }

  #takeChange(id: string, after: ContainerFacts | null): void {
    if (!this.#wasLive || (after !== null && isHelper(after))) return;
    this.#take(id, after);
    // Whether a joined container still shares its target's namespace depends on others.
    for (const { facts } of [...this.#known.values()])
      if (facts.id !== id && joinTarget(facts.networkMode) !== null) this.#take(facts.id, facts);
  }

  /** A pause that was over before anybody looked, or an end of one: the engine has told of both, and so do we. */
  #takeWord({ type, action, id }: EngineEvent): void {
    const word = type === 'container' ? freezeWords.get(action) : undefined;
    const facts = this.#known.get(id)?.facts;
    if (word === undefined || facts === undefined || this.#freezes.settle(id, word)) return;
    const [passed, lasting] =
      word === 'container.paused' ? (['paused', 'running'] as const) : (['running', 'paused'] as const);
    if (facts.state !== lasting) return;
    this.#take(id, { ...facts, state: passed });
    this.#take(id, facts);
    // The engine tells of this one itself.
    this.#freezes.settle(id, word);
  }

  #take(id: string, facts: ContainerFacts | null): void {
    const before = this.#known.get(id) ?? null;
    const after = facts === null ? null : this.#look(facts);
    const subject = after ?? before;
    if (subject === null) return;
    if (after === null) {
      this.#known.delete(id);
      this.#freezes.forget(id);
    } else this.#known.set(id, after);
    const lab = this.#labs.move(id, after?.container.lab ?? null);
    const namespace = this.#namespaces.move(id, facts === null ? null : this.#namespaceOf(facts));
    let { gone } = namespace;
    const sayGone = () => {
      if (gone !== null) this.#emitOf(subject, 'namespace.gone', { namespace: gone });
      gone = null;
    };
    if (lab.appeared !== null) this.#emit('lab.appeared', { lab: lab.appeared }, subject.facts);
    for (const event of findContainerEvents(before?.container ?? null, after?.container ?? null)) {
      this.#emitOf({ facts: subject.facts, container: event.container }, event.event, describe(event));
      this.#freezes.tell(id, event.event);
      // A restart may be seen as one step: the old namespace still goes before the new one comes.
      if (event.event === 'container.stopped') sayGone();
    }
    sayGone();
    if (namespace.appeared !== null) this.#emitOf(subject, 'namespace.appeared', { namespace: namespace.appeared });
    if (lab.gone !== null) this.#emit('lab.gone', { lab: lab.gone }, subject.facts);
  }

  #look(facts: ContainerFacts): Known {
    const { mirror } = this.#options;
    const lookup = (id: string) => mirror.container(id);
    return { facts, container: toEventContainer(mirror.engine.name, facts, lookup) };
  }

  #namespaceOf(facts: ContainerFacts): string | null {
    const { mirror, views } = this.#options;
    return views.viewer(mirror).namespaceId(facts);
  }

  #emitOf({ facts, container }: Known, event: RawEvent['event'], details: Details): void {
    this.#emit(event, { lab: container.lab, container, ...details }, facts);
  }

  #emit(event: RawEvent['event'], details: Details, facts: ContainerFacts | null): void {
    const { mirror, now, emit } = this.#options;
    const engine = mirror.engine.name;
    const at = new Date(now()).toISOString();
    emit({ at, event, engine, lab: null, container: null, namespace: null, ...details }, { engine, facts });
  }
}

/** What an event says beside the container. */
function describe({ event, container, network, oldName }: ContainerEvent): Details {
  const { id, name, orphanReason } = container;
  return {
    ...(oldName !== undefined && { from: { id, name: oldName }, to: { id, name } }),
    ...(network !== undefined && { network }),
    ...(event === 'container.orphaned' && { reason: orphanReason }),
  };
}

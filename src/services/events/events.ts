// The events of all engines in one sequence, and the ways to follow it. What an event is, is the engine watches' business.
import type { EngineMirror } from '../../engine/mirror.ts';
import type { EventsQuery, EventsState } from '../../schemas/events.ts';
import { Failure } from '../../schemas/failure.ts';
import type { StreamKey } from '../../schemas/stream.ts';
import { EventFeed, type EventSelection, type ResumePoint } from '../../streams/event-feed.ts';
import { EventRing } from '../../streams/event-ring.ts';
import { encodeSnapshot } from '../../streams/frames.ts';
import type { Session } from '../../streams/session.ts';
import { authorize, type Principal } from '../access.ts';
import type { Catalogue } from '../catalogue.ts';
import type { Containers } from '../containers/containers.ts';
import { EngineWatch, type EventSubject } from './engine-watch.ts';
import { EventFilter, type EventWishes, spellWishes } from './event-filter.ts';

/** What somebody follows: its key, and which events belong to it. */
export interface EventStream {
  readonly key: StreamKey;
  readonly selection: EventSelection<EventSubject>;
}

export interface EventsService {
  readonly bootId: string;
  /** Fails with `engine_not_found` or `forbidden`. A container need not exist (any more). */
  select(principal: Principal, wishes: EventWishes): EventStream;
  /** Tells what happens to a whole lab and shows in none of its containers. `reason` says more, as the event's own documentation has it. */
  tellOfLab(
    event: 'lab.expiring',
    lab: { readonly engine: string; readonly lab: string; readonly owner: string | null; readonly reason: string },
  ): void;
  /** A session's way through the events; it ends with the session. */
  openFeed(session: Session): EventFeed<EventSubject>;
  close(): void;
}

export interface EventsParts {
  readonly catalogue: Catalogue;
  readonly containers: Pick<Containers, 'views' | 'onReplaced'>;
  readonly bootId: string;
  /** How many events are kept; the default is the ring's. */
  readonly capacity?: number;
  now(): number;
}

/** The point that a query names, null where it names none. Fails with `invalid_request` where one half is missing. */
export function readResumePoint({ bootId, seq }: Pick<EventsQuery, 'bootId' | 'seq'>): ResumePoint | null {
  if (bootId === undefined && seq === undefined) return null;
  if (bootId !== undefined && seq !== undefined) return { bootId, seq };
  throw new Failure('invalid_request', 'bootId and seq belong together: numbers count within one run of the server', {
    field: bootId === undefined ? 'bootId' : 'seq',
    hint: 'bootId is in the hello frame, seq in the last event or snapshot that you have',
  });
}

export function createEvents({ catalogue, containers, bootId, capacity, now }: EventsParts): EventsService {
  const ring = new EventRing<EventSubject>(capacity);
  const watches = catalogue.mirrors.map(
    (mirror: EngineMirror) =>
      new EngineWatch({
        mirror,
        views: containers.views,
        now,
        emit: (event, subject) => ring.append(event, subject),
        breakOff: () => ring.breakOff(),
      }),
  );
  const unlisten = containers.onReplaced((replacement) => {
    watches.find(({ engine }) => engine.name === replacement.engine)?.replace(replacement);
  });

  function describe(filter: EventFilter): EventsState {
    return {
      engines: watches.map(({ engine }) => engine).filter(({ name }) => filter.includesEngine(name)),
      containers: watches.flatMap((watch) =>
        [...watch.known()]
          .filter(({ container, facts }) => filter.includes(container, { engine: container.engine, facts }))
          .map(({ container }) => container),
      ),
    };
  }

  return {
    bootId,

    select(principal, wishes) {
      const mirrors = wishes.engine === undefined ? catalogue.mirrors : [catalogue.mirror(wishes.engine)];
      for (const { engine } of mirrors) {
        authorize(principal, 'events', { kind: 'engine', name: engine.name });
        if (wishes.scope === 'all') authorize(principal, 'list_all', { kind: 'engine', name: engine.name });
      }
      const filter = new EventFilter(principal, wishes);
      const container = wishes.container ?? '';
      const key: StreamKey = { topic: 'events', container, options: spellWishes(wishes), format: 'json' };
      return {
        key,
        selection: {
          matches: ({ event, subject }) => filter.matches(event, subject),
          snapshot(seq) {
            const at = new Date(now()).toISOString();
            return encodeSnapshot(key, seq, { at, asOf: at, data: describe(filter), text: null });
          },
        },
      };
    },

    tellOfLab(event, { engine, lab, owner, reason }) {
      const at = new Date(now()).toISOString();
      ring.append(
        { at, event, engine, lab, container: null, namespace: null, reason },
        { engine, facts: null, labOwner: owner },
      );
    },

    openFeed: (session) => new EventFeed(session, ring, bootId),

    close() {
      unlisten();
      for (const watch of watches) watch.close();
    },
  };
}

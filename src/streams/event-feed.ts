// One client's way through the ring of events. It holds no events: each is taken from the ring when the client is ready for it, so one that
// reads slowly costs nothing, and one that is overtaken gets a `gap` and begins anew.
import type { EventRing, RingEntry } from './event-ring.ts';
import { encodeGap } from './frames.ts';
import type { Session } from './session.ts';

/** Which events a subscription is about. */
export interface EventSelection<Subject> {
  matches(entry: RingEntry<Subject>): boolean;
  /** The frame with what is true after the event `seq`. */
  snapshot(seq: number): Buffer;
}

/** The last event that a client has, and the run of the server that it is from. */
export interface ResumePoint {
  readonly bootId: string;
  readonly seq: number;
}

interface Following<Subject> {
  readonly selection: EventSelection<Subject>;
  /** Events up to this one are known to the client. */
  since: number;
  /** It needs a snapshot before any event. */
  isFresh: boolean;
  gap: Buffer | null;
}

export class EventFeed<Subject> {
  readonly #ring: EventRing<Subject>;
  readonly #bootId: string;
  readonly #session: Session;
  readonly #following = new Map<string, Following<Subject>>();
  #cursor: number;

  constructor(session: Session, ring: EventRing<Subject>, bootId: string) {
    this.#session = session;
    this.#ring = ring;
    this.#bootId = bootId;
    this.#cursor = ring.last;
    session.onEnd(ring.follow(() => this.#offer()));
  }

  /** Begins with the events after `resume`, else with a snapshot; where it cannot go on from there, with a gap and a snapshot. */
  add(name: string, selection: EventSelection<Subject>, resume: ResumePoint | null): void {
    const following = { selection, since: this.#ring.last, isFresh: true, gap: null };
    if (resume === null) this.#following.set(name, following);
    else if (resume.bootId !== this.#bootId || resume.seq > this.#ring.last)
      this.#following.set(name, { ...following, gap: encodeGap(1, this.#ring.last, 'restarted') });
    else if (!this.#ring.holdsAfter(resume.seq))
      this.#following.set(name, { ...following, gap: encodeGap(resume.seq + 1, this.#ring.last, 'overrun') });
    else {
      // Going back for one is not telling the others twice.
      for (const other of this.#following.values()) other.since = Math.max(other.since, this.#cursor);
      this.#cursor = Math.min(this.#cursor, resume.seq);
      this.#following.set(name, { ...following, since: resume.seq, isFresh: false });
    }
    this.#offer();
  }

  remove(name: string): void {
    this.#following.delete(name);
  }

  #offer(): void {
    if (this.#following.size > 0) this.#session.offer('events', () => this.#produce());
    // Nobody to tell: what happens meanwhile is not missed.
    else this.#cursor = this.#ring.last;
  }

  /** The next frame; while there may be another one it asks for its next turn. */
  #produce(): Buffer | null {
    const frame = this.#next();
    if (frame !== null) this.#offer();
    return frame;
  }

  #next(): Buffer | null {
    if (!this.#ring.holdsAfter(this.#cursor)) return this.#beginAnew();
    while (this.#cursor < this.#ring.last) {
      this.#cursor += 1;
      const entry = this.#ring.entry(this.#cursor);
      if (entry !== undefined && this.#isWanted(entry)) return entry.bytes;
    }
    for (const following of this.#following.values()) {
      const { gap } = following;
      following.gap = null;
      if (gap !== null) return gap;
      if (!following.isFresh) continue;
      following.isFresh = false;
      following.since = this.#cursor;
      return following.selection.snapshot(this.#cursor);
    }
    return null;
  }

  #isWanted(entry: RingEntry<Subject>): boolean {
    let isWanted = false;
    // All are asked: a selection may learn from what it sees.
    for (const { selection, since, isFresh } of this.#following.values())
      if (!isFresh && entry.event.seq > since && selection.matches(entry)) isWanted = true;
    return isWanted;
  }

  #beginAnew(): Buffer {
    const from = this.#cursor + 1;
    this.#cursor = this.#ring.last;
    this.#session.noteGap();
    for (const following of this.#following.values()) following.isFresh = true;
    return encodeGap(from, this.#cursor, 'overrun');
  }
}

// What a client makes of events, written from the protocol's description alone: the containers that a snapshot and the events after it add up
// to. It fails at the first frame that such a client could not use.
import assert from 'node:assert/strict';
import type { Frame } from './stream-client.ts';

export class EventReader {
  readonly containers = new Map<string, Frame>();
  readonly events: Frame[] = [];
  readonly gaps: Frame[] = [];
  bootId = '';
  /** Of the last snapshot or event. */
  seq: number;
  snapshots = 0;
  #missed: boolean;

  /** @param seq the last event that is known already, of one that goes on */
  constructor(seq?: number) {
    this.seq = seq ?? -1;
    this.#missed = seq === undefined;
  }

  take(frame: Frame): void {
    if (frame.type === 'hello') this.bootId = frame.bootId;
    if (frame.type === 'gap') {
      assert.ok(frame.from >= 1 && frame.to >= frame.from - 1, JSON.stringify(frame));
      this.gaps.push(frame);
      this.#missed = true;
    }
    if (frame.type === 'snapshot' && frame.key.topic === 'events') {
      this.containers.clear();
      for (const container of frame.data.containers) this.containers.set(container.id, container);
      this.seq = frame.seq;
      this.snapshots += 1;
      this.#missed = false;
    }
    if (frame.type === 'event') this.#takeEvent(frame);
  }

  /** The names of the events of one container, in order. */
  namesOf(id: string): string[] {
    return this.events.filter(({ container }) => container?.id === id).map(({ event }) => event);
  }

  #takeEvent(frame: Frame): void {
    assert.equal(this.#missed, false, 'an event came before what it builds on');
    assert.ok(frame.seq > this.seq, `seq went from ${this.seq} to ${frame.seq}`);
    this.seq = frame.seq;
    this.events.push(frame);
    if (frame.container === null) return;
    if (frame.event === 'container.removed') this.containers.delete(frame.container.id);
    else if (frame.event.startsWith('container.')) this.containers.set(frame.container.id, frame.container);
  }
}

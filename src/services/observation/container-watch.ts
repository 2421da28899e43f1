// Follows one container through its life for one stream: into the namespace it is in now, out of it when it stops, into the next when it
// runs again, and to its end. Samples and states come out in an order that makes sense to a reader.
import type { ContainerFacts } from '../../domain/container/facts.ts';
import type { HelperWord } from '../../domain/observation/helper-output.ts';
import { findNamespace } from '../../domain/observation/namespace-target.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import type { Failure } from '../../schemas/failure.ts';
import type { StreamState } from '../../schemas/stream.ts';
import type { SourceState } from '../../streams/source.ts';
import type { Confirmation } from './lookout.ts';
import type { Sample, SampleWatch } from './sampler.ts';
import type { SamplerRegistry } from './sampler-registry.ts';
import { isAboutTarget, lookupIn } from './target.ts';

export interface ContainerWatchOptions {
  readonly mirror: EngineMirror;
  readonly samplers: SamplerRegistry;
  readonly containerId: string;
  readonly words: readonly HelperWord[];
  readonly intervalMs: number;
  now(): number;
}

export interface ContainerWatch {
  setInterval(intervalMs: number): void;
  /** When the last sample was seen to be still so; null where no later sample was left out for that. */
  confirmed(): Confirmation | null;
  close(): void;
}

export interface ContainerWatchListener {
  sample(sample: Sample, facts: ContainerFacts): void;
  state(state: SourceState): void;
  failure(failure: Failure): void;
}

/** Looks that may fail in a row because nothing is there to be seen, before that is told. */
const unseenBeforeStale = 3;

/** Begins to follow. The listener is not called before this has returned. */
export function watchContainer(options: ContainerWatchOptions, listener: ContainerWatchListener): ContainerWatch {
  const { mirror, samplers, containerId, words, now } = options;
  let intervalMs = options.intervalMs;
  let current: { readonly namespaceId: string; readonly watch: SampleWatch; name: string } | undefined;
  let said: { readonly state: StreamState; readonly reason: string | null } | undefined;
  let staleSince: string | undefined;
  let closed = false;
  let unseen = 0;

  function say(state: StreamState, reason: string | null): void {
    if (closed || (said?.state === state && said.reason === reason)) return;
    said = { state, reason };
    listener.state({ state, reason, since: new Date(now()).toISOString() });
  }

  function leave(): void {
    current?.watch.close();
    current = undefined;
  }

  function enter(namespaceId: string, name: string, sampler: ReturnType<SamplerRegistry['get']>): void {
    const watch = sampler.watch({
      words,
      intervalMs,
      sample: (sample) => {
        const facts = mirror.container(containerId);
        if (closed || facts === undefined || current?.namespaceId !== namespaceId) return;
        unseen = 0;
        say('live', null);
        listener.sample(sample, facts);
      },
      down: (failure) => {
        if (closed || current?.namespaceId !== namespaceId) return;
        if (isAboutTarget(failure)) {
          // A container that stops makes a look fail: the mirror is about to say so.
          unseen += 1;
          if (unseen < unseenBeforeStale) return;
        } else listener.failure(failure);
        say('stale', failure.code);
      },
    });
    current = { namespaceId, watch, name };
  }

  function evaluate(): void {
    if (closed) return;
    const facts = mirror.container(containerId);
    if (facts === undefined) {
      leave();
      say('ended', 'removed');
      return;
    }
    const status = mirror.status();
    if (status.state === 'stale') {
      // Once: samples may come again before the mirror has caught up, and they are no less live for that.
      if (status.since === staleSince) return;
      staleSince = status.since;
      say('stale', 'engine_unavailable');
      current?.watch.renew();
      return;
    }
    const target = findNamespace(mirror.engine.name, facts, lookupIn(mirror));
    if (target?.id === current?.namespaceId) {
      if (target === null || current === undefined) say('stopped', facts.state);
      else if (current.name !== facts.name) {
        current.name = facts.name;
        current.watch.renew();
      }
      return;
    }
    const wasInside = current !== undefined;
    leave();
    if (target === null) say('stopped', facts.state);
    else {
      if (wasInside) say('stopped', 'restarted');
      enter(target.id, facts.name, samplers.get(target));
    }
  }

  const unlisten = [mirror.onContainer(evaluate), mirror.onStatus(evaluate)];
  queueMicrotask(evaluate);
  return {
    setInterval(ms) {
      intervalMs = ms;
      current?.watch.setInterval(ms);
    },
    confirmed: () => current?.watch.confirmed() ?? null,
    close() {
      closed = true;
      for (const one of unlisten) one();
      leave();
    },
  };
}

// What can be seen inside a container's network: once, or as a stream. The words of the feature; how it is looked at is the samplers' business.

import type { HelperWord } from '../../domain/observation/helper-output.ts';
import { findNamespace, type NamespaceTarget } from '../../domain/observation/namespace-target.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { Ifconfig } from '../../schemas/ifconfig.ts';
import type { Netstat } from '../../schemas/netstat.ts';
import type { StreamFormat, StreamTopic } from '../../schemas/stream.ts';
import type { Json } from '../../streams/delta.ts';
import type { SeenAgain, Subject } from '../../streams/source.ts';
import { authorize, type Principal } from '../access.ts';
import type { Located } from '../catalogue.ts';
import type { SeenInodes } from '../seen-inodes.ts';
import { watchContainer } from './container-watch.ts';
import { sweepHelpers } from './helper-sweep.ts';
import { sweepOrphans } from './orphan-sweep.ts';
import type { ProbeNumbers } from './probe/engine-probes.ts';
import type { Sample } from './sampler.ts';
import { type ObservationLog, type Observer, SamplerRegistry } from './sampler-registry.ts';
import { isAboutTarget, lookupIn } from './target.ts';
import { topicKinds } from './topics.ts';

export interface ObservationParts {
  readonly mirrors: readonly EngineMirror[];
  readonly observer: Observer;
  readonly helperImage: string;
  readonly serverId: string;
  readonly inodes: SeenInodes;
  readonly log: ObservationLog;
  now(): number;
}

/** What is looked at. `options` are the program's letters in canonical spelling: `tan` (netstat-options.ts), `a` or nothing for ifconfig. */
export interface Question<Topic extends StreamTopic = StreamTopic> {
  readonly topic: Topic;
  readonly options: string;
}

interface Observed {
  readonly netstat: Netstat;
  readonly ifconfig: Ifconfig;
}

/** What a stream's last reading was made of, so that the same again costs nothing. A namespace is left by way of another state. */
interface Shown {
  readonly evidence: unknown;
  readonly name: string;
}

/** A container that restarts while it is looked at is looked at again, so often at most. */
const attempts = 3;

export class ObservationService {
  readonly #parts: ObservationParts;
  readonly #samplers: ReadonlyMap<EngineMirror, SamplerRegistry>;
  readonly #endSweeps: readonly (() => void)[];

  constructor(parts: ObservationParts) {
    this.#parts = parts;
    this.#samplers = new Map(parts.mirrors.map((mirror) => [mirror, new SamplerRegistry({ ...parts, mirror })]));
    this.#endSweeps = parts.mirrors.flatMap((mirror) => [
      sweepHelpers({ mirror, serverId: parts.serverId, now: parts.now }),
      sweepOrphans({ mirror, log: parts.log }),
    ]);
  }

  /** One look, as JSON. Fails with `container_not_running`, `container_not_found`, or with what keeps the engine from answering. */
  async read<Topic extends StreamTopic>(
    principal: Principal,
    located: Located,
    { topic, options }: Question<Topic>,
  ): Promise<Observed[Topic]> {
    const { sample, facts } = await this.#look(principal, located, { topic, options }, 'json');
    return topicKinds[topic].data(sample, options, facts) as Observed[Topic];
  }

  /** One look, as the program prints it. Fails as {@link read}. */
  async readText(principal: Principal, located: Located, question: Question): Promise<string> {
    const { sample } = await this.#look(principal, located, question, 'text');
    return topicKinds[question.topic].text(sample, question.options);
  }

  /** The stream of a container, running or not. */
  follow(
    principal: Principal,
    { mirror, facts }: Located,
    { topic, options }: Question,
    format: StreamFormat,
  ): Subject {
    authorize(principal, 'observe', { kind: 'container', facts });
    const kind = topicKinds[topic];
    const { now } = this.#parts;
    return {
      key: { topic, container: facts.id, options, format },
      rows: kind.rows,
      open: (intervalMs, listener) => {
        let shown: Shown | undefined;
        let seenAgain: SeenAgain | null = null;
        const watch = watchContainer(
          {
            mirror,
            samplers: this.#samplersOf(mirror),
            containerId: facts.id,
            words: kind.words(options, format),
            intervalMs,
            now,
          },
          {
            state: (state) => {
              shown = undefined;
              seenAgain = null;
              listener.state(state);
            },
            failure: (failure) => listener.failure(failure),
            sample: (sample, { id, name }) => {
              const evidence = kind.evidence(sample, options, format);
              const asOf = kind.asOf(sample.asOf);
              const isSame = shown !== undefined && shown.evidence === evidence && shown.name === name;
              seenAgain = isSame ? { at: now(), asOf } : null;
              if (isSame) return;
              shown = { evidence, name };
              listener.reading({
                at: new Date(now()).toISOString(),
                asOf: new Date(asOf).toISOString(),
                data: format === 'text' ? null : (kind.data(sample, options, { id, name }) as unknown as Json),
                text: format === 'json' ? null : kind.text(sample, options),
              });
            },
          },
        );
        return {
          setInterval: (ms) => watch.setInterval(ms),
          seenAgain() {
            const rested = watch.confirmed();
            return rested === null ? seenAgain : { at: rested.at, asOf: kind.asOf(rested.asOf) };
          },
          close: () => watch.close(),
        };
      },
    };
  }

  /** Fails with `container_not_running` unless the container runs, so that a stream over HTTP can be refused before it begins. */
  requireRunning({ mirror, facts }: Located): void {
    if (findNamespace(mirror.engine.name, facts, lookupIn(mirror)) === null) throw notRunning(facts.name, facts.state);
  }

  /** One look into a namespace, for services that have asked for the rights themselves. Fails as {@link read}. */
  sample(mirror: EngineMirror, target: NamespaceTarget, words: readonly HelperWord[]): Promise<Sample> {
    return this.#samplersOf(mirror).get(target).sampleNow(words);
  }

  /** Who looks into the namespaces of the engine, and why a helper does where a probe was wanted. */
  observerOf(mirror: EngineMirror): { readonly via: Observer; readonly reason: string | null } {
    return this.#samplersOf(mirror).standing;
  }

  /** What the probes of all engines did; empty where none is wanted. */
  probeNumbers(): ProbeNumbers[] {
    return [...this.#samplers.values()].flatMap(({ probeNumbers }) => probeNumbers ?? []);
  }

  /** Ends every helper, and resolves when they are gone. */
  async close(): Promise<void> {
    for (const end of this.#endSweeps) end();
    await Promise.all([...this.#samplers.values()].map((samplers) => samplers.close()));
  }

  async #look(principal: Principal, { mirror, facts }: Located, question: Question, format: StreamFormat) {
    authorize(principal, 'observe', { kind: 'container', facts });
    const words = topicKinds[question.topic].words(question.options, format);
    let container = facts;
    for (let attempt = 1; ; attempt += 1) {
      const status = mirror.status();
      if (status.state === 'stale')
        throw new Failure('engine_unavailable', status.reason ?? `The engine ${mirror.engine.name} is away`, {
          hint: 'It is asked again and again; GET /api/v1/engines shows when it is back. A stream goes on by itself then.',
          retryAfter: 1,
        });
      const target = findNamespace(mirror.engine.name, container, lookupIn(mirror));
      if (target === null) throw notRunning(container.name, container.state);
      try {
        const sample: Sample = await this.#samplersOf(mirror).get(target).sampleNow(words);
        return { sample, facts: container };
      } catch (error) {
        if (attempt === attempts || !isAboutTarget(error)) throw error;
        const now = await mirror.refresh(container.id);
        if (now === undefined) throw new Failure('container_not_found', `Container "${container.name}" was removed`);
        container = now;
      }
    }
  }

  #samplersOf(mirror: EngineMirror): SamplerRegistry {
    const samplers = this.#samplers.get(mirror);
    if (samplers === undefined) throw new Failure('engine_not_found', `Engine "${mirror.engine.name}" is not observed`);
    return samplers;
  }
}

function notRunning(name: string, state: string): Failure {
  return new Failure('container_not_running', `Container "${name}" does not run: its state is "${state}"`, {
    hint: `Start it first: POST /api/v1/containers/${name}/start. A WebSocket on this URL waits until it runs.`,
  });
}

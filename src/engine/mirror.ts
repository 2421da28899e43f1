// The read side of the registry, in our words: what services and streams may ask of the in-memory mirror of one engine. Types only.
import type { ContainerFacts, NetworkFacts } from '../domain/container/facts.ts';
import type { Engine, EngineEvent, EngineInfo } from './engine.ts';

/** `live`: fed by events. `stale`: the engine is away, this is what was last known. */
export type MirrorState = 'connecting' | 'syncing' | 'live' | 'stale';

export interface MirrorStatus {
  readonly state: MirrorState;
  readonly reason: string | null;
  /** When this state began, ISO 8601, server's clock. */
  readonly since: string;
  /** Milliseconds since the mirror was last known to be right; 0 while live. */
  readonly ageMs: number;
  /** Attempts in vain, one after the other, since it was last live. */
  readonly failures: number;
  /** When it is tried again, ISO 8601, server's clock; null while it is live or being tried. */
  readonly retryAt: string | null;
  /** True once the first sync was done or the engine was found to be away. */
  readonly settled: boolean;
}

/** A change of one container: `before` is null when it appeared, `after` when it is gone. */
export interface ContainerChange {
  readonly id: string;
  readonly before: ContainerFacts | null;
  readonly after: ContainerFacts | null;
}

/** The mirror of one engine, keyed by id, fed by its event stream (subscribe, list and inspect, replay; reconcile). */
export interface EngineMirror {
  readonly engine: Engine;
  readonly info: EngineInfo | null;
  status(): MirrorStatus;
  /** Grows by one with each change of what the mirror holds or of its state: an ETag, and a cache key. */
  readonly revision: number;
  containers(): Iterable<ContainerFacts>;
  container(id: string): ContainerFacts | undefined;
  networks(): Iterable<NetworkFacts>;
  network(nameOrId: string): NetworkFacts | undefined;
  /** Reads one container from the engine now and stores it: read-your-writes. Undefined (and forgotten) when it is gone. */
  refresh(id: string): Promise<ContainerFacts | undefined>;
  /** The same, but asks nothing where the latest answer is enough: the one that is on its way, else what is known. */
  refreshUnless(id: string, isEnough: (facts: ContainerFacts) => boolean): Promise<ContainerFacts | undefined>;
  refreshNetworks(): Promise<void>;
  /** Engine's clock minus ours in milliseconds, by the last answer. */
  readonly clockOffsetMs: number;
  onContainer(listener: (change: ContainerChange) => void): () => void;
  onStatus(listener: (status: MirrorStatus) => void): () => void;
  /** Every engine event once, in order, after the mirror has taken it in. */
  onEvent(listener: (event: EngineEvent) => void): () => void;
  /** The same as soon as it comes, for who cannot wait: what the mirror holds may be older, and an engine that is busy lets it wait for seconds. */
  onArrival(listener: (event: EngineEvent) => void): () => void;
  /** Resolves when settled (see MirrorStatus). */
  settled(): Promise<void>;
  close(): Promise<void>;
}

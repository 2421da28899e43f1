// Asks an engine and puts what it answers into the store: single containers, the networks, or everything there is. It follows no events
// and keeps no state of its own but what it is asking.
import { setTimeout as sleep } from 'node:timers/promises';
import pLimit from 'p-limit';
import type { ContainerFacts } from '../domain/container/facts.ts';
import { Failure } from '../schemas/failure.ts';
import { Coalescer } from './coalescer.ts';
import type { Engine } from './engine.ts';
import type { MirrorStore } from './mirror-store.ts';

/** Inspects at a time: of a reading of everything, and in all. One costs the engine about a millisecond. */
const sweepWorkers = 6;
const inspectLimit = 16;
/** An engine may hang over one container (a lock of its own) and serve all others. */
const readDeadlineMs = 10_000;
/** Milliseconds until a network that is not finished is looked at again. */
const unfinishedMs = 300;

export class MirrorReader {
  readonly #engine: Engine;
  readonly #store: MirrorStore;
  readonly #signal: AbortSignal;
  readonly #onOddity: (failure: Failure, details: object) => void;
  #containers: Coalescer<ContainerFacts | undefined>;
  #networks: Coalescer<void>;
  #lastSweep = 0;
  /** For a network that is not finished. */
  #isWaiting = false;

  /**
   * @param signal ends every question under way
   * @param onOddity is told what the engine could not show and was passed over
   */
  constructor(parts: {
    engine: Engine;
    store: MirrorStore;
    signal: AbortSignal;
    onOddity: (failure: Failure, details: object) => void;
  }) {
    this.#engine = parts.engine;
    this.#store = parts.store;
    this.#signal = parts.signal;
    this.#onOddity = parts.onOddity;
    this.#containers = this.#readContainers();
    this.#networks = new Coalescer(() => this.#list());
  }

  /**
   * To be called when the engine has come back: what it was asked before and has not answered may have been lost on the way, and nobody who asks from now
   * on waits for it, nor for its turn. Who has asked has it until its deadline; what comes late is no newer than it was (tickets).
   */
  startAnew(): void {
    this.#containers = this.#readContainers();
    this.#networks = new Coalescer(() => this.#list());
  }

  #readContainers(): Coalescer<ContainerFacts | undefined> {
    const limit = pLimit(inspectLimit);
    return new Coalescer((id) => limit(() => this.#inspect(id)));
  }

  /** Reads one container as it is after this call; undefined when there is none. */
  readContainer(id: string): Promise<ContainerFacts | undefined> {
    return this.#containers.request(id);
  }

  /** The same, but asks nothing where the latest answer is enough: the one that is on its way, else what is known. */
  async readContainerUnless(
    id: string,
    isEnough: (facts: ContainerFacts) => boolean,
  ): Promise<ContainerFacts | undefined> {
    const known = this.#containers.isUnderWay(id) ? undefined : this.#store.container(id);
    if (known !== undefined && isEnough(known)) return known;
    return this.#containers.requestUnless(id, (facts) => facts !== undefined && isEnough(facts));
  }

  /** Reads the networks as they are after this call. */
  readNetworks(): Promise<void> {
    return this.#networks.request('');
  }

  /** Reads everything there is, and everything that was known: what no event told of is found here. */
  async readEverything(signal: AbortSignal): Promise<void> {
    const ticket = this.#store.takeTicket();
    const bounds = { signal, deadlineMs: readDeadlineMs };
    const [listed] = await Promise.all([this.#engine.listContainerIds(bounds), this.readNetworks()]);
    const ids = new Set([...listed, ...this.#store.containerIds()]).values();
    const work = async () => {
      for (const id of ids) {
        if (signal.aborted) return;
        await this.passOver(this.readContainer(id), { container: id });
      }
    };
    await Promise.all(Array.from({ length: sweepWorkers }, work));
    this.#store.forgetGone(this.#lastSweep);
    this.#lastSweep = ticket;
  }

  /** Waits for a reading. One thing that the engine cannot show is no reason to give up the others; an engine that is away is. */
  async passOver(reading: Promise<unknown>, details: object): Promise<void> {
    try {
      await reading;
    } catch (error) {
      if (!(error instanceof Failure) || error.code === 'engine_unavailable' || error.code === 'shutting_down')
        throw error;
      this.#onOddity(error, details);
    }
  }

  async #inspect(id: string): Promise<ContainerFacts | undefined> {
    const ticket = this.#store.takeTicket();
    const facts = await this.#engine.inspectContainer(id, this.#bounds).catch((error: Failure) => {
      if (error.code === 'container_not_found') return null;
      throw error;
    });
    this.#store.putContainer(facts?.id ?? id, facts, ticket);
    return this.#store.container(facts?.id ?? id);
  }

  async #list(): Promise<void> {
    const ticket = this.#store.takeTicket();
    const networks = await this.#engine.listNetworks(this.#bounds);
    this.#store.putNetworks(networks, ticket);
    if (networks.some(({ driver }) => driver === '')) this.#lookAgain();
  }

  /** A swarm shows a network before it has given it a driver and subnets, and tells no event when it has. */
  #lookAgain(): void {
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    sleep(unfinishedMs, undefined, { signal: this.#signal, ref: false })
      .finally(() => {
        this.#isWaiting = false;
      })
      .then(() => this.readNetworks())
      .catch(() => {}); // closed, or away: its return reads everything
  }

  get #bounds(): { signal: AbortSignal; deadlineMs: number } {
    return { signal: this.#signal, deadlineMs: readDeadlineMs };
  }
}

// Reads the matrix again when something has happened and now and then, and proves it when it is asked to. What it learns are signals.
import { type Signal, signal } from '@preact/signals';
import type { Reachability, ReachabilityOptions, VerifyOptions } from '../../../../src/client/index.ts';
import { TerrariumError } from '../../../../src/client/index.ts';
import { Refresher } from '../../store/refresher.ts';
import { client, onEvent } from '../../store/store.ts';
import { reportFailure } from '../../ui/toasts.tsx';

/** Milliseconds: programs begin and end to listen without an event. */
const lookAgainMs = 10_000;

type Progress = Parameters<NonNullable<VerifyOptions['onProgress']>>[0];
type Asked = Omit<ReachabilityOptions, 'signal'>;

export class Survey {
  readonly prediction: Signal<Reachability | null> = signal(null);
  readonly proved: Signal<Reachability | null> = signal(null);
  /** null: nothing is being proved; a total of 0: it has not begun to connect. */
  readonly progress: Signal<Progress | null> = signal(null);
  readonly failure: Signal<unknown> = signal(null);
  readonly #asked: Asked;
  readonly #refresher: Refresher;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #unlisten: () => void;
  #proving: AbortController | null = null;

  constructor(asked: Asked) {
    this.#asked = asked;
    this.#refresher = new Refresher((signal) => this.#predict(signal));
    this.#refresher.ask();
    this.#unlisten = onEvent(({ type }) => {
      if (type !== 'gap') this.#refresher.ask();
    });
    this.#timer = setInterval(() => {
      if (!document.hidden) this.#refresher.ask();
    }, lookAgainMs);
  }

  end(): void {
    clearInterval(this.#timer);
    this.#unlisten();
    this.#refresher.end();
    this.stop();
  }

  async verify(): Promise<void> {
    if (this.#proving !== null) return;
    const proving = new AbortController();
    this.#proving = proving;
    this.progress.value = { done: 0, total: 0 };
    try {
      const proved = await client().reachability.verify({
        ...this.#asked,
        signal: proving.signal,
        onProgress: (progress) => {
          this.progress.value = progress;
        },
      });
      this.proved.value = proved;
      this.#refresher.ask();
    } catch (error) {
      if (!proving.signal.aborted) reportFailure(error);
    } finally {
      this.#proving = null;
      this.progress.value = null;
    }
  }

  stop(): void {
    this.#proving?.abort();
  }

  async #predict(ending: AbortSignal): Promise<void> {
    try {
      const prediction = await client().reachability.predict({ ...this.#asked, signal: ending });
      this.failure.value = null;
      this.prediction.value = prediction;
    } catch (error) {
      if (ending.aborted) return;
      this.failure.value = error;
      // What the server refuses it refuses again, until something happens.
      if (!(error instanceof TerrariumError && error.status >= 400 && error.status < 500)) throw error;
    }
  }
}

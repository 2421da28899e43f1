// Keeps calls from an engine that is known to be away. Pings tell: after one without an answer, a call first waits for a short ping that all who wait
// share, and is not sent at all where that fails too. So a call to an engine that hangs fails fast, and is not done behind its caller's back when
// the engine goes on. An engine that answers again is open to calls at once.
import { Failure } from '../../schemas/failure.ts';

/** A ping that got no answer in time counts for so long, in milliseconds; one that was refused costs nothing, and is tried for each call. */
const freshMs = 1_000;

export class Breaker {
  readonly #ping: () => Promise<void>;
  #failure: Failure | undefined;
  #failedAt = 0;
  #trial: Promise<void> | undefined;

  /** @param ping asks for a sign of life; its outcome has to be noted by {@link note} too */
  constructor(ping: () => Promise<void>) {
    this.#ping = ping;
  }

  /** What came of a ping; undefined where it was answered. */
  note(failure: Failure | undefined): void {
    // A call that its caller gave up says nothing of the engine.
    if (failure !== undefined && failure.code !== 'engine_unavailable' && failure.code !== 'engine_timeout') return;
    this.#failure = failure;
    this.#failedAt = performance.now();
  }

  /**
   * Lets a call through, or rejects where the engine is known to be away and a ping shows that it still is.
   *
   * @throws {Failure} `engine_unavailable`: nothing was sent
   */
  async admit(engine: string, action: string): Promise<void> {
    const known = this.#failure;
    if (known === undefined) return;
    if (known.code === 'engine_timeout' && performance.now() - this.#failedAt < freshMs)
      throw describe(engine, action, known);
    this.#trial ??= this.#ping().finally(() => {
      this.#trial = undefined;
    });
    try {
      await this.#trial;
    } catch (error) {
      throw describe(engine, action, error);
    }
  }
}

function describe(engine: string, action: string, cause: unknown): unknown {
  if (!(cause instanceof Failure) || cause.code !== 'engine_timeout') return cause;
  return new Failure(
    'engine_unavailable',
    `The engine ${engine} is away: it answers no ping; nothing was sent to it (${action})`,
    {
      hint: 'It is asked again and again; GET /api/v1/engines shows when it is back.',
      retryAfter: 2,
      cause,
    },
  );
}

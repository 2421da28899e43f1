// Makes real connections from inside namespaces: one helper a namespace, all its connections in a few batches, and nothing left when it is over or
// somebody stops it. What was predicted is not its business.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type MadeConnection,
  type PlannedConnection,
  parseConnections,
  spellConnection,
} from '../../domain/reachability/connection-result.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { Helper } from '../observation/helper.ts';
import { createServantStarter, type ServantStarter } from '../observation/servant-starter.ts';
import { buildVerifierBody, connectionsAtOnce, forgetWord } from './verifier-body.ts';

/** Milliseconds between two words of a helper. */
const keepAliveMs = 2_000;

export interface VerifierParts {
  readonly mirrors: readonly EngineMirror[];
  readonly helperImage: string;
  readonly serverId: string;
}

/** From where. */
export interface Source {
  readonly mirror: EngineMirror;
  /** `host`, or `container:ID`. */
  readonly networkMode: string;
}

/** What a source does in a round: it connects, or its namespace forgets whom it has met (not the host's). */
export type RoundWork = readonly PlannedConnection[] | 'forget';

export interface RoundOptions {
  readonly signal: AbortSignal;
  opened(round: number): Promise<void>;
  onMade(count: number): void;
  onRound(round: number): void;
}

export interface Verifier {
  /**
   * Makes the connections. `onMade` hears how many of them, batch by batch. Fails as starting a helper does, and with the signal's reason.
   * @returns by the word that spells each (connection-result.ts)
   */
  connect(
    source: Source,
    connections: readonly PlannedConnection[],
    options: { readonly signal: AbortSignal; onMade(count: number): void },
  ): Promise<ReadonlyMap<string, MadeConnection>>;
  /** The same by rounds, each when it is opened. `onRound` hears of the end of each. */
  connectInRounds(
    source: Source,
    rounds: ReadonlyMap<number, RoundWork>,
    options: RoundOptions,
  ): Promise<ReadonlyMap<string, MadeConnection>>;
  /** Ends what runs, and resolves when its containers are gone. */
  close(): Promise<void>;
}

export function createVerifier({ mirrors, helperImage, serverId }: VerifierParts): Verifier {
  const shutdown = new AbortController();
  const running = new Set<Promise<void>>();
  const leaving = new Set<Promise<void>>();
  const closed = () => new Failure('shutting_down', 'The server is shutting down', { retryAfter: 5 });
  const starters = new Map<EngineMirror, ServantStarter>(
    mirrors.map((mirror) => [
      mirror,
      createServantStarter({
        engine: mirror.engine,
        image: helperImage,
        closedBy: () => (shutdown.signal.aborted ? closed() : undefined),
      }),
    ]),
  );

  function dismiss(helper: Helper): void {
    const gone = helper.dispose().catch(() => {});
    leaving.add(gone);
    void gone.finally(() => leaving.delete(gone));
  }

  function start({ mirror, networkMode }: Source, mayForget: boolean): Promise<Helper> {
    const starter = starters.get(mirror);
    if (starter === undefined)
      throw new Failure('engine_not_found', `Engine "${mirror.engine.name}" is not known here`);
    const spec = { networkMode, serverId, mayForget };
    return starter('verifier', (image) => (boundary) => buildVerifierBody({ image, boundary, ...spec }));
  }

  const connect: Verifier['connectInRounds'] = async (source, rounds, { signal, opened, onMade, onRound }) => {
    const stop = AbortSignal.any([signal, shutdown.signal]);
    stop.throwIfAborted();
    const helper = await start(source, [...rounds.values()].includes('forget'));
    const end = () => dismiss(helper);
    if (stop.aborted) end();
    else stop.addEventListener('abort', end, { once: true });
    try {
      const made = new Map<string, MadeConnection>();
      for (const [round, work] of [...rounds].sort(([one], [other]) => one - other)) {
        await awaitRound(helper, opened(round), stop);
        if (work === 'forget') await helper.tick([forgetWord]);
        const connections = work === 'forget' ? [] : work;
        for (let at = 0; at < connections.length; at += connectionsAtOnce) {
          stop.throwIfAborted();
          const batch = connections.slice(at, at + connectionsAtOnce);
          const sections = await helper.tick(batch.map(spellConnection));
          for (const [word, one] of parseConnections(sections.get('connections') ?? '')) made.set(word, one);
          onMade(batch.length);
        }
        onRound(round);
      }
      return made;
    } catch (error) {
      // Who stopped it ended the helper, and that is what failed.
      stop.throwIfAborted();
      throw error;
    } finally {
      stop.removeEventListener('abort', end);
      if (!stop.aborted) end();
    }
  };

  const run: Verifier['connectInRounds'] = (source, rounds, options) => {
    const connecting = connect(source, rounds, options);
    const over = connecting.then(
      () => {},
      () => {},
    );
    running.add(over);
    void over.finally(() => running.delete(over));
    return connecting;
  };

  return {
    connect: (source, connections, { signal, onMade }) =>
      run(source, new Map([[0, connections]]), { signal, onMade, opened: async () => {}, onRound: () => {} }),
    connectInRounds: run,
    async close() {
      shutdown.abort(closed());
      await Promise.all(running);
      await Promise.all(leaving);
    },
  };
}

/** Others take silence for the server's death (observation/orphan-sweep.ts), so the helper says something now and then. */
async function awaitRound(helper: Helper, opened: Promise<void>, stop: AbortSignal): Promise<void> {
  const isOpen = opened.then(() => true);
  while (!(await Promise.race([isOpen, sleep(keepAliveMs, false, { ref: false })]))) {
    stop.throwIfAborted();
    await helper.tick([]);
  }
}

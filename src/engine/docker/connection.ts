// One engine's connections: negotiated version, deadlines, cancellation, the one retry of reads, and the translation of every failure.
// It knows calls and answers, not what they mean.
import { setMaxListeners } from 'node:events';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Failure } from '../../schemas/failure.ts';
import type { CallOptions } from '../engine.ts';
import { isVersion, negotiateVersion } from './api-version.ts';
import { type Bounds, runBounded } from './bounded-call.ts';
import { Breaker } from './breaker.ts';
import { createDialler, type DialAnswer, type Dialler, type DialRequest } from './dial.ts';
import {
  describeCancellation,
  describeStranger,
  describeTimeout,
  type EngineLabel,
  readErrorCode,
  readRefusal,
  translateBreakage,
  translateRefusal,
} from './translate-errors.ts';
import type { Transport } from './transport.ts';

/** One call of the API. `path` begins after the version. */
export interface Call extends DialRequest, CallOptions {
  /** What is being done, in the infinitive, for the words of a failure: "start container web". */
  readonly action: string;
  /** Includes the whole body for `ask`, and only the answer's head for `open` and `hijack`. */
  readonly deadlineMs: number;
  /** Without the version in the path: `/_ping`. */
  readonly unversioned?: boolean;
  /** It is asked whether the engine is there at all: sent also where that is known to be in vain, and what comes of it counts for other calls. */
  readonly isTrial?: boolean;
}

/** A complete answer that is not an error. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

const negotiationDeadlineMs = 5_000;
/** How long a call waits for a sign of life of an engine that is known to be away. */
const trialDeadlineMs = 1_500;
/** As dockerd does on its side. */
const tcpKeepAliveMs = 15_000;
/** What an idle connection that the engine has closed looks like to the next request on it. */
const staleConnectionCodes = new Set(['ECONNRESET', 'EPIPE']);
const wrongVersion = /^client version \S+ is too (?:old|new)/;

export class Connection {
  readonly #label: EngineLabel;
  readonly #transport: Transport;
  readonly #reads: Dialler;
  readonly #writes: Dialler;
  readonly #breaker = new Breaker(() => this.ping(trialDeadlineMs));
  readonly #closed = new AbortController();
  readonly #open = new Set<IncomingMessage | Duplex>();
  #version: Promise<string> | undefined;
  /** When the version was asked for that has not been told yet; null where none is. */
  #askedVersionAt: number | null = null;

  constructor(label: EngineLabel, transport: Transport) {
    this.#label = label;
    this.#transport = transport;
    this.#reads = createDialler(transport, { keepAlive: true });
    this.#writes = createDialler(transport, { keepAlive: false });
    // Every call and stream under way listens to it.
    setMaxListeners(0, this.#closed.signal);
  }

  /** Asks for a sign of life. */
  async ping(deadlineMs: number, signal?: AbortSignal): Promise<void> {
    const askedAt = performance.now();
    await this.ask({
      method: 'GET',
      path: '/_ping',
      unversioned: true,
      isTrial: true,
      action: 'ping',
      deadlineMs,
      ...(signal !== undefined && { signal }),
    });
    // What was asked before and is not answered yet may have been lost on the way: nobody who asks from now on waits for it.
    if (this.#askedVersionAt !== null && this.#askedVersionAt < askedAt) this.#version = undefined;
  }

  /** Sends a call and reads its whole answer. Rejects with a failure for an answer that is an error. */
  ask(call: Call): Promise<Answer> {
    return this.#bounded(call, async (cut) => {
      const response = await this.#respond(call, cut);
      return { status: response.statusCode ?? 0, body: await readBody(response) };
    });
  }

  /** Like {@link ask}, for answers in JSON. The shape is the engine's promise; it is not checked. */
  async askJson<T>(call: Call): Promise<T> {
    const { body } = await this.ask(call);
    try {
      return JSON.parse(body.toString()) as T;
    } catch (error) {
      throw describeStranger(this.#label, error);
    }
  }

  /** Sends a call and hands back the answer with its body still to be read. It is destroyed when the caller's signal says so, or by `close`. */
  async open(call: Call): Promise<IncomingMessage> {
    const response = await this.#bounded(call, (cut) => this.#respond(call, cut));
    this.#track(response, call.signal);
    return response;
  }

  /** Sends a call that takes over its connection. The connection is destroyed like that of {@link open}. */
  async hijack(call: Call): Promise<Duplex> {
    const connection = await this.#bounded(call, async (cut) => {
      const answer = await this.#exchange({ ...call, hijack: true }, cut);
      if (answer.kind === 'connection') return answer.connection;
      answer.response.destroy();
      throw describeStranger(this.#label, new Error('the engine did not hand over the connection'));
    });
    this.#track(connection, call.signal);
    return connection;
  }

  /** The negotiated version: asked for once, and again after a connection has failed. */
  version(): Promise<string> {
    if (this.#version !== undefined) return this.#version;
    const askedAt = performance.now();
    this.#askedVersionAt = askedAt;
    const version = this.#negotiate()
      .catch((error) => {
        if (this.#version === version) this.#version = undefined;
        throw error;
      })
      .finally(() => {
        if (this.#askedVersionAt === askedAt) this.#askedVersionAt = null;
      });
    this.#version = version;
    return version;
  }

  /** To be called when a connection broke: what answers next may be another engine. */
  forget(): void {
    this.#version = undefined;
    this.#reads.dropIdle();
    this.#transport.renew();
  }

  /** The failure that an error of this engine means, where it was met outside a call: in the middle of a stream. */
  translate(error: unknown, action: string): Failure {
    const failure = translateBreakage(error, this.#label, action);
    if (failure.code === 'engine_unavailable') this.forget();
    return failure;
  }

  /** Ends every call and stream under way, and then the way to the engine. */
  async close(): Promise<void> {
    this.#closed.abort(new Failure('shutting_down', `The connection to the engine ${this.#label.name} is closed`));
    for (const stream of this.#open) stream.destroy();
    this.#reads.close();
    this.#writes.close();
    await this.#transport.close();
  }

  async #bounded<T>(call: Call, work: (cut: AbortSignal) => Promise<T>): Promise<T> {
    const label = this.#label;
    const bounds: Bounds = {
      deadlineMs: call.deadlineMs,
      signals: call.signal === undefined ? [this.#closed.signal] : [this.#closed.signal, call.signal],
      describeTimeout: () => describeTimeout(label, this.#transport.obstacle ?? call.action, call.deadlineMs),
      describeCancellation: (reason) => describeCancellation(label, call.action, reason),
    };
    try {
      const answer = await runBounded(bounds, async (cut) => {
        if (!call.isTrial) await this.#breaker.admit(label.name, call.action);
        return work(cut);
      });
      if (call.isTrial) this.#breaker.note(undefined);
      return answer;
    } catch (error) {
      const explained = error instanceof Failure ? undefined : await this.#transport.explain(error);
      const failure = explained ?? translateBreakage(error, label, call.action);
      if (failure.code === 'engine_unavailable' || failure.code === 'engine_timeout') this.forget();
      if (call.isTrial && call.signal?.aborted !== true) this.#breaker.note(failure);
      throw failure;
    }
  }

  async #respond(call: Call, cut: AbortSignal): Promise<IncomingMessage> {
    const answer = await this.#exchange(call, cut);
    if (answer.kind === 'response') return answer.response;
    answer.connection.destroy();
    throw describeStranger(this.#label, new Error('the engine handed over a connection nobody asked for'));
  }

  /** The answer's head. An error answer is read whole and thrown. */
  async #exchange(call: Call, cut: AbortSignal, isSecond = false): Promise<DialAnswer> {
    const answer = await this.#dial(call, cut);
    if (answer.kind === 'connection') return answer;
    const status = answer.response.statusCode ?? 0;
    if ((status >= 200 && status < 300) || status === 304) return answer;
    const refusal = readRefusal(status, await readBody(answer.response));
    if (!isSecond && wrongVersion.test(refusal.message)) {
      // Another engine than the one we negotiated with: it has done nothing yet, so that even a write may be sent again.
      this.forget();
      return this.#exchange(call, cut, true);
    }
    throw translateRefusal(refusal, this.#label);
  }

  async #dial(call: Call, cut: AbortSignal): Promise<DialAnswer> {
    const isRead = call.method === 'GET';
    const dialler = isRead ? this.#reads : this.#writes;
    const send = async () => {
      const path = call.unversioned ? call.path : `/v${await this.version()}${call.path}`;
      return dialler.dial({ ...call, path }, cut);
    };
    try {
      return await send();
    } catch (error) {
      // Nothing of an answer has come: for a read that is an idle connection which the engine had closed, not a verdict.
      if (!isRead || cut.aborted || !staleConnectionCodes.has(readErrorCode(error))) throw error;
      this.forget();
      return send();
    }
  }

  async #negotiate(): Promise<string> {
    const { body } = await this.ask({
      method: 'GET',
      path: '/version',
      unversioned: true,
      action: 'negotiate the API version',
      deadlineMs: negotiationDeadlineMs,
    }).catch((error: Failure) => {
      // Whatever refuses to tell its version is no Docker Engine.
      throw error.code === 'engine_unavailable' || error.code === 'engine_timeout'
        ? error
        : describeStranger(this.#label, error);
    });
    let theirs: { ApiVersion?: unknown; MinAPIVersion?: unknown } | null;
    try {
      theirs = JSON.parse(body.toString()) as typeof theirs;
    } catch (error) {
      throw describeStranger(this.#label, error);
    }
    const { ApiVersion: max, MinAPIVersion: min } = theirs ?? {};
    if (!isVersion(max)) throw describeStranger(this.#label, new Error('GET /version names no API version'));
    return negotiateVersion({ max, min: isVersion(min) ? min : max }, this.#label);
  }

  /** Looks after a stream that may live for hours. */
  #track(stream: IncomingMessage | Duplex, signal: AbortSignal | undefined): void {
    // Over TCP a silent connection is forgotten by firewalls between, unless the kernel shows that it lives.
    const socket = stream instanceof IncomingMessage ? stream.socket : stream;
    if (socket instanceof Socket) socket.setKeepAlive(true, tcpKeepAliveMs);
    const destroy = () => stream.destroy();
    if (signal?.aborted || this.#closed.signal.aborted) destroy();
    this.#open.add(stream);
    signal?.addEventListener('abort', destroy, { once: true });
    stream.once('close', () => {
      this.#open.delete(stream);
      signal?.removeEventListener('abort', destroy);
    });
  }
}

/** Reads a body whole. It listens by hand: an asynchronous iterator costs a tenth of an inspect. */
function readBody(response: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => resolve(Buffer.concat(chunks)));
    response.on('error', reject);
    // Destroyed without an error: for whoever has an answer already this comes too late to matter.
    response.on('close', () => reject(Object.assign(new Error('aborted'), { code: 'ECONNRESET' })));
  });
}

// Requests: URL, token, JSON, problem documents, and retries where repeating changes nothing. It knows no resource.
import type { Problem } from '../schemas/problem.ts';
import { fromProblem, mayPass, readProblem, TerrariumError } from './error.ts';
import { readLines } from './lines.ts';
import { pause, waitBefore } from './pace.ts';

/** A value of a query string; what is undefined is left out, an array is repeated. */
export type QueryValue = string | number | boolean | readonly string[] | undefined;
export type Query = Readonly<Record<string, QueryValue>>;

/** What every call takes beside its own arguments. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface Request extends CallOptions {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** From the root of the server, encoded: `/api/v1/engines`. */
  readonly path: string;
  readonly query?: object | undefined;
  /** Sent as JSON; a string as text. */
  readonly body?: unknown;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Repeating it changes nothing. Default: true for GET only. */
  readonly isRepeatable?: boolean;
}

export type Token = string | (() => string | undefined | Promise<string | undefined>);

export interface HttpOptions {
  readonly url: string;
  readonly token?: Token | undefined;
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** How often what may be repeated is tried again; default 3. */
  readonly retries?: number | undefined;
}

const retryPace = { firstMs: 200, longestMs: 5_000 } as const;
const json = 'application/json';

export class Http {
  /** `http://127.0.0.1:4242`, without a slash at its end. */
  readonly url: string;
  readonly #token: Token | undefined;
  readonly #fetch: typeof globalThis.fetch;
  readonly #retries: number;

  constructor({ url, token, fetch = globalThis.fetch, retries = 3 }: HttpOptions) {
    this.url = readAddress(url);
    this.#token = token;
    // Called as a function: a browser's fetch refuses another `this`.
    this.#fetch = (...call) => fetch(...call);
    this.#retries = retries;
  }

  async token(): Promise<string | undefined> {
    return typeof this.#token === 'function' ? this.#token() : this.#token;
  }

  /** The parsed answer; null where it has no body. */
  async json<Answer>(request: Request): Promise<Answer> {
    const answer = await this.send({ accept: json, ...request });
    const text = await this.#read(answer);
    if (text === '') return null as Answer;
    try {
      return JSON.parse(text) as Answer;
    } catch (cause) {
      throw new TerrariumError('unexpected_answer', `${request.method} ${request.path} answered what is no JSON`, {
        status: answer.status,
        cause,
      });
    }
  }

  async text(request: Request): Promise<string> {
    return this.#read(await this.send({ accept: 'text/plain', ...request }));
  }

  /** An answer of lines of JSON that goes on as long as something comes. What fails on the way the server says in the last line. */
  async *lines<Line extends object>(request: Request): AsyncGenerator<Line, void, undefined> {
    const { body } = await this.send({ accept: 'application/x-ndjson', ...request });
    if (body === null) throw new TerrariumError('unexpected_answer', `${request.path} answered nothing`);
    try {
      for await (const line of readLines<Line | { error: Problem }>(body, request.signal)) {
        if ('error' in line) throw fromProblem(line.error);
        yield line;
      }
    } catch (error) {
      request.signal?.throwIfAborted();
      throw error instanceof TerrariumError ? error : unreachable(this.url, error);
    }
  }

  /** Any answer that is a success. Fails with a {@link TerrariumError}, or with the reason of the signal. */
  async send(request: Request): Promise<Response> {
    const isRepeatable = request.isRepeatable ?? request.method === 'GET';
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#attempt(request);
      } catch (error) {
        if (!isRepeatable || attempt >= this.#retries || !mayPass(error)) throw error;
        const waitMs = error.retryAfter === undefined ? waitBefore(attempt, retryPace) : error.retryAfter * 1_000;
        if (waitMs > retryPace.longestMs) throw error;
        await pause(waitMs, request.signal);
      }
    }
  }

  /** A URL of the server with a query string. */
  address(path: string, query: object = {}): string {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query as Query))
      for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) search.append(name, String(one));
    const spelled = search.toString();
    return `${this.url}${path}${spelled === '' ? '' : `?${spelled}`}`;
  }

  async #attempt({ method, path, query, body, accept, headers, signal }: Request): Promise<Response> {
    signal?.throwIfAborted();
    const token = await this.token();
    const isText = typeof body === 'string';
    const call: RequestInit = {
      method,
      headers: {
        ...(accept !== undefined && { accept }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': isText ? 'text/plain' : json }),
        ...headers,
      },
      ...(body !== undefined && { body: isText ? body : JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
      redirect: 'error',
    };
    const answer = await this.#fetch(this.address(path, query), call).catch((cause: unknown) => {
      throw signal?.aborted ? signal.reason : this.#explain(cause);
    });
    if (answer.ok) return answer;
    throw readProblem(answer.status, await this.#read(answer), answer.headers.get('retry-after'));
  }

  async #read(answer: Response): Promise<string> {
    return answer.text().catch((cause: unknown) => {
      throw cause instanceof DOMException && cause.name === 'AbortError' ? cause : this.#explain(cause);
    });
  }

  #explain(cause: unknown): TerrariumError {
    return unreachable(this.url, cause);
  }
}

/** Nobody answered, or the answer broke off. */
export function unreachable(url: string, cause?: unknown): TerrariumError {
  return new TerrariumError('unreachable', `There is no answer from ${url} (${findReason(cause)})`, {
    hint: 'Is the server running, and is this its address?',
    cause,
  });
}

/** Node says why in the cause, with a code; a browser says nothing. */
function findReason(cause: unknown): string {
  if (!(cause instanceof Error)) return 'the connection was cut';
  const { code } = cause as { code?: unknown };
  if (typeof code === 'string') return code;
  return cause.cause instanceof Error ? findReason(cause.cause) : cause.message;
}

function readAddress(url: string): string {
  let parsed: URL | undefined;
  try {
    parsed = new URL(url);
  } catch {
    parsed = undefined;
  }
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol))
    throw new TypeError(`"${url}" is no address of a server; it has to look like http://127.0.0.1:4242`);
  if (parsed.username !== '' || parsed.password !== '' || parsed.search !== '' || parsed.hash !== '')
    throw new TypeError(
      'The address of a server has no user, no query and no fragment; the token is an option of its own',
    );
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, '')}`;
}

// Labs: one method a route.
import type { LabFile } from '../../schemas/lab.ts';
import type { CheckReport, CheckResult } from '../../schemas/lab-check.ts';
import type {
  LabApplied,
  LabAudit,
  LabHeartbeat,
  LabInFull,
  LabPlanView,
  LabProgress,
  LabRemoved,
  LabView,
} from '../../schemas/lab-view.ts';
import { mayPass, TerrariumError } from '../error.ts';
import type { CallOptions, Http, Request } from '../http.ts';
import { type Pace, pause, waitBefore } from '../pace.ts';
import type { OnEngine } from './containers.ts';

/** Which lab: the one of this name, or `NAME.AS`, made from the same file for somebody. */
export interface LabOptions extends OnEngine {
  readonly as?: string;
}

export interface LabFileOptions extends LabOptions {
  /** All of it so many times. */
  readonly instances?: number;
}

/** Told as it goes: the plan, then each action as it begins and ends. */
interface Told {
  readonly onProgress?: (progress: LabProgress) => void;
}

export type ApplyOptions = LabFileOptions & Told;
export type RemoveLabOptions = LabOptions & Told;

export interface CheckOptions extends LabOptions {
  /** Only these; default: all. */
  readonly checks?: readonly string[];
  /** Of this instance only. */
  readonly instance?: number;
}

export interface CheckOnceOptions extends CheckOptions {
  /** A duration, such as `30s`: until all hold, or so long. Some minutes at most: without an answer for five a request counts as lost. */
  readonly wait?: string;
}

export interface WatchChecksOptions extends CheckOptions {
  /** Told when it was cut, and with null when it goes on. */
  readonly onCut?: (error: TerrariumError | null) => void;
}

export interface Labs {
  list(options?: OnEngine): Promise<LabView[]>;
  /** With its file. */
  get(name: string, options?: LabOptions): Promise<LabInFull>;
  /** What an apply of this file would do; nothing is changed. A text is YAML or JSON, and an error tells its line and column. */
  plan(name: string, file: LabFile | string, options?: LabFileOptions): Promise<LabPlanView>;
  /** Makes the lab what the file says. Aborting ends it, and what was made is removed again. */
  apply(name: string, file: LabFile | string, options?: ApplyOptions): Promise<LabApplied>;
  /** With everything that belongs to it. Once begun it goes on, also where the call is aborted. */
  remove(name: string, options?: RemoveLabOptions): Promise<LabRemoved>;
  check(name: string, options?: CheckOnceOptions): Promise<CheckReport>;
  /** The report as JUnit XML. */
  checkJunit(name: string, options?: CheckOnceOptions): Promise<string>;
  /**
   * Every result, and from then on each that changes, until you leave the loop or the signal is aborted (its reason is thrown). A cut is healed: it
   * asks again, and tells only what is another result than before.
   */
  watchChecks(name: string, options?: WatchChecksOptions): AsyncGenerator<CheckResult, void, undefined>;
  /** By how much longer it lives, such as `1h`. */
  extend(name: string, ttl: string, options?: LabOptions): Promise<LabView>;
  /** Ends a change that is under way, whoever asked for it; what it has made is removed again. */
  cancel(name: string, options?: LabOptions): Promise<void>;
  /** What is left over: of no lab, beyond its time, or in no file. */
  audit(options?: OnEngine): Promise<LabAudit>;
  /** The JSON Schema of a lab file. */
  schema(options?: CallOptions): Promise<Record<string, unknown>>;
}

const root = '/api/v1/labs';
const of = (name: string, what = '') => `${root}/${encodeURIComponent(name)}${what}`;

export function labs(http: Http, reconnect: Pace): Labs {
  const describeCheck = (name: string, { signal, checks, ...query }: CheckOnceOptions): Request => ({
    method: 'POST',
    path: of(name, '/check'),
    query: { ...query, check: checks?.join(',') },
    signal,
  });
  return {
    list: ({ signal, ...query } = {}) => http.json({ method: 'GET', path: root, query, signal }),
    get: (name, { signal, ...query } = {}) => http.json({ method: 'GET', path: of(name), query, signal }),
    plan: (name, file, { signal, ...query } = {}) =>
      http.json({ method: 'POST', path: of(name, '/plan'), query, ...fileBody(file), signal, isRepeatable: true }),
    apply: (name, file, { signal, onProgress, ...query } = {}) =>
      followChange(
        http.lines<LabProgress | LabHeartbeat | LabApplied>({
          method: 'PUT',
          path: of(name),
          query,
          ...fileBody(file),
          signal,
        }),
        onProgress,
      ),
    remove: (name, { signal, onProgress, ...query } = {}) =>
      followChange(
        http.lines<LabProgress | LabHeartbeat | LabRemoved>({ method: 'DELETE', path: of(name), query, signal }),
        onProgress,
      ),
    check: (name, options = {}) => http.json(describeCheck(name, options)),
    checkJunit: (name, options = {}) => http.text({ ...describeCheck(name, options), accept: 'application/xml' }),
    watchChecks: (name, { onCut = () => {}, ...options } = {}) =>
      watchResults(http, describeCheck(name, options), { pace: reconnect, onCut }),
    extend: (name, ttl, { signal, ...query } = {}) =>
      http.json({ method: 'POST', path: of(name, '/extend'), query, body: { ttl }, signal }),
    async cancel(name, { signal, ...query } = {}) {
      await http.json({ method: 'POST', path: of(name, '/cancel'), query, signal });
    },
    audit: ({ signal, ...query } = {}) => http.json({ method: 'GET', path: '/api/v1/audit', query, signal }),
    schema: ({ signal } = {}) => http.json({ method: 'GET', path: `${root}/schema.json`, signal }),
  };
}

/** JSON is YAML: a text is sent as that, whichever it is. */
function fileBody(file: LabFile | string): Pick<Request, 'body' | 'headers'> {
  return typeof file === 'string' ? { body: file, headers: { 'content-type': 'application/yaml' } } : { body: file };
}

async function followChange<End extends { readonly done: true }>(
  lines: AsyncIterable<LabProgress | LabHeartbeat | End>,
  onProgress: (progress: LabProgress) => void = () => {},
): Promise<End> {
  for await (const line of lines)
    if ('done' in line) return line;
    else if (line.event !== 'heartbeat') onProgress(line);
  throw new TerrariumError('unexpected_answer', 'The change of the lab ended without a result');
}

/** Node's `fetch` takes an answer that says nothing for five minutes for dead; checks may be that quiet. */
const isQuiet = ({ message }: TerrariumError) => message.includes('UND_ERR_BODY_TIMEOUT');

async function* watchResults(
  http: Http,
  request: Request,
  { pace, onCut }: { pace: Pace; onCut: (error: TerrariumError | null) => void },
): AsyncGenerator<CheckResult, void, undefined> {
  const told = new Map<string, string>();
  const { signal } = request;
  let wasAnswered = false;
  let isCut = false;
  let attempt = 0;
  for (;;) {
    try {
      // A server that was started anew would deny what it does not know yet.
      if (wasAnswered) await http.json({ method: 'GET', path: '/readyz', signal });
      for await (const result of http.lines<CheckResult>(request)) {
        if (isCut) onCut(null);
        [wasAnswered, isCut, attempt] = [true, false, 0];
        const { name, instance, status, evidence } = result;
        const [key, what] = [`${instance}/${name}`, `${status} ${evidence}`];
        if (told.get(key) === what) continue;
        told.set(key, what);
        yield result;
      }
    } catch (error) {
      // Where there was never an answer, waiting for one would only hide the reason.
      if (!wasAnswered || !mayPass(error)) throw error;
      if (!isCut && !isQuiet(error)) {
        isCut = true;
        onCut(error);
      }
    }
    await pause(waitBefore(attempt, pace), signal);
    attempt += 1;
  }
}

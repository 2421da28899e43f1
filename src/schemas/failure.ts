// The one error type that may reach a user. It carries a code of the closed list, words that name the culprit, and the way out.
// It must not know HTTP or WebSocket: the edge translates it.
import { type ErrorCode, errorKinds } from './error-codes.ts';

/** What accompanies a failure beside its code and detail. */
export interface FailureDetails {
  /** The way out, one sentence. */
  readonly hint?: string;
  /** The request field at fault, as a dotted path (`limits.memory`, `ports[1]`). */
  readonly field?: string;
  /** Further members of the problem document, e.g. `{ holder: { id, name } }`. Never secrets. */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** Seconds after which a retry makes sense; becomes `Retry-After`. */
  readonly retryAfter?: number;
  /** The underlying error, for the log only. */
  readonly cause?: unknown;
}

/** A failure in the words of the API: `code` decides the status, `message` is the RFC 9457 `detail`. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly field: string | undefined;
  readonly extra: Readonly<Record<string, unknown>>;
  readonly retryAfter: number | undefined;

  constructor(code: ErrorCode, detail: string, details: FailureDetails = {}) {
    super(detail, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.field = details.field;
    this.extra = details.extra ?? {};
    this.retryAfter = details.retryAfter;
  }

  /** HTTP status of the code. */
  get statusCode(): number {
    return errorKinds[this.code].status;
  }
}

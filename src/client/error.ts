// The one error of the client: what the server refused, in its own words, or why there was no answer of it.
import type { ErrorCode } from '../schemas/error-codes.ts';
import type { Problem } from '../schemas/problem.ts';

/** Codes that no server gives: nobody answered; what answered is no Terrarium; the stream was cut for good. */
export type ClientCode = 'unreachable' | 'unexpected_answer';

/** What is known beside code and words. */
export interface ErrorFacts {
  /** HTTP status; 0 where there was no answer. */
  readonly status?: number;
  readonly hint?: string | undefined;
  /** The field of the request at fault, as a dotted path. */
  readonly field?: string | undefined;
  /** Seconds after which a retry makes sense. */
  readonly retryAfter?: number | undefined;
  /** The whole problem document, with members that belong to its code (`holder`, `candidates`, …). */
  readonly problem?: Problem | undefined;
  readonly cause?: unknown;
}

/** A request, a stream or a terminal failed. `message` is the problem's `detail`: it names the culprit; `hint` is the way out. */
export class TerrariumError extends Error {
  override readonly name = 'TerrariumError';
  readonly code: ErrorCode | ClientCode;
  readonly status: number;
  readonly hint: string | undefined;
  readonly field: string | undefined;
  readonly retryAfter: number | undefined;
  readonly problem: Problem | undefined;

  constructor(code: ErrorCode | ClientCode, detail: string, facts: ErrorFacts = {}) {
    super(detail, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.status = facts.status ?? 0;
    this.hint = facts.hint;
    this.field = facts.field;
    this.retryAfter = facts.retryAfter;
    this.problem = facts.problem;
  }

  /** The same as `message`. */
  get detail(): string {
    return this.message;
  }
}

/** What an answer that is no success says. `text` is its body. */
export function readProblem(status: number, text: string, retryAfterHeader: string | null): TerrariumError {
  const seconds = Number(retryAfterHeader ?? Number.NaN);
  const retryAfter = Number.isFinite(seconds) ? seconds : undefined;
  const problem = parseProblem(text);
  if (problem === undefined)
    return new TerrariumError('unexpected_answer', `The answer is ${status}, and no problem document of Terrarium`, {
      status,
      retryAfter,
      hint: 'Is this the address of a Terrarium server, or of something before it?',
    });
  return fromProblem(problem, retryAfter);
}

/** The error that a problem document stands for: of an answer, or of the last line of a stream. */
export function fromProblem(problem: Problem, retryAfter?: number): TerrariumError {
  const { code, detail, status, hint, field } = problem;
  return new TerrariumError(code, detail, { status, hint, field, retryAfter, problem });
}

/** Nobody answered, or who answered cannot serve it now: it may be otherwise in a moment. */
export function mayPass(error: unknown): error is TerrariumError {
  return error instanceof TerrariumError && [0, 429, 502, 503, 504].includes(error.status);
}

function parseProblem(text: string): Problem | undefined {
  try {
    const value = JSON.parse(text) as Partial<Problem> | null;
    return typeof value?.code === 'string' && typeof value.detail === 'string' ? (value as Problem) : undefined;
  } catch {
    return undefined;
  }
}

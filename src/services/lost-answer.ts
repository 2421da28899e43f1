// When a call has failed without the engine having said no.
import { Failure } from '../schemas/failure.ts';

/** The engine may have done it all the same. */
export function isLostAnswer(error: unknown): boolean {
  return error instanceof Failure && ['engine_unavailable', 'engine_timeout', 'shutting_down'].includes(error.code);
}

// Restart policies as `docker run --restart` takes them (held by a differential test).
import { Failure } from '../schemas/failure.ts';

/** Docker's own fields of a create body. The empty name, of an empty string, means `no`. */
export interface RestartPolicy {
  readonly Name: RestartPolicyName | '';
  /** Only for `on-failure`; 0 is without end. */
  readonly MaximumRetryCount: number;
}

const NAMES = ['no', 'always', 'unless-stopped', 'on-failure'] as const;
export type RestartPolicyName = (typeof NAMES)[number];

const HINT = 'Use no, always, unless-stopped, on-failure or on-failure:N.';

/**
 * Reads `no`, `always`, `unless-stopped`, `on-failure` or `on-failure:N`; N as Docker reads it (a sign and leading zeros are taken).
 *
 * The Docker CLI judges the colon, the number, and that a container which is removed when it ends does not restart; the engine,
 * when the container is created, the name and whether a count goes with it. Here all is refused at once.
 *
 * @param autoRemove whether the container is to be removed when it ends (`--rm`)
 * @param field the request's field, for the failure
 * @throws Failure `invalid_request`
 */
export function parseRestartPolicy(text: string, autoRemove: boolean, field = 'restart'): RestartPolicy {
  const refuse = (reason: string, hint = HINT): never => {
    const shown = JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
    throw new Failure('invalid_request', `The restart policy ${shown} is not valid: ${reason}.`, { field, hint });
  };
  if (text === '') return { Name: '', MaximumRetryCount: 0 };
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const Name =
    NAMES.find((known) => known === name) ?? refuse(`there is no policy ${JSON.stringify(name.slice(0, 40))}`);
  const MaximumRetryCount =
    readCount(colon < 0 ? '' : text.slice(colon + 1)) ?? refuse('N is not a whole number from 0 on');
  if (MaximumRetryCount !== 0 && Name !== 'on-failure') refuse('only on-failure takes a number of retries');
  if (autoRemove && Name !== 'no') {
    refuse('the container is to be removed when it ends (autoRemove)', 'Leave out autoRemove, or restart.');
  }
  return { Name, MaximumRetryCount };
}

/** Empty is 0. Null where it is no count, or one beyond what JSON carries exactly. */
function readCount(text: string): number | null {
  if (!/^[+-]?[0-9]+$/.test(text)) return text === '' ? 0 : null;
  const count = Number(text);
  return count >= 0 && Number.isSafeInteger(count) ? Math.abs(count) : null;
}

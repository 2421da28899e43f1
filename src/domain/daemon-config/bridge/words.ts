// How dockerd begins what it says about docker0, and the one way to write down that it refuses.
import type { ProblemCode } from '../../../schemas/daemon-config.ts';
import type { Findings } from '../findings.ts';
import type { Mend } from '../mending.ts';

/** Before docker0 is made. */
export const controller = 'failed to start daemon: Error initializing network controller: ';

/** While it is made. */
export const creating = `${controller}error creating default "bridge" network: `;

/** dockerd does not start; answers null, for what there is then not. */
export function refuse(
  findings: Findings,
  says: string,
  key: string,
  code: ProblemCode,
  message: string,
  fix: string,
  mends: readonly Mend[] = [],
): null {
  findings.error('start', says, { key, code, message, fix, mends });
  return null;
}

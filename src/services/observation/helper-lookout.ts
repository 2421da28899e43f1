// Looks into a namespace by a helper that joined it: the first implementation, and the one for whatever the probe cannot do.
import { isOneMoment } from '../../domain/observation/agreement.ts';
import type { HelperWord } from '../../domain/observation/helper-output.ts';
import { readSections } from '../../domain/observation/reading.ts';
import type { Helper } from './helper.ts';
import type { Look, Lookout } from './lookout.ts';

/** Readings for one look at most, where texts and tables have to agree. */
const readingAttempts = 3;

/** `now` is in milliseconds since the epoch. */
export function lookByHelper(helper: Helper, now: () => number): Lookout {
  return {
    inode: helper.inode,
    look: (words) => lookWith(helper, words, now),
    dispose: () => helper.dispose(),
  };
}

/** Tables and texts that are to be one moment are read again where something happened between them; a namespace that never rests is shown as it is. */
async function lookWith(helper: Helper, words: readonly HelperWord[], now: () => number): Promise<Look> {
  for (let attempt = 1; ; attempt += 1) {
    const at = performance.now();
    const time = now();
    const asOf = { sockets: time, interfaces: time };
    const reading = readSections(await helper.tick(words));
    if (attempt === readingAttempts || isOneMoment(reading)) return { reading, at, asOf };
  }
}

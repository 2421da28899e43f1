// Would dockerd start with this file, and which docker0 results? A pure function of the file, of what is there before, and of the engine's version; it
// answers what dockerd itself does, started without flags on a fresh host.
import type { DaemonConfigVerdict } from '../../schemas/daemon-config.ts';
import type { ExistingBridge } from './bridge/existing.ts';
import { noBridge } from './bridge/plan.ts';
import { Findings } from './findings.ts';
import { parseBool, readConfig } from './reading.ts';
import { start } from './start.ts';
import { checkRemappedUser } from './user-namespace.ts';
import { validate } from './validation.ts';

/** The engine whose behaviour is known; its neighbours differ in details. */
export const knownEngine = '26.1';

/** What dockerd meets. */
export interface Surroundings {
  /** The docker0 that is there already; null: a fresh host. */
  readonly docker0: ExistingBridge | null;
  /** Of the engine, `26.1.5` for instance. */
  readonly engineVersion: string;
}

export const freshHost: Surroundings = { docker0: null, engineVersion: '26.1.5' };

/** Checks a file, given as its bytes. */
export function checkDaemonConfig(
  file: Uint8Array,
  { docker0, engineVersion }: Surroundings = freshHost,
): DaemonConfigVerdict {
  const findings = new Findings();
  const reading = readConfig(file, findings);
  let outcome = noBridge;
  if (reading !== null) {
    validate(reading, findings);
    checkRemappedUser(reading, findings);
    if (parseBool(reading.set.get('validate')) === true)
      findings.error('start', 'configuration OK', {
        key: 'validate',
        code: 'stops_at_once',
        message: '"validate": true makes dockerd check the file and end, each time it is started',
        fix: 'Remove it; to check a file: dockerd --validate',
        mends: [{ kind: 'remove', key: 'validate' }],
      });
    outcome = start(reading, docker0, findings);
  }
  if (engineVersion !== knownEngine && !engineVersion.startsWith(`${knownEngine}.`))
    findings.info({
      key: null,
      code: 'other_engine_version',
      message: `The check knows engine ${knownEngine}; ${engineVersion} may know other keys, and may decide otherwise`,
      fix: 'Ask the engine itself too: dockerd --validate',
    });
  return {
    verdict: findings.hasErrors ? 'fails' : 'boots',
    problems: findings.list(),
    ...(findings.hasErrors ? noBridge : outcome),
    validateSays: findings.validateSays,
  };
}

// Which lab it is, and how its members are called: within the lab, and on the engine. A name on the engine is derived and never chosen, so that
// whoever knows the file knows what it becomes.
import { Failure } from '../../schemas/failure.ts';

/** A lab as it is applied: under a name, once or for many. */
export interface LabIdentity {
  readonly lab: string;
  /** How many times all of it is made; null for once, without numbers in the names. */
  readonly instances: number | null;
}

/** A class, or two. Each has all networks of the lab, and an engine has only so many subnets. */
export const maxInstances = 100;

/** The network of containers that name none. */
export const defaultNetwork = 'default';

/** docker0, which every engine has. */
export const dockerBridge = 'bridge';

/**
 * The identity behind `/labs/NAME?as=WHO&instances=N`. Made for somebody it is a lab of its own, `NAME.WHO`.
 *
 * @throws Failure `invalid_request`
 */
export function identifyLab(
  name: string,
  { as, instances }: { as?: string | undefined; instances?: number | undefined },
): LabIdentity {
  if (as !== undefined && instances !== undefined)
    throw new Failure('invalid_request', '"as" and "instances" exclude each other', {
      field: 'instances',
      hint: 'Use instances for a class that is numbered, as for one lab a name.',
    });
  const lab = as === undefined ? name : `${name}.${as}`;
  if (lab.length > 63)
    throw new Failure('invalid_request', `The name of the lab, "${lab}", is longer than 63 characters`, {
      field: as === undefined ? 'name' : 'as',
      hint: 'Choose a shorter one.',
    });
  return { lab, instances: instances ?? null };
}

/** The numbers of a lab's instances; one null where it has none. */
export function listInstances({ instances }: LabIdentity): readonly (number | null)[] {
  return instances === null ? [null] : Array.from({ length: instances }, (_, i) => i + 1);
}

/** The key of a member within its lab: `web`, or `3/web` in the third instance. Containers and networks count apart. */
export function itemKey(instance: number | null, name: string): string {
  return instance === null ? name : `${instance}/${name}`;
}

/** What a member is called on the engine: `LAB-web`, or `LAB-3-web`. */
export function engineName({ lab }: LabIdentity, instance: number | null, name: string): string {
  return instance === null ? `${lab}-${name}` : `${lab}-${instance}-${name}`;
}

/** May a file that calls itself `own` be applied as `lab`? */
export function isNamedFor(own: string | undefined, lab: string): boolean {
  return own === undefined || own === lab || lab.startsWith(`${own}.`);
}

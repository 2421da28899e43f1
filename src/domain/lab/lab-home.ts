// Where a lab is at home: on the engine that has its lock and its document. What belongs to it on other engines says so by a label, which holds the
// home's id, because names of engines are a server's own; what says nothing is at home where it is.
import { label } from '../labels.ts';

type Labels = Readonly<Record<string, string>>;

/** One lab among all that servers and engines have: two homes may each have one of a name. */
export interface LabPlace {
  readonly lab: string;
  /** The id of the engine where it is at home, as the engine itself tells it. */
  readonly homeId: string;
}

/** The home of the lab that something belongs to. `hereId` is the id of the engine that has it. */
export function homeOf(labels: Labels, hereId: string): string {
  return labels[label.home] ?? hereId;
}

/** Does what has these labels, on the engine `hereId`, carry the lab's name, whether the lab's file describes it or not? */
export function isOfLab(labels: Labels, { lab, homeId }: LabPlace, hereId: string): boolean {
  return labels[label.lab] === lab && homeOf(labels, hereId) === homeId;
}

/** What a member on the engine `hereId` has to say of its home. `isShared`: other engines show it as theirs too, as they do with an overlay. */
export function markHome(homeId: string, hereId: string, isShared = false): Labels {
  return homeId === hereId && !isShared ? {} : { [label.home]: homeId };
}

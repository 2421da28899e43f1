// What is ours on an engine and belongs to nobody's lab, or is there beyond its time: what a person who cleans up wants to see. Pure; it removes
// nothing.
import type { LabFinding } from '../../schemas/lab-view.ts';
import type { ContainerFacts, NetworkFacts } from '../container/facts.ts';
import { label } from '../labels.ts';
import { homeOf } from './lab-home.ts';

/** A lab as far as an audit needs it. */
export interface AuditedLab {
  readonly lab: string;
  /** The id of the engine that has its document. */
  readonly homeId: string;
  /** Nothing of it is on any engine. */
  readonly isEmpty: boolean;
  /** ISO 8601, the engine's clock. */
  readonly expiresAt: string | null;
  /** Keys of everything that its file describes. */
  readonly keys: ReadonlySet<string>;
}

export interface AuditInput {
  readonly engine: string;
  readonly engineId: string;
  /** Names of the engines that the server knows, by their ids. */
  readonly homes: ReadonlyMap<string, string>;
  /** Those that do not answer: of a lab of theirs that is not known nothing is said. */
  readonly away: ReadonlySet<string>;
  readonly containers: Iterable<ContainerFacts>;
  readonly networks: Iterable<NetworkFacts>;
  /** Of all engines. */
  readonly labs: readonly AuditedLab[];
  /** Volumes of ours that hold no lab's newest document. */
  readonly spareVolumes: readonly string[];
  /** Milliseconds since the epoch, by the engine's clock. */
  readonly engineNow: number;
}

export function findLeaks(input: AuditInput): LabFinding[] {
  const { engine, engineId, homes, away, containers, networks, labs, spareVolumes, engineNow } = input;
  const byPlace = new Map(labs.map((lab) => [`${lab.homeId} ${lab.lab}`, lab]));
  const findings: LabFinding[] = [];
  const isPast = (time: string | null | undefined) => time != null && Date.parse(time) < engineNow;

  function judge(kind: 'container' | 'network', { id, name, labels }: ContainerFacts | NetworkFacts): void {
    if (labels[label.managed] !== 'true') return;
    const lab = labels[label.lab];
    const key = labels[label.item];
    const find = (reason: LabFinding['reason'], detail: string) =>
      findings.push({ engine, kind, id, name, lab: lab ?? null, reason, detail });
    if (isPast(labels[label.expiresAt])) return void find('expired', `its time was up at ${labels[label.expiresAt]}`);
    if (lab === undefined) return void find('no_lab', 'it belongs to no lab');
    const homeId = homeOf(labels, engineId);
    const known = byPlace.get(`${homeId} ${lab}`);
    if (known === undefined) {
      const home = homes.get(homeId);
      if (key === undefined || (home !== undefined && away.has(home))) return;
      const where = home === undefined ? `: it is at home on an engine that is not known here, ${homeId}` : '';
      find('document_lost', `nothing is known of the lab "${lab}" but its members${where}`);
      return;
    }
    if (key !== undefined && !known.keys.has(`${kind} ${key}`))
      find('not_in_file', `the file of the lab "${lab}" does not have it`);
  }

  for (const facts of containers) if (facts.labels[label.role] === undefined) judge('container', facts);
  for (const facts of networks) if (facts.labels[label.role] === undefined) judge('network', facts);
  for (const { lab, homeId, isEmpty, expiresAt } of labs) {
    if (homeId !== engineId) continue;
    const find = (reason: LabFinding['reason'], detail: string) =>
      findings.push({ engine, kind: 'lab', id: null, name: lab, lab, reason, detail });
    if (isPast(expiresAt)) find('expired', `its time was up at ${expiresAt}`);
    else if (isEmpty) find('empty', 'nothing of it is there');
  }
  for (const name of spareVolumes)
    findings.push({
      engine,
      kind: 'volume',
      id: null,
      name,
      lab: null,
      reason: 'superseded',
      detail: "it is no lab's newest document",
    });
  return findings;
}

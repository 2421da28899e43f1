// What a lab that spans engines must be: every engine is known, a bridge and a joined container stay on one, and an overlay is of one Swarm. What of
// it a file alone does not tell is given: where the lab is at home, and which engines there are.
import type { LabFile } from '../../schemas/lab.ts';
import { parsePortMappings } from '../ports/port-mapping.ts';
import { findClosestName } from './closest-name.ts';
import { networkOf } from './container-network.ts';
import { defaultNetwork, dockerBridge } from './lab-identity.ts';
import type { LabPlacement, PlacedEngine } from './lab-placement.ts';
import { type LabProblem, type LabSource, type MemberPath, problemAt } from './lab-source.ts';
import { describePortClash, findPortClash } from './port-rules.ts';

/** An engine as these rules need it. */
export interface JudgedEngine extends PlacedEngine {
  /** As the engine itself tells it; empty where it has never been met. */
  readonly id: string;
  /** Does it answer? What one that is away would say is not judged. */
  readonly isLive: boolean;
}

export interface PlacementInput {
  readonly source: LabSource;
  readonly file: LabFile;
  readonly placement: LabPlacement;
  /** All that the server knows. */
  readonly engines: readonly JudgedEngine[];
}

export function findPlacementProblems(input: PlacementInput): LabProblem[] {
  const unknown = findUnknownEngines(input);
  const problems =
    unknown.length > 0
      ? unknown
      : [...findCrossings(input), ...findSplitOverlays(input), ...findTwins(input), ...findMeetingPorts(input)];
  return problems.sort((one, other) => one.line - other.line || one.column - other.column);
}

function findUnknownEngines({ source, file, engines }: PlacementInput): LabProblem[] {
  const known = engines.map(({ name }) => name);
  const named: [MemberPath, string | undefined][] = [
    ...Object.entries(file.networks ?? {}).map(([name, spec]): [MemberPath, string | undefined] => [
      ['networks', name, 'engine'],
      spec?.engine,
    ]),
    ...Object.entries(file.containers).map(([name, { engine }]): [MemberPath, string | undefined] => [
      ['containers', name, 'engine'],
      engine,
    ]),
  ];
  return named.flatMap(([path, engine]) => {
    if (engine === undefined || known.includes(engine)) return [];
    const meant = findClosestName(engine, known);
    const listed = `Known engines: ${known.join(', ')}.`;
    const hint = meant === null ? listed : `Did you mean "${meant}"? ${listed}`;
    return [problemAt(source, path, `There is no engine "${engine}"`, hint)];
  });
}

/** What is on one engine and needs what is on another. */
function findCrossings({ source, file, placement }: PlacementInput): LabProblem[] {
  return Object.entries(file.containers).flatMap(([name, container]) => {
    const path = ['containers', name];
    const here = placement.ofContainer(name);
    if (container.mode === 'joined') {
      const there = placement.ofContainer(container.target);
      if (here === there) return [];
      return [
        problemAt(
          source,
          [...path, 'target'],
          `"${name}" is on the engine ${here}, and its target "${container.target}" on ${there}: two machines share no namespace`,
          `Leave out engine: then it is where its target is.`,
        ),
      ];
    }
    const network = networkOf(container);
    const spec = network === null ? undefined : file.networks?.[network];
    if (network === null || network === dockerBridge || spec?.external === true || spec?.driver === 'overlay')
      return [];
    const there = placement.ofNetwork(network);
    if (here === there) return [];
    const overlay =
      network === defaultNetwork && spec === undefined
        ? `name one of its own, or list ${defaultNetwork} among the networks with driver: overlay`
        : 'make it an overlay (driver: overlay), which spans the engines of a Swarm';
    return [
      problemAt(
        source,
        [...path, 'network'],
        `"${name}" is on the engine ${here}, and the network "${network}" is a bridge of the engine ${there}`,
        `A bridge is of one engine: ${overlay}.`,
      ),
    ];
  });
}

/** Overlays on engines that are in no common Swarm, or that no manager can make. */
function findSplitOverlays({ source, file, placement, engines }: PlacementInput): LabProblem[] {
  const byName = new Map(engines.map((engine) => [engine.name, engine]));
  return Object.entries(file.networks ?? {}).flatMap(([name, spec]) => {
    if (spec?.driver !== 'overlay' || spec.external === true) return [];
    const places = placement.enginesOf(name).flatMap((engine) => byName.get(engine) ?? []);
    if (places.some(({ isLive }) => !isLive)) return [];
    const path = ['networks', name, 'driver'];
    const alone = places.find(({ swarm }) => swarm === null);
    if (alone !== undefined)
      return [
        problemAt(
          source,
          path,
          `"${name}" is an overlay, and the engine ${alone.name} is in no Swarm`,
          places.length > 1
            ? `Make one of ${places.map((one) => one.name).join(' and ')}: docker swarm init, docker swarm join.`
            : `docker swarm init there makes one; or leave out driver: then it is a bridge.`,
        ),
      ];
    const [first] = places;
    const other = places.find(({ swarm }) => swarm !== first?.swarm);
    if (first !== undefined && other !== undefined)
      return [
        problemAt(
          source,
          path,
          `"${name}" is an overlay, and the engines ${first.name} and ${other.name} are in no common Swarm`,
          'Put its containers on nodes of one Swarm, or join the two: docker swarm leave, docker swarm join.',
        ),
      ];
    const maker = byName.get(placement.ofNetwork(name));
    if (maker === undefined || maker.isManager) return [];
    return [
      problemAt(
        source,
        spec.engine === undefined ? path : ['networks', name, 'engine'],
        `"${name}" is an overlay, and the engine ${maker.name} is no manager of its Swarm`,
        spec.engine === undefined
          ? 'An overlay is made on a manager: let this server know one (TERRARIUM_ENGINES_FILE), or docker node promote.'
          : 'An overlay is made on a manager: name one, or leave out engine.',
      ),
    ];
  });
}

/** Ports of one host, where the file alone does not tell that it is one. */
function findMeetingPorts({ source, file, placement }: PlacementInput): LabProblem[] {
  if (placement.engines.length === 1) return [];
  const bindings = new Map(
    Object.entries(file.containers).flatMap(([name, container]) =>
      container.mode === 'open' ? [[name, parsePortMappings((container.ports ?? []).map(String))] as const] : [],
    ),
  );
  const clash = findPortClash(bindings, placement.ofContainer);
  if (clash === null) return [];
  const { path, message, hint } = describePortClash(clash);
  return [problemAt(source, path, message, hint)];
}

/** Two names of one engine: its members would be seen twice. */
function findTwins({ source, placement, engines }: PlacementInput): LabProblem[] {
  const used = engines.filter(({ name, id }) => id !== '' && placement.engines.includes(name));
  const twin = used.find((one, index) => used.findIndex(({ id }) => id === one.id) < index);
  if (twin === undefined) return [];
  const other = used.find(({ id }) => id === twin.id);
  return [
    problemAt(
      source,
      ['containers'],
      `The engines ${other?.name} and ${twin.name} say that they are one: ${twin.id}`,
      'Name one of them only; or, where one machine is a copy of the other, remove engine-id in the data folder of one of them.',
    ),
  ];
}

// Makes a network: plan, see that its subnets are free, create, read back. Nothing is left where a step fails, the caller goes away, or
// the engine's answer is lost.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NetworkFacts } from '../../domain/container/facts.ts';
import { markHome } from '../../domain/lab/lab-home.ts';
import { type NetworkPlan, planNetwork } from '../../domain/network/network-planner.ts';
import { toNetworkBody } from '../../domain/network/network-spec.ts';
import type { EngineInfo } from '../../engine/engine.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import { Failure } from '../../schemas/failure.ts';
import type { CreatedNetwork, CreateNetwork, NetworkDryRun } from '../../schemas/network.ts';
import { authorize, type Principal } from '../access.ts';
import type { Catalogue } from '../catalogue.ts';
import { amend } from '../containers/create-failure.ts';
import type { LabOwners } from '../lab-owners.ts';
import { isLostAnswer } from '../lost-answer.ts';
import { seenBy } from '../sight.ts';
import type { LostNetworks } from './lost-networks.ts';
import { locate } from './network-finder.ts';
import { showLocated } from './network-reading.ts';
import type { SubnetCheck } from './subnet-check.ts';
import { requireManager } from './swarm-manager.ts';

/** Who asks for what, and on which engine the query says. */
export interface NetworkOrder {
  readonly principal: Principal;
  readonly request: CreateNetwork;
  readonly engine?: string | undefined;
  /** Labels of ours that the network gets beside the usual ones. */
  readonly marks?: Readonly<Record<string, string>>;
  /** Whose it will be, where that is known: of what a lab on several engines has, its home tells it. */
  readonly owner?: string;
}

export interface NetworkCreation {
  /** `signal` is aborted when nobody waits for it any more. */
  create(order: NetworkOrder, signal: AbortSignal): Promise<CreatedNetwork>;
  /** What {@link create} would send. Makes nothing. */
  dryRun(order: NetworkOrder): Promise<NetworkDryRun>;
}

/** How long a swarm may take to finish a network. */
const finishPatienceMs = 5_000;

interface Prepared {
  readonly mirror: EngineMirror;
  readonly plan: NetworkPlan;
  readonly creation: string;
  readonly warnings: readonly string[];
}

export function createNetworkCreation({
  catalogue,
  labOwners,
  subnets,
  lost,
}: {
  catalogue: Catalogue;
  labOwners: LabOwners;
  subnets: SubnetCheck;
  lost: LostNetworks;
}): NetworkCreation {
  async function prepare({
    principal,
    request,
    engine: queried,
    marks = {},
    owner: known,
  }: NetworkOrder): Promise<Prepared> {
    if (queried !== undefined && request.engine !== undefined && queried !== request.engine) {
      throw new Failure('invalid_request', `The query names the engine "${queried}", the body "${request.engine}"`, {
        field: 'engine',
        hint: 'Name it once.',
      });
    }
    const mirror = catalogue.mirror(request.engine ?? queried);
    await mirror.settled();
    authorize(principal, 'create_network', { kind: 'engine', name: mirror.engine.name });
    const owner = known ?? labOwners.requireFor(principal, mirror, request.lab);
    const creation = randomBytes(12).toString('hex');
    const plan = planNetwork(request, {
      owner,
      creation,
      marks: { ...markShared(request, mirror), ...marks },
      choosesIpv6: choosesIpv6(mirror.info),
    });
    if (request.driver === 'overlay') await requireManager(catalogue.mirrors, mirror);
    await lost.settle(mirror, request.name);
    // What somebody made a moment ago is not in the mirror yet.
    await mirror.refreshNetworks();
    if (mirror.network(request.name) !== undefined) throw nameTaken(request.name);
    const warnings = await subnets.requireFree(seenBy(principal, mirror), request, plan.wanted);
    return { mirror, plan, creation, warnings: [...plan.warnings, ...warnings] };
  }

  async function make(order: NetworkOrder, { mirror, plan, creation }: Prepared): Promise<string> {
    try {
      return await mirror.engine.createNetwork(plan.spec);
    } catch (error) {
      if (isLostAnswer(error)) await lost.discard(mirror, plan.spec.name, creation);
      if (!(error instanceof Failure)) throw error;
      if (error.code === 'address_in_use')
        await subnets.nameHolder(seenBy(order.principal, mirror), order.request, plan.wanted);
      throw blameField(error, plan);
    }
  }

  return {
    async create(order, signal) {
      const { request } = order;
      const prepared = await prepare(order);
      const { mirror, warnings } = prepared;
      requireCaller(signal);
      const id = await make(order, prepared);
      try {
        const facts = await readMade(mirror, id);
        requireCaller(signal);
        if (facts === undefined) {
          throw new Failure(
            'state_conflict',
            `The network "${request.name}" was removed by someone else as soon as it was made`,
          );
        }
        return { ...showLocated(order.principal, locate(catalogue, { mirror, facts })), warnings: [...warnings] };
      } catch (error) {
        await lost.discard(mirror, request.name, prepared.creation);
        throw error;
      }
    },

    async dryRun(order) {
      const { mirror, plan, warnings } = await prepare(order);
      return {
        engine: mirror.engine.name,
        name: plan.spec.name,
        request: toNetworkBody(plan.spec),
        warnings: [...warnings],
      };
    },
  };
}

/** Other engines show an overlay too, and which of them has the lab that it is of says the overlay itself. */
function markShared({ driver, lab }: CreateNetwork, { info }: EngineMirror): Readonly<Record<string, string>> {
  return driver === 'overlay' && lab !== undefined && info !== null ? markHome(info.id, info.id, true) : {};
}

/** Since Docker 27 an engine has private IPv6 addresses of its own. */
function choosesIpv6(info: EngineInfo | null): boolean {
  if (info === null) return true;
  return Number.parseInt(info.version, 10) >= 27 || info.addressPools.some(({ base }) => base.includes(':'));
}

/** As it is when it is finished: a swarm gives a network its driver and subnets a moment after it has shown it. */
async function readMade(mirror: EngineMirror, id: string): Promise<NetworkFacts | undefined> {
  const deadline = performance.now() + finishPatienceMs;
  for (;;) {
    await mirror.refreshNetworks();
    const facts = mirror.network(id);
    if (facts?.driver !== '' || performance.now() > deadline) return facts;
    await sleep(50);
  }
}

function nameTaken(name: string): Failure {
  return new Failure('name_taken', `The name "${name}" is already in use by another network`, {
    field: 'name',
    hint: 'Choose another name, or remove that network first.',
  });
}

/** Which field the engine's words are about, and what to do about it. */
function blameField(failure: Failure, { wanted }: NetworkPlan): Failure {
  const field = wanted[0]?.field;
  if (failure.code === 'name_taken') return amend(failure, { field: 'name' });
  if (failure.code === 'address_in_use') return field === undefined ? failure : amend(failure, { field });
  const [, family] = /non-overlapping IPv([46]) address pool/i.exec(failure.message) ?? [];
  if (family === undefined) return failure;
  return amend(failure, {
    code: 'engine_refused',
    field: family === '4' ? 'bip' : 'fixed-cidr-v6',
    hint:
      family === '4'
        ? 'No subnet is left in the pools of the engine: name one with bip, remove networks, or give the engine more pools (default-address-pools of its daemon.json).'
        : 'The engine has no pool of IPv6 subnets: name one with fixed-cidr-v6.',
  });
}

function requireCaller(signal: AbortSignal): void {
  if (signal.aborted)
    throw new Failure('state_conflict', 'The caller went away; what had been made for it was removed');
}

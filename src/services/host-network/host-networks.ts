// The host's own part of an engine's network, as far as packets pass through it: the real rules, links, settings, docker-proxies, and what listens on
// the host. Two helpers look, because no one of them may have the rights of both.

import { parseRuleset } from '../../domain/firewall/parse.ts';
import type { Ruleset } from '../../domain/firewall/ruleset.ts';
import { parseHostLinks, parseIndexes } from '../../domain/host-network/host-links.ts';
import { parseHostSettings } from '../../domain/host-network/host-settings.ts';
import { parsePortProxies } from '../../domain/host-network/port-proxies.ts';
import { type NamespaceReading, readSections } from '../../domain/observation/reading.ts';
import type { HostLink, HostSettings, Known, PortProxy } from '../../domain/reachability/world.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import type { ErrorCode } from '../../schemas/error-codes.ts';
import { Failure } from '../../schemas/failure.ts';
import { createServantStarter, type ServantStarter } from '../observation/servant-starter.ts';
import { type Sections, StandingHelper } from '../observation/standing-helper.ts';
import { buildProxiesBody } from './proxies-body.ts';
import { RulesHelper } from './rules-helper.ts';

export interface HostNetworksParts {
  readonly mirrors: readonly EngineMirror[];
  /** `off`: nobody looks, and all is unknown. */
  readonly policy: 'read' | 'off';
  readonly helperImage: string;
  readonly serverId: string;
}

/** What was read at one time. */
export interface HostReading {
  readonly rules: { readonly ipv4: Known<Ruleset>; readonly ipv6: Known<Ruleset> };
  readonly links: Known<readonly HostLink[]>;
  readonly settings: Known<HostSettings>;
  readonly proxies: Known<readonly PortProxy[]>;
  /** Sockets and interfaces of the host's namespace. */
  readonly namespace: Known<NamespaceReading>;
  /** Numbers of interfaces by their names, by the process in whose namespace they are; none where nobody could look. */
  readonly indexes: ReadonlyMap<number, ReadonlyMap<string, number>>;
}

export interface HostNetworks {
  /**
   * Reads all anew, and the numbers of interfaces in the namespaces of these processes. What an engine does not let us read is unknown, with the reason. Fails with `engine_unavailable` or `engine_timeout` where the
   * engine does not answer.
   */
  read(mirror: EngineMirror, pids: readonly number[]): Promise<HostReading>;
  /** The same for who has not the right to it: nothing is read, and all is unknown. */
  describeForbidden(): HostReading;
  /** Ends the helpers, and resolves when they are gone. */
  close(): Promise<void>;
}

/** The helpers of one engine. */
interface Lookers {
  readonly rules: RulesHelper;
  readonly proxies: StandingHelper;
}

const notAllowed = 'This login may not read the rules of the host: it has not the right "rules"';
const switchedOff = 'The policy TERRARIUM_RULES=off lets nobody read the rules of the host';

export function createHostNetworks({ mirrors, policy, helperImage, serverId }: HostNetworksParts): HostNetworks {
  const leaving = new Set<Promise<void>>();
  let isClosed = false;

  function onLeaving(gone: Promise<void>): void {
    leaving.add(gone);
    void gone.finally(() => leaving.delete(gone));
  }

  function createLookers({ engine }: EngineMirror): Lookers {
    const start = createServantStarter({
      engine,
      image: helperImage,
      closedBy: () => (isClosed ? new Failure('shutting_down', 'The server is shutting down') : undefined),
    });
    return { rules: new RulesHelper({ engine, serverId, start, onLeaving }), proxies: standForProxies(start) };
  }

  function standForProxies(start: ServantStarter): StandingHelper {
    const body = (image: string) => (boundary: string) => buildProxiesBody({ image, serverId, boundary });
    return new StandingHelper({ start: () => start('proxies', body), onLeaving });
  }

  const lookers = new Map(mirrors.map((mirror) => [mirror, createLookers(mirror)]));

  return {
    async read(mirror, pids) {
      const { rules, proxies } = lookers.get(mirror) ?? {};
      if (policy === 'off' || rules === undefined || proxies === undefined) return describeUnknown(switchedOff);
      const [host, found] = await Promise.all([
        orReason(mirror, rules.ask(['rules', 'links', 'interfaces', 'sockets'])),
        orReason(mirror, readProcesses(mirror, proxies, pids)),
      ]);
      return {
        ...(host.known ? readHost(host.value) : describeUnknown(host.reason)),
        proxies: found.known ? { known: true, value: parsePortProxies(found.value.get('proxies') ?? '') } : found,
        indexes: new Map(
          found.known ? pids.map((pid) => [pid, parseIndexes(found.value.get(`indexes ${pid}`) ?? '')]) : [],
        ),
      };
    },
    describeForbidden: () => describeUnknown(notAllowed),
    async close() {
      isClosed = true;
      for (const { rules, proxies } of lookers.values()) {
        rules.close();
        proxies.close();
      }
      await Promise.all(leaving);
    },
  };
}

async function readProcesses(
  { info }: EngineMirror,
  proxies: StandingHelper,
  pids: readonly number[],
): Promise<Sections> {
  // Such an engine refuses it, or shows it nothing.
  if (info?.securityOptions.some((option) => option.startsWith('name=userns')) === true)
    throw new Failure('engine_refused', 'The engine remaps users, and then shows no container the processes of others');
  return proxies.ask(['proxies', ...pids.map(String)]);
}

/** What an engine that answers does not let us see is unknown. That it does not answer is a failure of the whole question. */
async function orReason<T>({ engine }: EngineMirror, reading: Promise<T>): Promise<Known<T>> {
  try {
    return { known: true, value: await reading };
  } catch (error) {
    if (!(error instanceof Failure) || !refusals.includes(error.code)) throw error;
    // A helper that ends by itself looks like an engine that does.
    if (error.code === 'engine_unavailable') await engine.ping();
    return { known: false, reason: `Nobody can look on this engine: ${error.message}` };
  }
}

const refusals: readonly ErrorCode[] = ['engine_refused', 'invalid_request', 'engine_unavailable'];

function readHost(sections: Sections): Omit<HostReading, 'proxies' | 'indexes'> {
  const links = parseHostLinks(sections.get('links') ?? '', sections.get('ports') ?? '', sections.get('devices') ?? '');
  return {
    rules: { ipv4: readRules(sections, 'rules4', 'ipv4'), ipv6: readRules(sections, 'rules6', 'ipv6') },
    links: { known: true, value: links },
    settings: {
      known: true,
      value: parseHostSettings(
        sections.get('settings') ?? '',
        links.map(({ name }) => name),
      ),
    },
    namespace: { known: true, value: readSections(sections) },
  };
}

function readRules(sections: Sections, name: 'rules4' | 'rules6', family: Ruleset['family']): Known<Ruleset> {
  const error = sections.get(`${name} error`);
  if (error !== undefined) return { known: false, reason: `The host's rules cannot be read: ${error.trim()}` };
  const warning = sections.get(`${name} warning`);
  if (warning !== undefined) return { known: false, reason: `The host has other rules beside: ${warning.trim()}` };
  return { known: true, value: parseRuleset(sections.get(name) ?? '', family) };
}

function describeUnknown(reason: string): HostReading {
  const unknown = { known: false, reason } as const;
  return {
    rules: { ipv4: unknown, ipv6: unknown },
    links: unknown,
    settings: unknown,
    proxies: unknown,
    namespace: unknown,
    indexes: new Map(),
  };
}

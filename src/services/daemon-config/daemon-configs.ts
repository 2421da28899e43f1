// daemon.json: would an engine start with a file, and what has a running engine of its settings. The first needs no engine. For the second the engine tells
// of docker0, the host of who listens, and a helper asks from inside a container whether the engine answers there.
import { checkDaemonConfig, freshHost } from '../../domain/daemon-config/check.ts';
import {
  describeBridge,
  enginePorts,
  findDangers,
  type Listener,
  spellListener,
} from '../../domain/daemon-config/effective.ts';
import { parseCidr } from '../../domain/daemon-config/go/cidr.ts';
import { classifyHost } from '../../domain/daemon-config/hosts.ts';
import type { EngineMirror } from '../../engine/mirror.ts';
import type {
  DaemonConfigQuery,
  DaemonConfigVerdict,
  EngineDaemonConfig,
  EngineEndpoint,
} from '../../schemas/daemon-config.ts';
import { Failure } from '../../schemas/failure.ts';
import { authorize, type Principal } from '../access.ts';
import type { Catalogue } from '../catalogue.ts';
import type { HostNetworks, HostReading } from '../host-network/host-networks.ts';
import type { Helper } from '../observation/helper.ts';
import { createServantStarter, type ServantStarter } from '../observation/servant-starter.ts';
import { buildCallerBody } from './caller-body.ts';

export interface DaemonConfigsParts {
  readonly catalogue: Catalogue;
  readonly hosts: HostNetworks;
  readonly helperImage: string;
  readonly serverId: string;
}

export interface DaemonConfigs {
  /** Checks a file, given as its bytes. Fails with `invalid_request` where `docker0` is no list of addresses. */
  check(principal: Principal, file: Uint8Array, query: DaemonConfigQuery): DaemonConfigVerdict;
  /** Fails with `engine_not_found`, and with `engine_unavailable` or `engine_timeout` where the engine does not answer. */
  get(principal: Principal, engine: string): Promise<EngineDaemonConfig>;
  /** Ends what runs, and resolves when its containers are gone. */
  close(): Promise<void>;
}

/** What an address said, as far as it matters. */
type Answer = NonNullable<EngineEndpoint['answers']>;

export function createDaemonConfigs({ catalogue, hosts, helperImage, serverId }: DaemonConfigsParts): DaemonConfigs {
  const leaving = new Set<Promise<void>>();
  let isClosed = false;
  const starters = new Map<EngineMirror, ServantStarter>(
    catalogue.mirrors.map((mirror) => [
      mirror,
      createServantStarter({
        engine: mirror.engine,
        image: helperImage,
        closedBy: () => (isClosed ? new Failure('shutting_down', 'The server is shutting down') : undefined),
      }),
    ]),
  );

  function dismiss(helper: Helper): void {
    const gone = helper.dispose().catch(() => {});
    leaving.add(gone);
    void gone.finally(() => leaving.delete(gone));
  }

  /** What each address (`HOST:PORT`) answers to who asks from there; the reason where nobody could ask. */
  async function ask(
    mirror: EngineMirror,
    networkMode: string,
    addresses: readonly string[],
  ): Promise<Map<string, Answer> | string> {
    if (addresses.length === 0) return new Map();
    let helper: Helper | undefined;
    try {
      helper = await starters.get(mirror)?.(
        'helper',
        (image) => (boundary) => buildCallerBody({ image, networkMode, serverId, boundary }),
      );
      const sections = await helper?.tick(addresses);
      return readAnswers(sections?.get('answers') ?? '');
    } catch (error) {
      if (
        !(error instanceof Failure) ||
        !['engine_refused', 'invalid_request', 'host_mode_refused'].includes(error.code)
      )
        throw error;
      return error.message;
    } finally {
      if (helper !== undefined) dismiss(helper);
    }
  }

  /** Every place where the engine is known to listen, or might, and whom it answers there. */
  async function findEndpoints(mirror: EngineMirror, host: HostReading, gateway: string | null) {
    const { engine } = mirror;
    const listeners = findListeners(host, engine.endpoint);
    // Where nobody could look at the host's sockets, the usual ports are asked all the same, from a container.
    const places = listeners ?? enginePorts.map((port) => ({ address: '0.0.0.0', port }));
    const near = (listeners ?? []).map((listener) => spellPlace(listener, '127.0.0.1'));
    const far =
      gateway === null ? [] : places.filter(isBeyondLoopback).map((listener) => spellPlace(listener, gateway));
    const [fromHost, fromContainer] = await Promise.all([ask(mirror, 'host', near), ask(mirror, 'bridge', far)]);
    const endpoints = places.flatMap((place): EngineEndpoint[] => {
      const inside =
        typeof fromContainer === 'string' || gateway === null
          ? null
          : isBeyondLoopback(place)
            ? fromContainer.get(spellPlace(place, gateway)) === 'everybody'
            : false;
      const answers =
        typeof fromHost === 'string' || listeners === null
          ? inside === true
            ? 'everybody'
            : null
          : (fromHost.get(spellPlace(place, '127.0.0.1')) ?? null);
      if (listeners === null && inside !== true) return [];
      return [{ address: spellListener(place), foundBy: 'listening', answers, answersContainers: inside }];
    });
    const configured: EngineEndpoint = {
      address: engine.endpoint,
      foundBy: 'configured',
      // Of a plain TCP endpoint we know it: it answers us, who have nothing to show.
      answers: engine.plainTcp ? 'everybody' : null,
      answersContainers: engine.endpoint.startsWith('unix:') ? false : null,
    };
    const unknown = [fromHost, fromContainer].filter((answer) => typeof answer === 'string');
    return { endpoints: [configured, ...endpoints], unknown };
  }

  return {
    check(principal, file, { engineVersion = freshHost.engineVersion, docker0, dataRoot = 'fresh' }) {
      authorize(principal, 'get', { kind: 'file', name: 'daemon.json' });
      const existing = docker0 === undefined ? null : { addresses: readAddresses(docker0), isOwn: dataRoot === 'kept' };
      return checkDaemonConfig(file, { docker0: existing, engineVersion });
    },
    async get(principal, name) {
      const mirror = catalogue.mirror(name);
      authorize(principal, 'get', { kind: 'engine', name });
      authorize(principal, 'daemon_config', { kind: 'engine', name });
      const host = await hosts.read(mirror, []);
      const network = mirror.network('bridge');
      const described = describeBridge(
        network,
        readInterface(host, network?.options['com.docker.network.bridge.name'] ?? 'docker0'),
      );
      const gateway = described.bridge?.address?.split('/')[0] ?? null;
      const { endpoints, unknown } = await findEndpoints(mirror, host, gateway);
      return {
        engine: name,
        version: mirror.info?.version ?? null,
        ...described,
        effective: { ...described.effective, 'live-restore': mirror.info?.liveRestore ?? false },
        endpoints,
        problems: findDangers(endpoints),
        unknown: [...(host.namespace.known ? [] : [host.namespace.reason]), ...unknown],
      };
    },
    async close() {
      isClosed = true;
      await Promise.all(leaving);
    },
  };
}

function readAddresses(list: string): string[] {
  const addresses = list
    .split(',')
    .map((address) => address.trim())
    .filter((address) => address !== '');
  const odd = addresses.find((address) => parseCidr(address) === null);
  if (odd !== undefined)
    throw new Failure('invalid_request', `docker0 has no address ${JSON.stringify(odd)}`, {
      field: 'docker0',
      hint: 'Write ADDRESS/PREFIX, as `ip address show docker0` does; several with commas between',
    });
  return addresses;
}

/** Where the host listens on a port of Docker's, or on that of our endpoint; null where nobody could look. */
function findListeners({ namespace }: HostReading, endpoint: string): Listener[] | null {
  if (!namespace.known || namespace.value.sockets === undefined) return null;
  const own = Number(/^tcp:.*:(\d+)$/.exec(endpoint)?.[1] ?? 0);
  const found = namespace.value.sockets.sockets
    .filter(
      ({ protocol, state, local }) =>
        protocol.startsWith('tcp') && state === 'LISTEN' && (enginePorts.includes(local.port) || local.port === own),
    )
    .map(({ local }) => ({ address: local.address, port: local.port }));
  return [...new Map(found.map((listener) => [spellListener(listener), listener])).values()];
}

function isBeyondLoopback({ address }: Listener): boolean {
  return classifyHost(address) !== 'loopback';
}

/** Where to ask a listener: at its own address, or, where that is every address, at this one. */
function spellPlace({ address, port }: Listener, otherwise: string): string {
  const place = classifyHost(address) === 'everywhere' ? otherwise : address;
  return `${place.includes(':') ? `[${place}]` : place}:${port}`;
}

/** The addresses of an interface of the host; null where nobody could look. */
function readInterface({ namespace }: HostReading, name: string): string[] | null {
  if (!namespace.known) return null;
  const found = namespace.value.interfaces?.interfaces.find((one) => one.name === name);
  return [...(found?.ipv4 ?? []), ...(found?.ipv6 ?? [])].map(({ address, prefix }) => `${address}/${prefix}`);
}

/** @param listing a line `HOST:PORT WORDS…` an address */
function readAnswers(listing: string): Map<string, Answer> {
  const answers = new Map<string, Answer>();
  for (const [, place = '', said = ''] of listing.matchAll(/^(\S+:\d+) ?(.*)$/gm)) {
    // An engine with TLS tells who asks without that it is the wrong way: 400.
    const answer = said.trim() === 'OK' ? 'everybody' : / 400 /.test(said) ? 'with_tls' : 'nobody';
    answers.set(place, answer);
  }
  return answers;
}

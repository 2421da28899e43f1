// What becomes of a connection: the closed lists that the reachability matrix and the packet's path share.
import { Type } from 'typebox';

const oneOf = <const T extends string>(values: readonly T[], options = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });

export const reachabilityOutcomes = ['reaches', 'fails', 'unknown'] as const;
export const ReachabilityOutcome = oneOf(reachabilityOutcomes);
export type ReachabilityOutcome = (typeof reachabilityOutcomes)[number];

/** Each with what it means; docs/reachability.md lists them. */
export const reachabilityCodes = {
  reaches: 'A connection is accepted by the program that listens',
  // The source
  source_not_running: 'The source does not run',
  source_paused: 'The source is paused: nothing in it connects to anything',
  no_route: 'The source has no route to the address',
  // The wire
  link_down: 'A bridge or a cable on the way is down, or unplugged',
  nobody_has_address: 'Nobody on that network has the address',
  address_of_another: 'From there the address is that of another: it is one on its own engine only',
  // The host
  forwarding_off: 'The host does not forward packets',
  no_route_on_host: 'The host has no route to the address',
  icc_off: 'Containers on this network may not talk to each other (icc is off)',
  networks_isolated: 'Docker keeps the two networks apart',
  dropped_in_docker_user: 'A rule in DOCKER-USER stops it',
  dropped_by_rule: 'A rule drops it',
  rejected_by_rule: 'A rule rejects it',
  dropped_by_policy: 'No rule accepts it, and the policy of the chain drops it',
  martian: 'The kernel takes no packet with such an address from there',
  // The way back
  no_way_back: 'The target has no route back to the source',
  reply_dropped: 'What the target answers does not come back',
  reply_bypasses_nat: 'What the target answers comes back with an address that the source does not know',
  // The target
  target_not_running: 'The target does not run',
  not_published: 'The port is not published on the host',
  published_on_another_address: 'The port is published on another address of the host only: 127.0.0.1, for example',
  not_on_network: 'The container is on no network',
  nothing_carries: 'Neither a rule nor a docker-proxy takes the port of the host to the container',
  nothing_listens: 'Nothing listens on the port',
  listens_on_loopback_only: 'The program listens on the loopback address only',
  listens_on_another_address: 'The program listens on another address only',
  held_by_another: 'Another process of the host has the port',
  proxy_without_backend: 'docker-proxy accepts the connection, but cannot pass it on',
  // What cannot be told
  rules_not_known: 'The rules of the host were not read',
  rule_not_decidable: 'It hangs on a rule whose condition cannot be decided',
  settings_not_known: 'Settings of the kernel were not read',
  listeners_not_known: 'The sockets of the target were not read',
  proxies_not_known: 'The docker-proxy processes were not read',
  namespace_not_known: 'A namespace on the way could not be looked into',
  interface_not_known: 'The interface belongs to no network that is known',
  encryption_not_known: 'It is encrypted between the engines, and whether their kernels can nobody sees',
  nobody_known_has_address: 'Nobody who was looked at has the address on that overlay: somebody on another engine may',
  driver_not_modelled: "The network's driver is not modelled",
  leaves_the_host: 'It leaves this host',
  address_not_unique: 'Several have the address',
  container_as_router: 'It would pass through a container that forwards',
  queue_may_be_full: 'Connections wait to be accepted: there may be no room for another',
} as const;
export type ReachabilityCode = keyof typeof reachabilityCodes;
export const ReachabilityCode = oneOf(Object.keys(reachabilityCodes) as ReachabilityCode[], {
  description: Object.entries(reachabilityCodes)
    .map(([code, meaning]) => `${code}: ${meaning}`)
    .join('. '),
});

export const seenAs = ['refused', 'timeout', 'unreachable', 'closed', 'silent'] as const;
export type SeenAs = (typeof seenAs)[number] | null;
export const SeenAs = Type.Unsafe<SeenAs>({
  anyOf: [{ type: 'string', enum: [...seenAs] }, { type: 'null' }],
  description:
    'How a failure looks to the client. refused: connect() says so at once; unreachable: connect() says so, at once or after seconds; timeout: connect() hears nothing; closed: connect() succeeds, and the connection is closed without a byte; silent: connect() succeeds, and nothing follows',
});

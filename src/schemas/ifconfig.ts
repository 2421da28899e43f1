// What an `ifconfig` observation looks like in JSON: interfaces with rates, routes, neighbours and the resolver.
import { type Static, Type } from 'typebox';
import { ContainerRef } from './container.ts';
import { ObservedNamespace } from './netstat.ts';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Count = Type.Integer({ minimum: 0 });

const counters = {
  bytes: Count,
  packets: Count,
  errors: Count,
  dropped: Count,
  overruns: Count,
  bytesPerSecond: Type.Integer({ minimum: 0, description: 'Between the last two samples; 0 on the first' }),
  packetsPerSecond: Type.Integer({ minimum: 0, description: 'Between the last two samples; 0 on the first' }),
};

export const Interface = Type.Object(
  {
    name: Type.String(),
    mac: Nullable(Type.String({ description: 'Lower case; null where the link has none (lo)' })),
    mtu: Count,
    flags: Type.Array(Type.String(), {
      description: 'UP, BROADCAST, RUNNING, MULTICAST, …, as the program prints them',
    }),
    ipv4: Type.Array(
      Type.Object({
        address: Type.String(),
        prefix: Type.Integer({ minimum: 0, maximum: 32 }),
        broadcast: Nullable(Type.String()),
      }),
      { description: 'Every address, also those of aliases (eth0:1) and those that ifconfig does not show' },
    ),
    ipv6: Type.Array(
      Type.Object({
        address: Type.String(),
        prefix: Type.Integer({ minimum: 0, maximum: 128 }),
        scope: Type.String({ description: 'host, link, site, global, …' }),
      }),
    ),
    rx: Type.Object({ ...counters, frame: Count }),
    tx: Type.Object({ ...counters, carrier: Count, collisions: Count }),
    txQueueLength: Count,
  },
  { $id: 'Interface' },
);
export type Interface = Static<typeof Interface>;

export const Route = Type.Object({
  destination: Type.String({ description: '0.0.0.0 with prefix 0, or :: with prefix 0, is the default route' }),
  prefix: Type.Integer({ minimum: 0, maximum: 128 }),
  gateway: Nullable(Type.String({ description: 'null where the destination is on the link' })),
  interface: Type.String(),
  metric: Count,
  reject: Type.Boolean({ description: 'true for an unreachable route' }),
});
export type Route = Static<typeof Route>;

export const Neighbour = Type.Object({
  address: Type.String(),
  interface: Type.String(),
  mac: Nullable(Type.String()),
  state: Type.String({
    description:
      'COMPLETE: its hardware address is known; INCOMPLETE: it was asked for, and has not answered; PERMANENT',
  }),
});
export type Neighbour = Static<typeof Neighbour>;

export const Resolver = Type.Object(
  {
    nameservers: Type.Array(Type.String()),
    search: Type.Array(Type.String()),
    options: Type.Array(Type.String()),
  },
  { description: "The resolv.conf that the engine gave to the container's network" },
);
export type Resolver = Static<typeof Resolver>;

export const Ifconfig = Type.Object(
  {
    container: ContainerRef,
    namespace: ObservedNamespace,
    asOf: Type.String({ format: 'date-time', description: 'All of it was so at this time; it may have changed since' }),
    truncated: Type.Boolean({ description: 'true where a list held more than one sample carries' }),
    interfaces: Type.Array(Interface, { description: 'All of them, UP or not, in the order of the program' }),
    routes: Type.Array(Route),
    neighbours: Type.Array(Neighbour, { description: 'IPv4 neighbours: the ARP table' }),
    dns: Resolver,
  },
  { $id: 'Ifconfig', description: 'The interfaces of a network namespace and how they are connected' },
);
export type Ifconfig = Static<typeof Ifconfig>;

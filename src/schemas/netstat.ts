// What a `netstat` observation looks like in JSON: one schema for type, validation and OpenAPI.
import { type Static, Type } from 'typebox';
import { ContainerRef } from './container.ts';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const oneOf = <const T extends string>(values: readonly T[], options = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });

export const socketProtocols = ['tcp', 'tcp6', 'udp', 'udp6', 'raw', 'raw6'] as const;
export type SocketProtocol = (typeof socketProtocols)[number];

/** In the order of the kernel's numbers (include/net/tcp_states.h), which begin at 1. */
export const tcpStates = [
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
] as const;
export type TcpState = (typeof tcpStates)[number];

export const SocketEnd = Type.Object({
  address: Type.String({ description: '0.0.0.0 or :: for any' }),
  port: Type.Integer({
    minimum: 0,
    maximum: 65535,
    description: '0 where the program prints `*`; the IP protocol number on a raw socket',
  }),
});

export const Socket = Type.Object(
  {
    id: Type.String({
      description:
        'PROTOCOL/SOCKET_INODE, or PROTOCOL/LOCAL-REMOTE where the kernel names no inode (TIME_WAIT, SYN_RECV)',
      examples: ['tcp6/26360', 'tcp/127.0.0.1:35706-127.0.0.1:80'],
    }),
    protocol: oneOf(socketProtocols, {
      description: 'tcp6, udp6, raw6 for sockets of the IPv6 family; busybox prints all as tcp, udp, raw',
    }),
    recvQ: Type.Integer({ minimum: 0, description: 'Bytes not read yet; on a listener, connections not accepted yet' }),
    sendQ: Type.Integer({ minimum: 0, description: 'Bytes not acknowledged yet' }),
    local: SocketEnd,
    remote: SocketEnd,
    state: Nullable(
      oneOf(tcpStates, {
        description: 'null for what has no state: raw sockets, and UDP sockets that are not connected',
      }),
    ),
  },
  { $id: 'Socket' },
);
export type Socket = Static<typeof Socket>;

/** The namespace that was looked into. */
export const ObservedNamespace = Type.Object({
  id: Type.String({ description: 'ENGINE~OWNER_CONTAINER_ID~OWNER_STARTED_AT, or ENGINE~host' }),
  inode: Nullable(Type.Integer({ description: 'As in `readlink /proc/self/ns/net`; reused by the kernel' })),
});
export type ObservedNamespace = Static<typeof ObservedNamespace>;

export const Netstat = Type.Object(
  {
    container: ContainerRef,
    namespace: ObservedNamespace,
    asOf: Type.String({ format: 'date-time', description: 'All of it was so at this time; it may have changed since' }),
    truncated: Type.Boolean({ description: 'true where a table held more rows than one sample carries' }),
    sockets: Type.Array(Socket, { description: "In the kernel's order" }),
  },
  { $id: 'Netstat', description: 'The sockets of a network namespace, seen from inside' },
);
export type Netstat = Static<typeof Netstat>;

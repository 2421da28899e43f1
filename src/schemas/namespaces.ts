// The namespaces that containers are in: which are shared with whom and which are a container's own, by the numbers that the kernel gives them.
import { type Static, Type } from 'typebox';
import { ContainerRef, ContainerState } from './container.ts';

const Nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Inode = Type.Integer({ minimum: 1 });
const Pid = Type.Integer({ minimum: 1 });

export const namespaceKinds = ['net', 'mnt', 'pid', 'uts', 'ipc', 'user', 'cgroup'] as const;
export type NamespaceKind = (typeof namespaceKinds)[number];
const Kind = Type.Unsafe<NamespaceKind>({ type: 'string', enum: [...namespaceKinds] });

/** By kind; null where it cannot be seen. */
export const Inodes = Type.Object(
  Object.fromEntries(namespaceKinds.map((kind) => [kind, Nullable(Inode)])) as {
    [kind in NamespaceKind]: ReturnType<typeof Nullable<typeof Inode>>;
  },
  { $id: 'NamespaceInodes', description: "As `readlink /proc/PID/ns/*` shows them on the engine's host" },
);
export type Inodes = Static<typeof Inodes>;

const member = {
  ...ContainerRef.properties,
  managed: Type.Boolean(),
  state: ContainerState,
  pid: Type.Integer({ description: "Its first process, on the engine's host" }),
};

export const NamespaceMember = Type.Object(member);
export type NamespaceMember = Static<typeof NamespaceMember>;

export const NamespaceMemberInFull = Type.Object({
  ...member,
  pids: Nullable(
    Type.Array(Pid, {
      description: 'Its processes that are in this network namespace; null where the engine cannot list them',
    }),
  ),
  inodes: Type.Union([Inodes, Type.Null()], { description: 'Of its first process' }),
});
export type NamespaceMemberInFull = Static<typeof NamespaceMemberInFull>;

const namespace = {
  id: Type.String({ description: 'ENGINE~OWNER_CONTAINER_ID~OWNER_STARTED_AT, or ENGINE~host' }),
  engine: Type.String(),
  host: Type.Boolean({ description: "It is the host's own" }),
  owner: Type.Union([ContainerRef, Type.Null()], {
    description: "The container that it was made for; null for the host's, and where that one has left it",
  }),
  inode: Type.Union([Inode, Type.Null()], { description: 'Reused by the kernel, so it is no id; null where unknown' }),
  reason: Nullable(Type.String({ description: 'Why an inode is unknown' })),
  stale: Type.Boolean({ description: 'true while the engine does not answer: this is what was last known' }),
};

export const Namespace = Type.Object(
  { ...namespace, members: Type.Array(NamespaceMember) },
  { $id: 'Namespace', description: 'A network namespace and the containers in it' },
);
export type Namespace = Static<typeof Namespace>;

export const SharedKind = Type.Object({
  kind: Kind,
  shared: Type.Union([Type.Boolean(), Type.Null()], {
    description: 'All members have the same one; false for a single member; null where unknown',
  }),
});
export type SharedKind = Static<typeof SharedKind>;

export const NamespaceInFull = Type.Object(
  {
    ...namespace,
    members: Type.Array(NamespaceMemberInFull),
    visitors: Type.Array(Type.Object({ pid: Pid, container: ContainerRef }), {
      description:
        'Processes in it, of containers whose first process is not: of those that may enter others (privileged, SYS_ADMIN)',
    }),
    kinds: Type.Array(SharedKind),
  },
  { $id: 'NamespaceInFull', description: 'A network namespace, with every process in it and what its members share' },
);
export type NamespaceInFull = Static<typeof NamespaceInFull>;

const sharing = {
  kind: Kind,
  inode: Nullable(Inode),
  host: Type.Union([Type.Boolean(), Type.Null()], { description: "It is the host's own; null where unknown" }),
  sharedWith: Type.Array(ContainerRef, { description: 'The other containers whose first process is in it' }),
};

export const NamespaceSharing = Type.Object({
  ...sharing,
  isolated: Type.Union([Type.Boolean(), Type.Null()], {
    description: 'Neither the host nor another container has it; null where unknown',
  }),
  reason: Nullable(Type.String({ description: 'Why something is unknown' })),
});
export type NamespaceSharing = Static<typeof NamespaceSharing>;

export const ContainerNamespaces = Type.Object(
  {
    container: ContainerRef,
    engine: Type.String(),
    namespace: Type.String({ description: 'Id of its network namespace: GET /namespaces/{id}' }),
    pid: Type.Integer({ description: "Its first process, on the engine's host" }),
    pids: Nullable(Type.Array(Pid, { description: 'All its processes; null where the engine cannot list them' })),
    kinds: Type.Array(NamespaceSharing, { description: 'Of its first process, one for each kind' }),
    elsewhere: Type.Array(
      Type.Object({ pid: Pid, kinds: Type.Array(Type.Object(sharing), { description: 'Only those that differ' }) }),
      { description: 'Its processes that are in other namespaces than its first: unshare, nsenter, a sandbox' },
    ),
    stale: Type.Boolean({ description: 'true while the engine does not answer: this is what was last known' }),
  },
  { $id: 'ContainerNamespaces' },
);
export type ContainerNamespaces = Static<typeof ContainerNamespaces>;

export const NamespacesQuery = {
  pid: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 4_194_304,
      description: "Only the one that this process is in; a PID of the engine's host, of a container or not",
    }),
  ),
  scope: Type.Optional(
    Type.Unsafe<'managed' | 'all'>({
      type: 'string',
      enum: ['managed', 'all'],
      description:
        "managed (default): those with a container that Terrarium made; all: every container's, and the host's",
    }),
  ),
};

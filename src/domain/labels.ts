// The labels by which Docker is our database. They cannot be changed after creation.

export const label = {
  managed: 'io.terrarium.managed',
  mode: 'io.terrarium.mode',
  lab: 'io.terrarium.lab',
  owner: 'io.terrarium.owner',
  expiresAt: 'io.terrarium.expires-at',
  specHash: 'io.terrarium.spec-hash',
  role: 'io.terrarium.role',
  server: 'io.terrarium.server',
  /** Of a joined container: the target's name when it was made; its NetworkMode holds the id only. */
  target: 'io.terrarium.target',
  /** Of a joined container: where its chain ends, an id or `host`. Join modes never change, so this stays true when a link is gone. */
  namespaceOwner: 'io.terrarium.namespace-owner',
  /** Hash of (principal, Idempotency-Key): by it a retry knows its own container. */
  request: 'io.terrarium.request',
} as const;

/** Values of the role label: what a container (or network) of ours is for when it is not a user's. */
export const roles = { helper: 'helper', probe: 'probe', labNetwork: 'lab-network' } as const;

// The labels by which Docker is our database. They cannot be changed after creation.

/** What begins so is ours to set: no caller's labels and no image's. */
export const reservedPrefix = 'io.terrarium.';

export const label = {
  managed: 'io.terrarium.managed',
  mode: 'io.terrarium.mode',
  lab: 'io.terrarium.lab',
  /** Of what a lab's file describes: its key within the lab, `web`, or `3/web` in the third instance. */
  item: 'io.terrarium.item',
  /** Of a lab's member on another engine than the lab's own, and of its overlay networks: the id of the engine that has the lab's document. */
  home: 'io.terrarium.home',
  owner: 'io.terrarium.owner',
  expiresAt: 'io.terrarium.expires-at',
  specHash: 'io.terrarium.spec-hash',
  role: 'io.terrarium.role',
  server: 'io.terrarium.server',
  /** Of a joined container: the target's name when it was made; its NetworkMode holds the id only. */
  target: 'io.terrarium.target',
  /** Of a joined container: where its chain ends, an id or `host`. Join modes never change, so this stays true when a link is gone. */
  namespaceOwner: 'io.terrarium.namespace-owner',
  /** Of a joined container: `auto` where it is to be rejoined by itself; without it, by whoever asks. */
  rejoin: 'io.terrarium.rejoin',
  /** Of a container that was made in the place of another: that one's id. */
  replaces: 'io.terrarium.replaces',
  /** Hash of (principal, Idempotency-Key): by it a retry knows its own container. */
  request: 'io.terrarium.request',
  /** Of a network: its name servers, which Docker keeps of containers only; addresses with commas between. */
  dns: 'io.terrarium.dns',
  /** Of a network: random. By it a server knows its own when the engine's answer to the creation was lost. */
  creation: 'io.terrarium.creation',
  /** Of a lab's document: which of several is the newest, and what it says. */
  generation: 'io.terrarium.generation',
  document: 'io.terrarium.document',
  /** The image's id, where the image has labels of these names: by it what we set is told from what the image did. */
  image: 'io.terrarium.image',
} as const;

/** Values of the role label: what a container (or network) of ours is for when it is not a user's. */
export const roles = {
  helper: 'helper',
  probe: 'probe',
  rules: 'rules',
  proxies: 'proxies',
  verifier: 'verifier',
  labNetwork: 'lab-network',
  labDocument: 'lab-document',
} as const;

/** The roles of containers: what looks into others. */
export type ServantRole = Exclude<(typeof roles)[keyof typeof roles], 'lab-network' | 'lab-document'>;

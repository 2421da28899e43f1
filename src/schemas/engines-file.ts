// The file of engines (TERRARIUM_ENGINES_FILE): where each is, how it is reached, and what it is called.
import { type Static, Type } from 'typebox';
import { EngineName } from './create.ts';

const closedObject = { additionalProperties: false } as const;

const filePath = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 4_096, description }));

/** What a label is called, and what it holds: as Kubernetes and Docker have it, in one line. */
export const EngineLabels = Type.Unsafe<Record<string, string>>({
  type: 'object',
  propertyNames: { type: 'string', pattern: '^[a-zA-Z0-9]([a-zA-Z0-9_./-]*[a-zA-Z0-9])?$', maxLength: 63 },
  additionalProperties: { type: 'string', pattern: '^[^\\u0000-\\u001f\\u007f]*$', maxLength: 128 },
  maxProperties: 32,
});

export const EngineTlsFiles = Type.Object(
  {
    ca: filePath('The certificates that the one of the engine has to be signed by (PEM). Default: those of the system'),
    cert: filePath('The certificate that we show, as `docker --tlscert` (PEM)'),
    key: filePath('Its private key, as `docker --tlskey` (PEM, without a passphrase)'),
  },
  { ...closedObject, description: 'Speak TLS. Paths are relative to the folder of this file' },
);

export const EngineSshFiles = Type.Object(
  {
    identity: filePath("The private key to log in with, as `ssh -i`. Default: ssh's own, and the agent's"),
    knownHosts: filePath('The host keys that are trusted. Default: ~/.ssh/known_hosts and the list of the system'),
  },
  { ...closedObject, description: 'For ssh:// only. Paths are relative to the folder of this file' },
);

export const EngineEntry = Type.Object(
  {
    name: EngineName,
    endpoint: Type.String({
      minLength: 1,
      maxLength: 512,
      description: 'unix:///path, tcp://host[:port] or ssh://[user@]host[:port][/path]',
    }),
    labels: Type.Optional(EngineLabels),
    insecure: Type.Optional(
      Type.Boolean({ description: 'Allows plain tcp:// beyond loopback, and host mode over it. Default false' }),
    ),
    tls: Type.Optional(EngineTlsFiles),
    ssh: Type.Optional(EngineSshFiles),
  },
  closedObject,
);
export type EngineEntry = Static<typeof EngineEntry>;

export const EnginesFile = Type.Object(
  {
    engines: Type.Array(EngineEntry, {
      minItems: 1,
      maxItems: 256,
      description: 'The first is the one that is used where none is named',
    }),
  },
  closedObject,
);
export type EnginesFile = Static<typeof EnginesFile>;

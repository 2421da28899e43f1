// What is exchanged to log in: codes for the page, tickets for sockets.
import { type Static, Type } from 'typebox';
import { type Right, type Role, rightNames, roles } from './roles.ts';

const expiresAt = Type.String({ format: 'date-time' });

const RoleName = (description: string) => Type.Unsafe<Role>({ type: 'string', enum: [...roles], description });

export const LoginRequest = Type.Object(
  {
    code: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: 'The single-use code of the login URL' }),
    ),
    token: Type.Optional(
      Type.String({ minLength: 1, maxLength: 512, description: 'Or a token: what somebody pastes into the page' }),
    ),
  },
  {
    $id: 'LoginRequest',
    additionalProperties: false,
    description: 'One of the two',
    examples: [{ code: 'kq2xR1vJ0m8dYw3ZtH6aSbN5cLfPgEiU' }],
  },
);
export type LoginRequest = Static<typeof LoginRequest>;

export const Login = Type.Object(
  {
    token: Type.String({
      description: 'Of this session alone: send it as "Authorization: Bearer TOKEN", and end it with POST /logout',
    }),
    expiresAt,
  },
  { $id: 'Login' },
);
export type Login = Static<typeof Login>;

export const LoginCode = Type.Object(
  {
    code: Type.String({ description: 'Works once' }),
    url: Type.String({ description: 'Opens the page and logs in; the code is in the fragment, which no server sees' }),
    expiresAt,
  },
  { $id: 'LoginCode' },
);
export type LoginCode = Static<typeof LoginCode>;

export const LoginCodeQuery = Type.Object(
  {
    role: Type.Optional(
      RoleName(
        'Default: what the caller may. viewer: may look at what the caller sees, and change nothing. Nobody gives more than they have.',
      ),
    ),
  },
  { additionalProperties: false },
);

const limit = (description: string) => Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], { description });

/** null: no limit. */
export const Quotas = Type.Object(
  {
    containers: limit('Containers, those of labs included'),
    labs: limit('Labs'),
    labContainers: limit('Containers that the labs come to'),
    streams: limit('WebSockets, followed answers, and subscriptions on a WebSocket, at a time'),
    memory: limit('Bytes: the sum of the memory limits of the containers'),
  },
  { $id: 'Quotas', description: 'How much one principal may have, on all engines together; null: no limit' },
);
export type Quotas = Static<typeof Quotas>;
export const quotaNames = [
  'containers',
  'labs',
  'labContainers',
  'streams',
  'memory',
] as const satisfies readonly (keyof Quotas)[];

/** Who the token of a request stands for. */
export const Session = Type.Object(
  {
    name: Type.String({ description: 'The owner of what they make' }),
    role: RoleName('admin: all; operator: makes, uses and removes what is its own; viewer: looks'),
    kind: Type.Unsafe<'token' | 'session'>({
      type: 'string',
      enum: ['token', 'session'],
      description: 'session: of a page that logged in; POST /logout ends it',
    }),
    sees: Type.Unsafe<'all' | 'own'>({
      type: 'string',
      enum: ['all', 'own'],
      description: 'own: what others own does not exist for them',
    }),
    rights: Type.Array(Type.Unsafe<Right>({ type: 'string', enum: [...rightNames] }), {
      description: 'Beyond the role: see the documentation of access',
    }),
    quotas: Quotas,
    expiresAt: Type.Union([expiresAt, Type.Null()], { description: 'null: as long as the token is valid' }),
  },
  { $id: 'Session' },
);
export type Session = Static<typeof Session>;

export const Ticket = Type.Object(
  { ticket: Type.String({ description: 'Append it to a WebSocket URL as ?ticket=; works once' }), expiresAt },
  { $id: 'Ticket' },
);
export type Ticket = Static<typeof Ticket>;

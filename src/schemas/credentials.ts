// What is exchanged to log in: codes for the page, tickets for sockets.
import { type Static, Type } from 'typebox';

const expiresAt = Type.String({ format: 'date-time' });

export const LoginRequest = Type.Object(
  {
    code: Type.String({
      minLength: 1,
      maxLength: 128,
      description: 'The single-use code of the login URL',
    }),
  },
  { $id: 'LoginRequest', additionalProperties: false, examples: [{ code: 'kq2xR1vJ0m8dYw3ZtH6aSbN5cLfPgEiU' }] },
);
export type LoginRequest = Static<typeof LoginRequest>;

export const Login = Type.Object(
  { token: Type.String({ description: 'Send it as "Authorization: Bearer TOKEN"' }) },
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

export const Ticket = Type.Object(
  { ticket: Type.String({ description: 'Append it to a WebSocket URL as ?ticket=; works once' }), expiresAt },
  { $id: 'Ticket' },
);
export type Ticket = Static<typeof Ticket>;

// How the page gets a session, and ends it: it changes a single-use code, or a token that somebody typed, for a token of its own. Codes are made at the
// start of the server, or here by who has a token.
import { Type } from 'typebox';
import { Login, LoginCode, LoginCodeQuery, LoginRequest, Session } from '../src/schemas/credentials.ts';
import { Failure } from '../src/schemas/failure.ts';
import { Problem } from '../src/schemas/problem.ts';
import type { Routes } from './route.ts';

const tags = ['access'];

export const loginRoutes: Routes = async (app) => {
  const { accounts, credentials } = app;

  app.post(
    '/login',
    {
      config: { access: 'open' },
      schema: {
        tags,
        summary: 'Begin a session: with a single-use login code, or with a token',
        description:
          'What a page keeps is the token of its session, so a log-out ends that and nothing else. A session ends with the login that it was made from, after 12 hours, and with the server.',
        body: LoginRequest,
        response: { 200: Login },
      },
    },
    async ({ body: { code, token }, ip }, reply) => {
      reply.header('cache-control', 'no-store');
      if ((code === undefined) === (token === undefined))
        throw new Failure('invalid_request', 'A login needs a code, or a token: one of the two', {
          field: 'code',
          hint: 'Send { "code": "…" } of a login URL, or { "token": "…" }',
        });
      const session =
        code === undefined ? credentials.openSession(token ?? '', ip) : credentials.redeemLoginCode(code, ip);
      return { token: session.token, expiresAt: new Date(session.expiresAt).toISOString() };
    },
  );

  app.post(
    '/logout',
    {
      schema: {
        tags,
        summary: 'End this session, and everything that it has open',
        description: "A token that is no session's is ended where it is kept: the tokens file, or the configuration.",
        response: {
          204: Type.Null({ description: 'It is over' }),
          409: {
            description: "The token is no session's",
            content: { 'application/problem+json': { schema: Problem } },
          },
        },
      },
    },
    async ({ login }, reply) => {
      if (login.kind !== 'session')
        throw new Failure('state_conflict', "This token is no session's: a log-out would not end it", {
          hint: 'Take it out of the tokens file: terrarium token revoke NAME',
        });
      // The answer goes first: with the session ends its connection.
      reply.raw.once('finish', () => credentials.logOut(login));
      return reply.status(204).header('connection', 'close').send(null);
    },
  );

  app.post(
    '/login-codes',
    {
      schema: {
        tags,
        summary: 'A new single-use login code, good for 10 minutes',
        description:
          'For a session of your own, or with `role=viewer` for one that looks at what you see and changes nothing: for a projector. No exec, terminal, logs or environment either. Nobody gives more than they have.',
        querystring: LoginCodeQuery,
        response: { 201: LoginCode },
      },
    },
    async (request, reply) => {
      const { secret, expiresAt } = credentials.invite(request.login, request.query.role);
      return reply
        .status(201)
        .header('cache-control', 'no-store')
        .send({
          code: secret,
          url: `${request.protocol}://${request.host}/login#code=${secret}`,
          expiresAt: new Date(expiresAt).toISOString(),
        });
    },
  );

  app.get(
    '/session',
    { schema: { tags, summary: 'Who this token stands for, and what they may do', response: { 200: Session } } },
    async ({ login: { principal, kind, expiresAt } }, reply) => {
      reply.header('cache-control', 'no-store');
      const { name, role, sees, rights } = principal;
      return {
        name,
        role,
        kind,
        sees,
        rights: [...rights],
        quotas: accounts.quotasOf(name),
        expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
      };
    },
  );
};

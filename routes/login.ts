// How the page gets the token: it changes a single-use code for it. The code is made at the start of the server, or here by who has the token.
import { Login, LoginCode, LoginRequest } from '../src/schemas/credentials.ts';
import type { Routes } from './route.ts';

const tags = ['access'];

export const loginRoutes: Routes = async (app) => {
  app.post(
    '/login',
    {
      config: { access: 'open' },
      schema: {
        tags,
        summary: 'Change a single-use login code for the token',
        body: LoginRequest,
        response: { 200: Login },
      },
    },
    async (request, reply) => {
      reply.header('cache-control', 'no-store');
      return { token: app.credentials.redeemLoginCode(request.body.code, request.ip) };
    },
  );

  app.post(
    '/login-codes',
    { schema: { tags, summary: 'A new single-use login code, good for 10 minutes', response: { 201: LoginCode } } },
    async (request, reply) => {
      const { secret, expiresAt } = app.credentials.issueLoginCode();
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
};

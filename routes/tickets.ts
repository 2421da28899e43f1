// Tickets for the WebSockets of pages, which cannot send an Authorization header.
import { Ticket } from '../src/schemas/credentials.ts';
import type { Routes } from './route.ts';

export const ticketRoutes: Routes = async (app) => {
  app.post(
    '/tickets',
    {
      schema: {
        tags: ['access'],
        summary: 'A ticket for one WebSocket, good for 30 seconds',
        response: { 201: Ticket },
      },
    },
    async (request, reply) => {
      const { secret, expiresAt } = app.credentials.issueTicket(request.login);
      return reply
        .status(201)
        .header('cache-control', 'no-store')
        .send({ ticket: secret, expiresAt: new Date(expiresAt).toISOString() });
    },
  );
};

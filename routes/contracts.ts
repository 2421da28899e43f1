// The OpenAPI document of this very server, generated from the routes and their schemas.
import type { Routes } from './route.ts';

const schema = {
  tags: ['operations'],
  summary: 'This document: OpenAPI 3.1',
  response: { 200: { type: 'object', additionalProperties: true } },
} as const;

export const contractRoutes: Routes = async (app) => {
  app.get('/openapi.json', { schema }, async () => ({ ...app.swagger() }));
};

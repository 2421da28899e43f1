// The contracts of this very server, generated from its schemas: OpenAPI of the routes, AsyncAPI of the streams.
import { describeStreams } from '../src/domain/contracts/asyncapi.ts';
import type { Routes } from './route.ts';

const schema = {
  tags: ['operations'],
  summary: 'This document: OpenAPI 3.1',
  response: { 200: { type: 'object', additionalProperties: true } },
} as const;

const streamSchema = {
  ...schema,
  summary: 'The streams: AsyncAPI 3.0',
} as const;

export const contractRoutes: Routes = async (app) => {
  app.get('/openapi.json', { schema }, async () => ({ ...app.swagger() }));
  app.get('/asyncapi.json', { schema: streamSchema }, async () => describeStreams());
};

// The engines and what they can do.
import { Type } from 'typebox';
import { EngineName } from '../src/schemas/create.ts';
import { EngineView } from '../src/schemas/engine.ts';
import type { Routes } from './route.ts';

const tags = ['engines'];

export const engineRoutes: Routes = async (app) => {
  app.get(
    '/engines',
    {
      schema: {
        tags,
        summary: 'Every engine, its state and what it can do',
        response: { 200: Type.Array(EngineView) },
      },
    },
    async (request) => app.services.engines.list(request.principal),
  );

  app.get(
    '/engines/:name',
    {
      schema: {
        tags,
        summary: 'One engine',
        params: Type.Object({ name: EngineName }),
        response: { 200: EngineView },
      },
    },
    async (request) => app.services.engines.get(request.principal, request.params.name),
  );
};

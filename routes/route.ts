// What a file of this folder exports: one plugin that registers the routes of one resource. Types only.
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyPluginAsync, FastifyPluginOptions, RawServerDefault } from 'fastify';

/** Registers the routes of one resource, with URLs relative to the prefix of its list in index.ts. Schemas give the handlers their types. */
export type Routes = FastifyPluginAsync<FastifyPluginOptions, RawServerDefault, TypeBoxTypeProvider>;

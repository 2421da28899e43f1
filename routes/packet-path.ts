// The way of a packet to a port of a container, hop by hop.
import { Type } from 'typebox';
import { EngineName } from '../src/schemas/create.ts';
import { PacketPath } from '../src/schemas/packet-path.ts';
import type { Routes } from './route.ts';

const container = Type.String({ description: 'Full id, exact name, or unique prefix of the id' });
const port = Type.Integer({ minimum: 1, maximum: 65535, description: "The container's own port" });
const protocol = Type.Unsafe<'tcp' | 'udp'>({ type: 'string', enum: ['tcp', 'udp'] });

const querystring = Type.Object({
  engine: Type.Optional(EngineName),
  from: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 256,
      default: 'outside',
      description:
        '`outside` (the default), `host`, an address beyond the host, or a container, of the same engine or of another',
    }),
  ),
});

const described = {
  tags: ['reachability'],
  summary: 'The path of a packet to a port of a container, with the real rules and counters, and a verdict',
  description:
    'A path for each address at which the port could be tried. A container that does not run, or a port that nobody listens on, is an answer and no error.',
  querystring,
  response: { 200: PacketPath },
};

export const packetPathRoutes: Routes = async (app) => {
  const { packetPaths } = app.services;

  app.get(
    '/containers/:id/ports/:port/path',
    { schema: { ...described, params: Type.Object({ id: container, port }) } },
    async ({ principal, params, query }, reply) => {
      reply.header('cache-control', 'no-store');
      const { id, port } = params;
      const { engine, from = 'outside' } = query;
      return packetPaths.trace({ principal, container: id, port, protocol: 'tcp', engine, from });
    },
  );

  app.get(
    '/containers/:id/ports/:port/:protocol/path',
    { schema: { ...described, params: Type.Object({ id: container, port, protocol }) } },
    async ({ principal, params, query }, reply) => {
      reply.header('cache-control', 'no-store');
      const { id, port, protocol } = params;
      const { engine, from = 'outside' } = query;
      return packetPaths.trace({ principal, container: id, port, protocol, engine, from });
    },
  );
};

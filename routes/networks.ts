// Networks: listed and shown from the mirrors, made in daemon.json's names, and containers connected to them.
import { Type } from 'typebox';
import { EngineName, LabName } from '../src/schemas/create.ts';
import { Connect, CreatedNetwork, CreateNetwork, Disconnect, Network, NetworkDryRun } from '../src/schemas/network.ts';
import { signalDeparture } from './departure.ts';
import { sendMirrored } from './mirrored.ts';
import type { Routes } from './route.ts';

const tags = ['networks'];
const params = Type.Object({ name: Type.String({ description: 'Exact name, full id, or unique prefix of the id' }) });
const onEngine = { engine: Type.Optional(EngineName) };

export const networkRoutes: Routes = async (app) => {
  const { networks } = app.services;

  app.get(
    '/networks',
    {
      schema: {
        tags,
        summary: 'List networks, and the containers on each',
        description:
          'From the mirror of each engine, by name. `ETag` and `If-None-Match` are honoured; while an engine is away the answer has `x-terrarium-stale: true` and an `age` in seconds.',
        querystring: Type.Object({
          driver: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
          lab: Type.Optional(LabName),
          scope: Type.Optional(
            Type.Unsafe<'managed' | 'all'>({
              type: 'string',
              enum: ['managed', 'all'],
              description: 'all (default): every one of the engine; managed: those that Terrarium made',
            }),
          ),
          ...onEngine,
        }),
        response: { 200: Type.Array(Network) },
      },
    },
    async (request, reply) => sendMirrored(request, reply, networks.list(request.principal, request.query)),
  );

  app.post(
    '/networks',
    {
      schema: {
        tags,
        summary: "Make a network, in daemon.json's own names",
        description:
          'Refuses a subnet that overlaps with another network or with a route of the host (409 `address_in_use`), names what is in the way, and offers a free one (`free`: fields to put into the body).',
        querystring: Type.Object({
          dryRun: Type.Optional(
            Type.Boolean({ description: 'Answer what would be sent to the engine, and make nothing' }),
          ),
          ...onEngine,
        }),
        body: CreateNetwork,
        response: { 201: CreatedNetwork, 200: NetworkDryRun },
      },
    },
    async (request, reply) => {
      const order = { principal: request.principal, request: request.body, engine: request.query.engine };
      if (request.query.dryRun === true) return reply.status(200).send(await networks.dryRun(order));
      const network = await networks.create(order, signalDeparture(reply));
      return reply.status(201).header('location', `/api/v1/networks/${network.id}`).send(network);
    },
  );

  app.get(
    '/networks/:name',
    {
      schema: {
        tags,
        summary: 'Show one network',
        params,
        querystring: Type.Object(onEngine),
        response: { 200: Network },
      },
    },
    async (request, reply) =>
      sendMirrored(request, reply, networks.get(request.principal, request.params.name, request.query.engine)),
  );

  app.delete(
    '/networks/:name',
    {
      schema: {
        tags,
        summary: 'Remove a network that no container uses',
        description: '409 `network_in_use` names the `users`, also those that do not run and are set to be on it.',
        params,
        querystring: Type.Object(onEngine),
        response: { 204: Type.Null({ description: 'It is gone' }) },
      },
    },
    async ({ principal, params: { name }, query: { engine } }, reply) => {
      await networks.remove({ principal, ref: name, engine });
      return reply.status(204).send(null);
    },
  );

  app.post(
    '/networks/:name/connect',
    {
      schema: {
        tags,
        summary: 'Put a container on it, running or not',
        params,
        querystring: Type.Object(onEngine),
        body: Connect,
        response: { 200: Network },
      },
    },
    async ({ principal, params: { name }, query: { engine }, body }) =>
      networks.connect({ principal, ref: name, engine, request: body }),
  );

  app.post(
    '/networks/:name/disconnect',
    {
      schema: {
        tags,
        summary: 'Take a container off it, running or not',
        params,
        querystring: Type.Object(onEngine),
        body: Disconnect,
        response: { 200: Network },
      },
    },
    async ({ principal, params: { name }, query: { engine }, body }) =>
      networks.disconnect({ principal, ref: name, engine, request: body }),
  );
};

// Namespaces: which there are, who is in them, and what a container shares with whom.
import { Type } from 'typebox';
import { EngineName } from '../src/schemas/create.ts';
import { ContainerNamespaces, Namespace, NamespaceInFull, NamespacesQuery } from '../src/schemas/namespaces.ts';
import type { Routes } from './route.ts';

const tags = ['namespaces'];
const onEngine = { engine: Type.Optional(EngineName) };

export const namespaceRoutes: Routes = async (app) => {
  const { namespaces } = app.services;

  app.get(
    '/namespaces',
    {
      schema: {
        tags,
        summary: 'List network namespaces and the containers in them',
        description:
          'With `pid` the one that this process is in, as `ip netns identify` tells it: 404 for a process that there is not, and for one whose namespace is neither a container’s nor the host’s.',
        querystring: Type.Object({ ...NamespacesQuery, ...onEngine }),
        response: { 200: Type.Array(Namespace) },
      },
    },
    async (request) => namespaces.list(request.principal, request.query),
  );

  app.get(
    '/namespaces/:id',
    {
      schema: {
        tags,
        summary: 'Show one network namespace, with every process in it',
        params: Type.Object({ id: Type.String({ description: 'As the list and each container show it' }) }),
        response: { 200: NamespaceInFull },
      },
    },
    async (request) => namespaces.get(request.principal, request.params.id),
  );

  app.get(
    '/containers/:id/namespaces',
    {
      schema: {
        tags,
        summary: 'What a container shares with whom, and what is its own: of each kind of namespace',
        description:
          'Decided by the inodes of namespaces as the host’s kernel shows them, not by how it was configured.',
        params: Type.Object({ id: Type.String({ description: 'Full id, exact name, or unique prefix of the id' }) }),
        querystring: Type.Object(onEngine),
        response: { 200: ContainerNamespaces },
      },
    },
    async ({ principal, params, query }) => namespaces.ofContainer(principal, params.id, query.engine),
  );
};

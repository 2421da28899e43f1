// Labs as code: listed, shown, proved, put off and removed as a whole. What takes a file is in lab-files.ts.
import { Type } from 'typebox';
import { renderJunit } from '../src/domain/check-report/junit.ts';
import { chooseMediaType } from '../src/domain/http/accept.ts';
import { EngineName, LabName } from '../src/schemas/create.ts';
import { Failure } from '../src/schemas/failure.ts';
import { LabFile } from '../src/schemas/lab.ts';
import { CheckReport, CheckResult } from '../src/schemas/lab-check.ts';
import {
  LabAudit,
  LabExtension,
  LabHeartbeat,
  LabInFull,
  LabProgress,
  LabRemoved,
  LabView,
} from '../src/schemas/lab-view.ts';
import { signalDeparture } from './departure.ts';
import { notAcceptable } from './lab-files.ts';
import { sendLines } from './line-stream.ts';
import { openProgress } from './progress-lines.ts';
import type { Routes } from './route.ts';

const tags = ['labs'];
const params = Type.Object({ name: LabName });
const onLab = {
  engine: Type.Optional(EngineName),
  as: Type.Optional(Type.String({ pattern: '^[a-z0-9][a-z0-9_-]*$', maxLength: 32, description: 'The lab NAME.WHO' })),
};
const reportTypes = ['application/json', 'application/xml', 'application/x-ndjson'] as const;

export const labRoutes: Routes = async (app) => {
  const { labs } = app.services;

  app.get(
    '/labs/schema.json',
    {
      config: { access: 'open' },
      schema: {
        tags,
        summary: 'JSON Schema of a lab file, by which editors complete it',
        response: { 200: { type: 'object', additionalProperties: true } },
      },
    },
    async () => ({ $schema: 'https://json-schema.org/draft/2020-12/schema', ...LabFile }),
  );

  app.get(
    '/labs',
    {
      schema: {
        tags,
        summary: 'List labs',
        querystring: Type.Object({ engine: Type.Optional(EngineName) }),
        response: { 200: Type.Array(LabView) },
      },
    },
    async ({ principal, query }) => labs.list(principal, query.engine),
  );

  app.get(
    '/audit',
    {
      schema: {
        tags,
        summary: 'What is left over: of no lab, beyond its time, or in no file',
        description: 'Shows what Terrarium made, and removes nothing.',
        querystring: Type.Object({ engine: Type.Optional(EngineName) }),
        response: { 200: LabAudit },
      },
    },
    async ({ principal, query }) => labs.audit(principal, query.engine),
  );

  app.get(
    '/labs/:name',
    {
      schema: {
        tags,
        summary: 'Show one lab, with its file',
        params,
        querystring: Type.Object(onLab),
        response: { 200: LabInFull },
      },
    },
    async ({ principal, params: { name }, query }) => labs.get({ principal, name, ...query }),
  );

  app.delete(
    '/labs/:name',
    {
      schema: {
        tags,
        summary: 'Remove a lab with everything that belongs to it',
        description:
          'It answers when nothing is left, which it looks for. `Accept: application/x-ndjson` tells the progress.',
        params,
        querystring: Type.Object(onLab),
        response: {
          200: {
            description: 'It is gone, or the progress as it comes',
            content: {
              'application/json': { schema: LabRemoved },
              'application/x-ndjson': { schema: Type.Union([LabProgress, LabHeartbeat, LabRemoved]) },
            },
          },
        },
      },
    },
    async ({ principal, params: { name }, query, headers }, reply) => {
      const call = { principal, name, ...query };
      // Who has asked for it need not wait for it.
      const signal = new AbortController().signal;
      reply.header('cache-control', 'no-store').header('vary', 'Accept');
      switch (chooseMediaType(headers.accept, ['application/json', 'application/x-ndjson'])) {
        case 'application/json':
          return reply.send(await labs.remove(call, { signal, tell: () => {} }));
        case 'application/x-ndjson':
          return sendLines(reply, await openProgress((tell) => labs.remove(call, { signal, tell }), labs.heartbeatMs));
        case null:
          throw notAcceptable();
      }
    },
  );

  app.post(
    '/labs/:name/check',
    {
      config: { changes: false },
      schema: {
        tags,
        summary: 'Prove the checks of a lab on the live system',
        description:
          'Each with its evidence, and a hint where it does not hold. With `wait` it answers when all hold, or when the time is over. `Accept: application/xml` gives JUnit XML; `application/x-ndjson` goes on: a line for each result, and for each that changes.',
        params,
        querystring: Type.Object({
          ...onLab,
          check: Type.Optional(
            Type.String({ maxLength: 4_096, description: 'Names with commas between; all where not said' }),
          ),
          instance: Type.Optional(Type.Integer({ minimum: 1, description: 'Of this instance only' })),
          wait: Type.Optional(Type.String({ maxLength: 32, description: 'At most so long, such as 30s' })),
        }),
        response: {
          200: {
            description: 'The report',
            content: {
              'application/json': { schema: CheckReport },
              'application/xml': { schema: Type.String() },
              'application/x-ndjson': { schema: CheckResult },
            },
          },
        },
      },
    },
    async ({ principal, params: { name }, query: { check, instance, wait, ...query }, headers }, reply) => {
      const call = { principal, name, ...query };
      const wishes = { names: check?.split(','), instance, wait };
      const signal = signalDeparture(reply);
      reply.header('cache-control', 'no-store').header('vary', 'Accept');
      switch (chooseMediaType(headers.accept, reportTypes)) {
        case 'application/json':
          return reply.send(await labs.check(call, wishes, signal));
        case 'application/xml':
          return reply.type('application/xml; charset=utf-8').send(renderJunit(await labs.check(call, wishes, signal)));
        case 'application/x-ndjson':
          reply.countStream();
          return sendLines(reply, await labs.watch(call, wishes, signal));
        case null:
          throw new Failure('not_acceptable', 'A report is JSON, JUnit XML, or lines of JSON', {
            hint: `Accept one of ${reportTypes.join(', ')}`,
          });
      }
    },
  );

  app.post(
    '/labs/:name/extend',
    {
      schema: {
        tags,
        summary: 'Let a lab live longer than its ttl says',
        params,
        querystring: Type.Object(onLab),
        body: LabExtension,
        response: { 200: LabView },
      },
    },
    async ({ principal, params: { name }, query, body }) => labs.extend({ principal, name, ...query }, body.ttl),
  );

  app.post(
    '/labs/:name/cancel',
    {
      schema: {
        tags,
        summary: 'End a change of a lab that is under way, whichever server makes it',
        description: 'What an apply has made so far is removed again; a removal stops where it is.',
        params,
        querystring: Type.Object(onLab),
        response: { 202: Type.Null({ description: 'It was told to' }) },
      },
    },
    async ({ principal, params: { name }, query }, reply) => {
      await labs.cancel({ principal, name, ...query });
      return reply.status(202).send(null);
    },
  );
};

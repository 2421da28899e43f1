// What the server itself does, in numbers: its version, what it refuses, what it makes and removes, and whom it serves.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import type { FastifyInstance } from 'fastify';
import { projectRoot } from '../../project-root.ts';
import { errorKinds } from '../../schemas/error-codes.ts';
import type { Reading, Source } from './source.ts';

/** @param failures answers that told a failure, by its code */
export function serverSources(
  { streams, terminals, containers }: FastifyInstance['services'],
  failures: ReadonlyMap<string, number>,
): Source[] {
  const one = (value: number): Reading[] => [{ labels: {}, value }];
  const gauge = (name: string, help: string, read: () => number): Source => ({
    name: `terrarium_${name}`,
    type: 'gauge',
    help,
    read: () => one(read()),
  });
  const counter = (name: string, help: string, read: () => number): Source => ({
    ...gauge(name, help, read),
    type: 'counter',
  });
  const { version } = JSON.parse(readFileSync(path.join(projectRoot, 'package.json'), 'utf8')) as { version: string };

  return [
    {
      name: 'terrarium_build_info',
      type: 'gauge',
      help: 'Always 1; which version of Terrarium and of Node this is',
      read: () => [{ labels: { version, node: process.versions.node }, value: 1 }],
    },
    {
      name: 'terrarium_failures_total',
      type: 'counter',
      help: 'Answers that told a failure, by its code; those of WebSockets that were open already are in terrarium_stream_closes_total',
      read: () => Object.keys(errorKinds).map((code) => ({ labels: { code }, value: failures.get(code) ?? 0 })),
    },
    counter(
      'containers_created_total',
      'Containers that this server made and started',
      () => containers.counts.created,
    ),
    counter(
      'container_create_failures_total',
      'Containers that could not be made, though what was asked for was in order',
      () => containers.counts.failed,
    ),
    counter(
      'containers_removed_total',
      'Containers that this server was asked to remove',
      () => containers.counts.removed,
    ),
    gauge('stream_sessions', 'Clients that follow streams now', () => streams.size.sessions),
    gauge('stream_channels', 'Streams that at least one client follows now', () => streams.size.channels),
    gauge('stream_subscriptions', 'Subscriptions of all clients to these streams', () => streams.size.subscriptions),
    counter('stream_sessions_total', 'Clients that began to follow streams', () => streams.counts.sessions),
    counter(
      'stream_superseded_samples_total',
      'Samples that a client never got, because a newer one came before it was ready to read',
      () => streams.counts.superseded,
    ),
    counter('stream_gaps_total', 'Clients that were told that they missed events', () => streams.counts.gaps),
    {
      name: 'terrarium_stream_closes_total',
      type: 'counter',
      help: 'Streams that the server ended, by the close code of RFC 6455; 1013 is a client that did not keep up',
      read: () => closeCodes.map((code) => ({ labels: { code: String(code) }, value: streams.closes.get(code) ?? 0 })),
    },
    gauge('terminals', 'Terminals that are open now', () => terminals.open),
  ];
}

const closeCodes = [...new Set(Object.values(errorKinds).map(({ close }) => close))].sort((a, b) => a - b);

// @lane quiet
// A line that becomes half open: what is sent into it is lost, and nobody is told. When the engine is back, whoever watched goes on where they were, by new
// lines; nothing waits for an answer that will never come.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startApp } from '../support/app.ts';
import { startChaosProxy } from '../support/chaos-proxy.ts';
import { createTestContainer } from '../support/engine.ts';
import { connectStream } from '../support/stream-client.ts';
import { letTimePass, waitFor } from '../support/wait-for.ts';

/** Milliseconds until every client is live again. The contract promises five seconds; a server that waits for a lost answer needs fifteen. */
const liveWithin = 10_000;

for (const observer of ['probe', 'helper'])
  test(`netstat and a log go on after it, watched by a ${observer}`, async (t) => {
    const line = await startChaosProxy(t);
    const { url, headers, app } = await startApp(t, {
      env: { DOCKER_HOST: line.endpoint, TERRARIUM_OBSERVER: observer },
    });
    const { id } = await createTestContainer(t, {
      body: {
        Cmd: ['sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i; sleep 0.2; done'],
        Labels: { 'io.terrarium.managed': 'true' },
      },
    });
    await waitFor(() => app.services.catalogue.mirror().container(id), { what: 'the server to know it' });
    const place = `${url}/api/v1/containers/${id}`;
    const client = await connectStream(t, `${place}/netstat?intervalMs=200`, { headers: { ...headers } });
    await client.until('the first data', ({ data }) => data);
    const leaving = new AbortController();
    t.after(() => leaving.abort());
    let log = '';
    const { body } = await fetch(`${place}/logs?follow=true&tail=all`, { headers, signal: leaving.signal });
    const reading = (async () => {
      for await (const chunk of body ?? []) log += Buffer.from(chunk).toString();
    })().catch(() => {}); // left
    await waitFor((see) => see(log).includes('\n'), { what: 'the first line' });

    const newcomer = await createTestContainer(t, { body: { Labels: { 'io.terrarium.managed': 'true' } } });
    await waitFor(() => app.services.catalogue.mirror().container(newcomer.id), { what: 'the server to know both' });

    const known = line.requests.length;
    const late = await connectStream(t, `${url}/api/v1/containers/${newcomer.id}/netstat`, { headers: { ...headers } });
    // The helper that it needs is being made when the line is lost.
    const isBegun = () =>
      line.requests.slice(known).some((request) => request.includes('create?name=terrarium-helper'));
    if (observer === 'helper') await waitFor(isBegun, { what: 'the start of its helper', intervalMs: 2 });
    line.set({ kind: 'lose' });
    await client.until('to hear that the engine is away', ({ states }) => states.includes('stale'));
    await letTimePass(1_000, 'the line stays half open for a while after the server has noticed');
    line.set({ kind: 'none' });
    const before = log.length;
    await client.until(
      'to be live again',
      ({ states }) => states.lastIndexOf('live') > states.indexOf('stale'),
      liveWithin,
    );
    await late.until('the first data of who came meanwhile', ({ data }) => data, liveWithin);
    await waitFor((see) => see(log).length > before, { what: 'the log to go on', timeoutMs: liveWithin });
    const lines = () => log.split('\n').slice(0, -1);
    const countBefore = lines().length;
    await waitFor((see) => see(lines().length) > countBefore + 2, { what: 'three more lines of the log' });
    const numbers = lines().map(Number);
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index + 1),
      'each line once',
    );
    leaving.abort();
    await reading;
  });

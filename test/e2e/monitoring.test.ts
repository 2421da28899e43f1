// What operators put around /metrics: its format and names, the alerts and the dashboard that ship with it. Prometheus' own tool is the judge of all.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test, { after } from 'node:test';
import { parse, stringify } from 'yaml';
import { startApp } from '../support/app.ts';
import { createTestContainer } from '../support/engine.ts';
import { startOperatorsMachine } from '../support/operators-machine.ts';
import { connectStream } from '../support/stream-client.ts';

const root = path.resolve(import.meta.dirname, '..', '..');
const readText = (...parts: string[]) => readFile(path.join(root, ...parts), 'utf8');

const server = await startApp({ after });
const machine = await startOperatorsMachine({ after });

/** After a little of everything: a request, a failure, a stream, a probe. */
async function scrape(): Promise<string> {
  const { id } = await createTestContainer({ after });
  await fetch(`${server.url}/api/v1/containers/nobody`, server);
  const url = `${server.url}/api/v1/containers/${id}/netstat`;
  const client = await connectStream({ after }, url, { headers: { ...server.headers } });
  await client.until('a snapshot', ({ data }) => data);
  const text = await (await fetch(`${server.url}/metrics`, server)).text();
  await client.close();
  return text;
}

const metrics = await scrape();

/** Names of the series, those of histograms with their endings. */
const names = new Set([...metrics.matchAll(/^([a-z]\w*)(?:\{| )/gm)].map(([, name]) => name ?? ''));
/** What Prometheus has of a scrape without being told. */
const ofPrometheus = new Set(['up']);

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const dashboard = JSON.parse(await readText('docs', 'grafana', 'terrarium.json'));
const panels = dashboard.panels as Panel[];
const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations?: unknown;
}

const ruleText = await readText('docs', 'prometheus', 'terrarium.rules.yml');
const groups = parse(ruleText).groups as { readonly name: string; readonly rules: readonly Rule[] }[];
const rules = groups.flatMap((group) => group.rules);

/** The metrics that an expression names: what is neither a function, nor a keyword, nor a label. */
function metricsIn(expression: string): string[] {
  const bare = expression.replace(/\{[^}]*\}|"[^"]*"|\[[^\]]*\]|\b(?:by|on|without|ignoring)\s*\([^)]*\)/g, ' ');
  const words = [...bare.matchAll(/[a-z_]\w*(?!\w)(?!\s*\()/gi)].map(([word]) => word);
  return words.filter((word) => !/^(and|or|unless|e\d+)$/i.test(word) && !new RegExp(`${word}\\s*\\(`).test(bare));
}

test('the names and units are those that Prometheus asks for', async () => {
  await machine.write('/tmp/metrics', metrics);
  const { stdout, stderr } = await machine.run('sh', '-c', 'promtool check metrics < /tmp/metrics');
  const complaints = `${stdout}${stderr}`
    .trim()
    .split('\n')
    .filter((line) => line !== '');
  // prom-client's own gauges are called totals.
  assert.deepEqual(
    complaints.filter((line) => !/^nodejs_active_\w+_total .*"_total"/.test(line)),
    [],
  );
  const own = [...names].filter((name) => name.startsWith('terrarium_'));
  assert.ok(own.length > 30, own.join());
  for (const name of own)
    assert.match(metrics, new RegExp(`^# HELP ${name.replace(/_(bucket|sum|count)$/, '')} \\S`, 'm'));
});

test('every query of the dashboard is one, and asks for what there is', async () => {
  assert.ok(queries.length > 30);
  for (const { title, expr } of queries) {
    const asked = metricsIn(expr);
    assert.ok(asked.length > 0, `${title}: ${expr}`);
    for (const name of asked) assert.ok(names.has(name), `${title} asks for ${name}, which /metrics does not have`);
  }
  const plain = (expr: string) => expr.replaceAll('$__rate_interval', '5m').replaceAll(/\$(job|instance)/g, '.+');
  const records = queries.map(({ expr }, index) => `  - record: q${index}\n    expr: ${JSON.stringify(plain(expr))}\n`);
  await machine.write('/tmp/queries.yml', `groups:\n- name: dashboard\n  rules:\n${records.join('')}`);
  await machine.mustRun('promtool', 'check', 'rules', '/tmp/queries.yml');
});

test('the dashboard leaves out nothing that is ours', () => {
  const shown = new Set(queries.flatMap(({ expr }) => metricsIn(expr)));
  const all = [...names].filter((name) => name.startsWith('terrarium_')).filter((name) => !/_(sum)$/.test(name));
  // Its states are those of its live metric, with more words.
  assert.deepEqual(
    all.filter((name) => !shown.has(name) && name !== 'terrarium_engine_state'),
    [],
  );
});

test('every alert asks for what there is, and fires when it should and not before', async () => {
  assert.ok(rules.length > 10);
  for (const { alert, expr } of rules)
    for (const name of metricsIn(expr))
      assert.ok(names.has(name) || ofPrometheus.has(name), `${alert} asks for ${name}, which /metrics does not have`);
  await machine.write('/tmp/terrarium.rules.yml', ruleText);
  await machine.mustRun('promtool', 'check', 'rules', '/tmp/terrarium.rules.yml');

  const plain = groups.map((group) => ({ ...group, rules: group.rules.map(({ annotations, ...rest }) => rest) }));
  await machine.write('/tmp/terrarium.rules.yml', stringify({ groups: plain }));
  const cases = await readText('test', 'support', 'alerts.yml');
  await machine.write('/tmp/alerts.yml', cases);
  await machine.mustRun('promtool', 'test', 'rules', '/tmp/alerts.yml');
  for (const { alert } of rules) {
    const told = [...cases.matchAll(new RegExp(`alertname: ${alert}\\n +exp_alerts:( \\[\\])?\\n`, 'g'))].map(
      ([, none]) => none,
    );
    assert.ok(told.includes(undefined), `no case has ${alert} fire`);
    assert.ok(told.includes(' []'), `no case has ${alert} keep quiet`);
  }
});

test('a metric that is not there is found', () => {
  const query =
    'histogram_quantile(0.5, sum by (le) (rate(a_bucket{job=~"$job"}[5m]))) and on (job, instance) b > 400e6';
  assert.deepEqual(metricsIn(query), ['a_bucket', 'b']);
});

test('the metrics that the documentation names are there', async () => {
  const text = await readText('docs', 'operations.md');
  const named = [...text.matchAll(/`(terrarium_\w+)/g)].map(([, name]) => name ?? '');
  assert.ok(named.length > 10);
  for (const name of named)
    assert.ok(names.has(name) || names.has(`${name}_bucket`), `docs/operations.md names ${name}`);
});

// `npm run bench [-- NAME …] [--write]`: runs the benchmarks, ours and the peers in one run, and prints ratios. --write appends to RESULTS.md.
import { appendFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createStart } from './cases/create-start.ts';
import { dashboard } from './cases/dashboard.ts';
import { demultiplexer } from './cases/demultiplexer.ts';
import { fiftyWatchers } from './cases/fifty-watchers.ts';
import { busyLab, idleLab } from './cases/idle-lab.ts';
import { lab } from './cases/lab.ts';
import { labPlan } from './cases/lab-plan.ts';
import { largeLab } from './cases/large-lab.ts';
import { list } from './cases/list.ts';
import { listenLatency } from './cases/listen-latency.ts';
import { load300 } from './cases/load-300.ts';
import { load2000 } from './cases/load-2000.ts';
import { loadReads } from './cases/load-reads.ts';
import { packetPath } from './cases/packet-path.ts';
import { reachability } from './cases/reachability.ts';
import { startUp } from './cases/start-up.ts';
import { thousandWatchers } from './cases/thousand-watchers.ts';
import { watcherMemory } from './cases/watcher-memory.ts';
import { describeMachine } from './machine.ts';
import { type Benchmark, type Row, toMarkdown } from './report.ts';
import { setUp } from './set-up.ts';

const benchmarks: readonly Benchmark[] = [
  startUp,
  list,
  createStart,
  idleLab,
  busyLab,
  fiftyWatchers,
  thousandWatchers,
  largeLab,
  lab,
  labPlan,
  listenLatency,
  watcherMemory,
  packetPath,
  reachability,
  demultiplexer,
  dashboard,
  load300,
  load2000,
  loadReads,
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { write: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
});
if (values.help) {
  console.log('npm run bench -- [NAME …] [--write]\n');
  for (const benchmark of benchmarks) console.log(`  ${benchmark.name.padEnd(14)} ${benchmark.describe}`);
  console.log('\n--write appends the results, with the date and the machine, to bench/RESULTS.md');
  process.exit(0);
}
const unknown = positionals.filter((name) => benchmarks.every((one) => one.name !== name));
if (unknown.length > 0) {
  console.error(`No benchmark ${unknown.join(', ')}; there are: ${benchmarks.map((one) => one.name).join(', ')}`);
  process.exit(2);
}

await setUp();
const rows: Row[] = [];
for (const benchmark of benchmarks) {
  if (positionals.length > 0 && !positionals.includes(benchmark.name)) continue;
  console.log(`${benchmark.name}: ${benchmark.describe}`);
  rows.push(...(await benchmark.run((line) => console.log(`  ${line}`))));
}
const title = `## ${new Date().toISOString().slice(0, 10)} · ${await describeMachine()}`;
const report = `${title}\n\n${toMarkdown(rows)}\n`;
console.log(`\n${report}`);
if (values.write) await appendFile('bench/RESULTS.md', `\n${report}`);
// What a peer's client leaves open (an exec whose end never came) must not hold up who waits for the results.
process.exit(0);

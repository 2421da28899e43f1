// From a listen() in a watched container to the frame that a client has, at ten looks a second: the program that listens joins the target's namespace, notes
// the clock as soon as listen() has returned, and tells what it noted at its end.
import { setTimeout as sleep } from 'node:timers/promises';
import { docker, makeLab, runContainer } from '../lab.ts';
import { startObservingServer } from '../observing-server.ts';
import type { Benchmark, Row } from '../report.ts';
import { onStage, type Stage } from '../stage.ts';
import { estimateMedian, median, quantile } from '../statistics.ts';
import { credentials, startWatchers } from '../watchers.ts';

const listens = 300;
const intervalMs = 100;
const firstPort = 10_000;
/** Seconds between two: at no phase of the looks in particular. */
const pauses = { least: 0.15, spread: 0.2 } as const;

/**
 * `syscall(228 or 113, 1)` is clock_gettime(CLOCK_MONOTONIC), on x86_64 and arm64: the clock of process.hrtime. Five listen at a time: a frame that is
 * late is late, not lost. */
const listener = `use Socket; use POSIX; my ($count, $port, $least, $spread, $seed) = @ARGV; srand($seed); my (@open, @notes);
my $number = (POSIX::uname())[4] eq "x86_64" ? 228 : 113; my $clock = "\\0" x 16;
select(undef, undef, undef, 2);
for (1 .. $count) {
  socket(my $next, PF_INET, SOCK_STREAM, 0) or die; bind($next, pack_sockaddr_in($port, INADDR_LOOPBACK)) or die;
  listen($next, 5) or die; syscall($number, 1, $clock);
  my ($seconds, $ns) = unpack("qq", $clock); push @notes, sprintf("%d %.3f", $port++, $seconds * 1000 + $ns / 1e6);
  push @open, $next; shift @open if @open > 5;
  select(undef, undef, undef, $least + rand($spread));
}
sleep(1);
print "$_\\n" for @notes;`;

export const listenLatency: Benchmark = {
  name: 'listen-latency',
  describe: `a listen() in the container to the client's frame, at ${intervalMs} ms`,
  run: (log) => onStage((stage) => run(stage, log)),
};

async function run(stage: Stage, log: (line: string) => void): Promise<Row[]> {
  const lab = await makeLab(stage, { count: 1 });
  const [target] = lab.ids;
  const server = await startObservingServer(stage);
  const watchers = await startWatchers(stage);
  watchers.connect({
    url: `${server.url.replace('http', 'ws')}/api/v1/containers/${target}/netstat?intervalMs=${intervalMs}`,
    headers: credentials,
    connections: 1,
    first: '"type":"snapshot"',
    keep: 'ports',
  });
  await watchers.served();
  const seed = Date.now() % 1_000_000;
  log(`seed ${seed}`);
  const numbers = [listens, firstPort, pauses.least, pauses.spread, seed].map(String);
  const program = await runContainer({
    lab: lab.name,
    name: `${lab.name}-listener`,
    image: 'terrarium-test-base:trixie',
    command: ['perl', '-e', listener, ...numbers],
    networkMode: `container:${target}`,
  });
  const container = docker.getContainer(program.id);
  await container.wait();
  await sleep(2 * intervalMs);
  const heard = new Map((await watchers.report()).ports);
  const notes = (await container.logs({ stdout: true, stderr: true, follow: false })).toString();
  const noted = [...notes.matchAll(/(\d{5}) (\d+\.\d+)$/gm)];
  if (noted.length !== listens)
    throw new Error(`The listener told of ${noted.length} of ${listens}: ${notes.slice(0, 500)}`);
  // One that was never shown is infinitely late.
  const latencies = noted.map(([, port, at]) => (heard.get(Number(port)) ?? Number.POSITIVE_INFINITY) - Number(at));
  const p50 = estimateMedian(latencies);
  const p99 = quantile(latencies, 0.99);
  const missed = latencies.filter((ms) => ms === Number.POSITIVE_INFINITY).length;
  const spread = [0.05, 0.25, 0.75, 0.95, 1].map((q) => quantile(latencies, q).toFixed(0)).join(', ');
  if (missed > 0)
    log(
      `never shown: ${noted.flatMap(([, port], i) => (latencies[i] === Number.POSITIVE_INFINITY ? [port] : [])).join(', ')}`,
    );
  log(`p50 ${median(latencies).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms; p5, p25, p75, p95, worst: ${spread} ms`);
  return [
    {
      what: `\`listen()\` to the client's frame at ${intervalMs} ms, p50`,
      value: `${p50.median.toFixed(1)} ms`,
      goal: '≤ 70 ms',
      holds: p50.median <= 70,
      detail: `${listens} at random phases, seed ${seed}, 95 % CI ${p50.low.toFixed(1)}–${p50.high.toFixed(1)} ms; ${missed} never shown`,
    },
    {
      what: 'the same, p99',
      value: `${p99.toFixed(1)} ms`,
      goal: '≤ 150 ms',
      holds: p99 <= 150,
      detail: `p5, p25, p75, p95, worst: ${spread} ms`,
    },
  ];
}

// The worlds that tests make by hand (test/support/made-world.ts) have the rules that a real engine writes for such networks and ports.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseRuleset } from '../../src/domain/firewall/parse.ts';
import type { Ruleset } from '../../src/domain/firewall/ruleset.ts';
import { runCommand } from '../support/engine.ts';
import { type MadeContainer, type MadeNetwork, makeWorld } from '../support/made-world.ts';
import { startPrivateEngine, whyNoPrivateEngine } from '../support/private-engine.ts';

const networks: MadeNetwork[] = [
  { name: 'bridge', at: '172.30.0' },
  { name: 'apart', at: '172.30.1' },
  { name: 'closed', at: '172.30.2', internal: true },
  { name: 'quiet', at: '172.30.3', icc: false },
];
const containers: MadeContainer[] = [
  { name: 'first', on: ['bridge'], publishes: ['0.0.0.0:8080:80'] },
  { name: 'second', on: ['apart'], publishes: ['127.0.0.1:8081:80', '0.0.0.0:8053:53/udp'] },
  { name: 'third', on: ['quiet'], publishes: ['0.0.0.0:8082:80'] },
  { name: 'fourth', on: ['closed'] },
];

for (const userlandProxy of [true, false])
  test(`the rules of a made world are an engine's, with userland-proxy ${userlandProxy}`, {
    skip: whyNoPrivateEngine(),
  }, async (t) => {
    const engine = await startPrivateEngine(t, {
      args: ['--bip', '172.30.0.1/24', `--userland-proxy=${userlandProxy}`],
      image: 'busybox:latest',
    });
    const docker = async (...args: string[]) => {
      const { code, stdout, stderr } = await engine.docker(...args);
      assert.equal(code, 0, stderr);
      return stdout.trim();
    };
    const bridges = new Map<string, string>();
    for (const { name, at, internal, icc } of networks.slice(1)) {
      const options = [
        ...(internal === true ? ['--internal'] : []),
        ...(icc === false ? ['--opt', 'com.docker.network.bridge.enable_icc=false'] : []),
      ];
      const id = await docker('network', 'create', '--subnet', `${at}.0/24`, ...options, name);
      bridges.set(`br-${id.slice(0, 12)}`, `br-${name}`);
    }
    for (const { name, on = [], publishes = [] } of containers) {
      const ports = publishes.flatMap((text) => ['--publish', text]);
      await docker(
        'run',
        '--detach',
        '--name',
        name,
        '--network',
        on[0] ?? 'none',
        ...ports,
        'busybox:latest',
        'sleep',
        '3600',
      );
    }
    const { stdout } = await runCommand('nsenter', ['--target', String(engine.pid), '--net', '--', 'iptables-save']);
    const real = [...bridges].reduce((text, [theirs, ours]) => text.replaceAll(theirs, ours), stdout);
    const { ipv4 } = makeWorld({ networks, containers, userlandProxy }).host.rules;
    assert.ok(ipv4.known);
    assert.deepEqual(listRules(ipv4.value), listRules(parseRuleset(real, 'ipv4')));
  });

/** Without policies: that of FORWARD hangs on whether dockerd found forwarding on. */
function listRules({ tables }: Ruleset): Record<string, string[]> {
  const chains = [...tables].flatMap(([table, named]) => [...named.values()].map((chain) => ({ table, chain })));
  return Object.fromEntries(
    chains.map(({ table, chain: { name, rules } }) => [`${table} ${name}`, rules.map(({ text }) => text)]),
  );
}

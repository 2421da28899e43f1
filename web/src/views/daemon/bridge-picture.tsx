// The docker0 that results: its subnet as a bar, with the range of the containers, the bridge and the default gateway at their places; and in words.
import type { DaemonConfigVerdict } from '../../../../src/client/index.ts';
import { messages } from './messages.ts';

type Pictured = Pick<DaemonConfigVerdict, 'bridge' | 'bridgeV6' | 'defaultRoute'>;

export function BridgePicture({ bridge, bridgeV6, defaultRoute }: Pictured) {
  const t = messages.value;
  if (bridge === null) return <p class="quiet">{t.noBridge}</p>;
  const { address, subnet, ipRange, mtu, gateway } = bridge;
  const route = defaultRoute?.ipv4 ?? null;
  return (
    <div class="daemon-bridge">
      {subnet !== null && address !== null && (
        <Bar subnet={subnet} address={address} range={ipRange} gateway={route === gateway ? null : route} />
      )}
      <dl>
        <dt>{t.address}</dt>
        <dd>{address ?? '–'}</dd>
        <dt>{t.subnet}</dt>
        <dd>{subnet ?? '–'}</dd>
        <dt>{t.range}</dt>
        <dd>{ipRange ?? t.wholeSubnet}</dd>
        <dt>{t.route}</dt>
        <dd>{route === null || route === gateway ? `${route ?? ''} (${t.routeSelf})` : route}</dd>
        <dt>{t.mtu}</dt>
        <dd>{mtu ?? '–'}</dd>
        <dt>{t.ipv6}</dt>
        <dd>
          {bridgeV6 === null ? t.off : `${bridgeV6.address}${defaultRoute?.ipv6 ? `, → ${defaultRoute.ipv6}` : ''}`}
        </dd>
      </dl>
    </div>
  );
}

interface BarProps {
  readonly subnet: string;
  readonly address: string;
  readonly range: string | null;
  /** null: docker0 itself. */
  readonly gateway: string | null;
}

const width = 400;

function Bar({ subnet, address, range, gateway }: BarProps) {
  const t = messages.value;
  const whole = readSubnet(subnet);
  if (whole === null) return null;
  const at = (value: number) => Math.max(0, Math.min(width, ((value - whole.first) / whole.size) * width));
  const part = range === null ? whole : (readSubnet(range) ?? whole);
  const [start, end] = [at(part.first), at(part.first + part.size)];
  const bridgeAt = at(readAddress(address) ?? whole.first);
  const gatewayAt = gateway === null ? null : at(readAddress(gateway) ?? whole.first);
  return (
    <svg
      class="daemon-bar"
      viewBox={`-30 0 ${width + 60} 92`}
      role="img"
      aria-label={t.picture(subnet, address, range ?? t.wholeSubnet)}
    >
      <rect class="daemon-bar-subnet" x={0} y={38} width={width} height={16} rx={3} />
      <rect class="daemon-bar-range" x={start} y={38} width={Math.max(2, end - start)} height={16} rx={3} />
      <text class="daemon-bar-range-word" x={(start + end) / 2} y={72} text-anchor="middle">
        {t.markRange}
      </text>
      <text x={0} y={88} text-anchor="start">
        {spellAddress(whole.first)}
      </text>
      <text x={width} y={88} text-anchor="end">
        {spellAddress(whole.first + whole.size - 1)}
      </text>
      <Tick at={bridgeAt} y={30} word={t.markBridge} kind="bridge" />
      {gatewayAt !== null && <Tick at={gatewayAt} y={14} word={t.markGateway} kind="gateway" />}
    </svg>
  );
}

function Tick({ at, y, word, kind }: { at: number; y: number; word: string; kind: string }) {
  return (
    <g class={`daemon-tick daemon-tick-${kind}`}>
      <line x1={at} x2={at} y1={y} y2={58} />
      <text x={at} y={y - 3} text-anchor={at > width / 2 ? 'end' : 'start'}>
        {word}
      </text>
    </g>
  );
}

function readAddress(text: string): number | null {
  const [, ...parts] = /^(\d+)\.(\d+)\.(\d+)\.(\d+)/.exec(text) ?? [];
  return parts.length === 4 ? parts.reduce((sum, part) => sum * 256 + Number(part), 0) : null;
}

function readSubnet(text: string): { readonly first: number; readonly size: number } | null {
  const first = readAddress(text);
  const prefix = Number(text.split('/')[1]);
  return first === null || Number.isNaN(prefix) ? null : { first, size: 2 ** (32 - prefix) };
}

function spellAddress(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

// A drawing of what will be: the outside, the host with its doors, the bridge, and the namespace with who is in it. What it shows it also says in words.
import { messages } from './messages.ts';
import type { Scene } from './scene.ts';

const size = { width: 800, chip: 34, member: 48, door: 46 } as const;
const shownMembers = 5;
const shownDoors = 6;

export function Picture({ scene, name, caption }: { scene: Scene; name: string; caption: string }) {
  const t = messages.value;
  const { doors, bridge, namespace } = scene;
  const isHost = namespace.kind === 'host';
  const members = namespace.members.slice(0, shownMembers);
  const left = namespace.members.length - members.length;
  const shown = doors.slice(0, shownDoors);
  const rows = Math.max(
    (members.length + 1 + (left > 0 ? 1 : 0)) * size.member,
    namespace.interfaces.length * (size.chip + 8),
    shown.length * size.door,
    60,
  );
  const height = rows + 122;
  const top = 84;
  const firstChip = top + size.chip / 2;
  return (
    <figure class="create-picture">
      <svg viewBox={`0 0 ${size.width} ${height}`} role="img" aria-label={caption}>
        <text class="pic-quiet" x="12" y="36">
          {t.outside}
        </text>
        <rect class="pic-host" x="110" y="10" width="680" height={height - 20} rx="10" />
        <text class="pic-title" x="126" y="36">
          {isHost ? t.hostNamespace : t.host}
        </text>
        {bridge !== null && (
          <>
            <rect class="pic-bridge" x="228" y="56" width="120" height={height - 84} rx="6" />
            <text class="pic-name" x="288" y={height / 2 - 4} text-anchor="middle">
              {clip(bridge.name, 15)}
            </text>
            <text class="pic-small" x="288" y={height / 2 + 16} text-anchor="middle">
              {bridge.subnet ?? ''}
            </text>
            {namespace.interfaces.length > 0 && (
              <line class="pic-cable" x1="348" y1={firstChip} x2="392" y2={firstChip} />
            )}
          </>
        )}
        {shown.map(({ host, address, port }, index) => {
          const y = 60 + index * size.door;
          return (
            <g key={`${address} ${host} ${port} ${index}`}>
              <line class="pic-cable" x1="70" y1={y + 19} x2="228" y2={y + 19} />
              <rect class="pic-door" x="42" y={y} width="148" height="40" rx="6" />
              <text class="pic-name" x="116" y={y + 17} text-anchor="middle">
                {clip(`${address}:${host ?? t.anyPort}`, 19)}
              </text>
              <text class="pic-small" x="116" y={y + 33} text-anchor="middle">
                → {port}
              </text>
            </g>
          );
        })}
        {doors.length > shown.length && (
          <text class="pic-small" x="116" y={60 + shown.length * size.door + 16} text-anchor="middle">
            {t.more(doors.length - shown.length)}
          </text>
        )}
        {!isHost && (
          <>
            <rect class="pic-namespace" x="402" y="50" width="376" height={height - 74} rx="8" />
            <text class="pic-title" x="418" y="73">
              {namespace.kind === 'shared' ? t.sharedNamespace : t.ownNamespace}
            </text>
          </>
        )}
        {namespace.interfaces.map(({ name: one, address }, index) => {
          const y = top + index * (size.chip + 8);
          return (
            <g key={one}>
              <rect class="pic-chip" x="392" y={y} width="176" height={size.chip} rx="6" />
              <text class="pic-name" x="402" y={y + 22}>
                {one}
                <tspan class="pic-small" dx="8">
                  {address ?? t.anyAddress}
                </tspan>
              </text>
            </g>
          );
        })}
        {members.map((member, index) => (
          <Box key={member} x={580} y={top + index * size.member} name={member} />
        ))}
        {left > 0 && (
          <text class="pic-small" x="674" y={top + members.length * size.member + 24} text-anchor="middle">
            {t.more(left)}
          </text>
        )}
        <Box
          x={580}
          y={top + (members.length + (left > 0 ? 1 : 0)) * size.member}
          name={name === '' ? t.unnamed : name}
          isNew
        />
      </svg>
      <figcaption>{caption}</figcaption>
    </figure>
  );
}

function Box({ x, y, name, isNew = false }: { x: number; y: number; name: string; isNew?: boolean }) {
  return (
    <g>
      <title>{name}</title>
      <rect class={isNew ? 'pic-new' : 'pic-member'} x={x} y={y} width="188" height="38" rx="6" />
      <text class="pic-name" x={x + 94} y={y + 24} text-anchor="middle">
        {clip(name, 23)}
      </text>
    </g>
  );
}

function clip(text: string, length: number): string {
  const letters = [...text];
  return letters.length <= length ? text : `${letters.slice(0, length - 1).join('')}…`;
}

// What the lines of the map mean.
import { messages } from './messages.ts';

const samples = [
  ['inside', 'map-edge-inside', 'map-edge-line'],
  ['published', 'map-edge-published', 'map-edge-line'],
  ['plain', 'map-edge-plain', 'map-edge-line'],
  ['opening', 'map-edge-opening', 'map-edge-line'],
  ['unused', '', 'map-publication'],
  ['leg', '', 'map-leg'],
] as const;

export function Legend() {
  const t = messages.value;
  return (
    <ul class="map-legend" aria-label={t.legendTitle}>
      {samples.map(([name, group, line]) => (
        <li key={name}>
          <svg viewBox="0 0 36 12" aria-hidden="true">
            <g class={group}>
              <path class={line} d="M1 6H35" stroke-width="1.75" />
            </g>
          </svg>
          {t.legend(name)}
        </li>
      ))}
    </ul>
  );
}

// The rates of an interface as two lines, drawn by uPlot. It goes on while nothing changes: the last rate holds until another is seen.
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type Rate, windowSeconds } from './rates.ts';

interface SparklineProps {
  readonly rates: readonly Rate[];
  /** What is not live does not go on. */
  readonly isLive: boolean;
  /** Read out in place of the picture. */
  readonly label: string;
}

const tickMs = 1_000;
/** Below it noise would look like traffic. Bytes a second. */
const smallestScale = 1_000;

export function Sparkline({ rates, isLive, label }: SparklineProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  // Read by the timer, which must not begin anew with each rate.
  const shown = useRef({ rates, isLive });
  shown.current = { rates, isLive };

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const made = new uPlot(describe(element), [[], [], []], element);
    plot.current = made;
    const draw = () => made.setData(toData(shown.current.rates, shown.current.isLive));
    draw();
    const timer = setInterval(draw, tickMs);
    const sizes = new ResizeObserver(() => made.setSize(sizeOf(element)));
    sizes.observe(element);
    return () => {
      clearInterval(timer);
      sizes.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, []);
  useEffect(() => plot.current?.setData(toData(rates, isLive)), [rates, isLive]);
  return <div ref={box} class="ifconfig-spark" role="img" aria-label={label} />;
}

function toData(rates: readonly Rate[], isLive: boolean): uPlot.AlignedData {
  const last = rates.at(-1);
  const now = Date.now() / 1_000;
  const points = last !== undefined && isLive && now > last.at ? [...rates, { ...last, at: now }] : rates;
  return [points.map(({ at }) => at), points.map(({ rx }) => rx), points.map(({ tx }) => tx)];
}

function describe(element: HTMLElement): uPlot.Options {
  // Asked at each drawing: the theme may have changed.
  const colour = (name: string) => () => getComputedStyle(element).getPropertyValue(name);
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const line = (name: string, fill: string): uPlot.Series => ({
    stroke: colour(name),
    fill: colour(fill),
    width: 1.5,
    points: { show: false },
    ...(stepped !== undefined && { paths: stepped }),
  });
  return {
    ...sizeOf(element),
    legend: { show: false },
    cursor: { show: false },
    select: { show: false, left: 0, top: 0, width: 0, height: 0 },
    padding: [2, 0, 0, 0],
    axes: [{ show: false }, { show: false }],
    scales: {
      x: { time: true, range: (_plot, _min, max) => (max === null ? [0, windowSeconds] : [max - windowSeconds, max]) },
      y: { range: (_plot, _min, max) => [0, Math.max(smallestScale, (max ?? 0) * 1.1)] },
    },
    series: [{}, line('--water', '--water-soft'), line('--violet', '--violet-soft')],
  };
}

function sizeOf(element: HTMLElement): { width: number; height: number } {
  return { width: Math.max(40, element.clientWidth), height: Math.max(24, element.clientHeight) };
}

// How long requests took, by route and status: counted from the first request on, at the price of a few additions each. It prints nothing.

/** What tells one series from another. `route` is the template: a label for every container would never end. */
export interface RequestLabels {
  readonly method: string;
  readonly route: string;
  readonly status: number;
}

/** One line of a histogram as Prometheus has it. */
export interface HistogramValue {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

interface Series {
  readonly labels: RequestLabels;
  /** Requests by the first bound they fit under; the last element counts those over every bound. */
  readonly counts: number[];
  seconds: number;
}

/** Upper bounds in seconds. */
const bounds = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10];

export class RequestTimes {
  readonly #series = new Map<string, Series>();

  observe(labels: RequestLabels, seconds: number): void {
    const key = `${labels.method} ${labels.route} ${labels.status}`;
    let series = this.#series.get(key);
    if (series === undefined) {
      series = { labels, counts: Array.from({ length: bounds.length + 1 }, () => 0), seconds: 0 };
      this.#series.set(key, series);
    }
    const index = bounds.findIndex((bound) => seconds <= bound);
    const at = index < 0 ? bounds.length : index;
    series.counts[at] = (series.counts[at] ?? 0) + 1;
    series.seconds += seconds;
  }

  /** The cumulative histogram of every series. */
  *values(name: string): Iterable<HistogramValue> {
    for (const { labels, counts, seconds } of this.#series.values()) {
      let total = 0;
      for (const [index, count] of counts.entries()) {
        total += count;
        yield { metricName: `${name}_bucket`, labels: { ...labels, le: bounds[index] ?? '+Inf' }, value: total };
      }
      yield { metricName: `${name}_sum`, labels: { ...labels }, value: seconds };
      yield { metricName: `${name}_count`, labels: { ...labels }, value: total };
    }
  }
}

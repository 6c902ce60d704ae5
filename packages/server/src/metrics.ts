/**
 * What operators count, in the text form of OpenMetrics. A library for this weighs more than the rest of the wire
 * does, and two kinds of numbers are all that is needed.
 * https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md
 */

export const OPENMETRICS_TYPE = 'application/openmetrics-text; version=1.0.0; charset=utf-8';

/** Upper bounds of the buckets of call durations, in seconds. */
const DURATION_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

interface CallSeries {
  readonly service: string;
  readonly method: string;
  readonly byCode: Map<string, number>;
  /** How many calls took no longer than the bound and longer than the one before; the last has no bound. */
  readonly buckets: number[];
  seconds: number;
}

/** A number that somebody else keeps. */
interface Reading {
  readonly name: string;
  readonly help: string;
  readonly read: () => number;
}

export class Metrics {
  readonly #calls = new Map<string, CallSeries>();
  readonly #gauges: Reading[] = [];
  readonly #counters: Reading[] = [];

  /** Counts a call that was answered. Services and methods by their names in the protos, codes by theirs. */
  callEnded(service: string, method: string, code: string, seconds: number): void {
    const key = `${service}/${method}`;
    let series = this.#calls.get(key);
    if (series === undefined) {
      const buckets = new Array<number>(DURATION_BOUNDS.length + 1).fill(0);
      series = { service, method, byCode: new Map(), buckets, seconds: 0 };
      this.#calls.set(key, series);
    }
    series.byCode.set(code, (series.byCode.get(code) ?? 0) + 1);
    series.seconds += seconds;
    const bucket = DURATION_BOUNDS.findIndex((bound) => seconds <= bound);
    const index = bucket === -1 ? DURATION_BOUNDS.length : bucket;
    series.buckets[index] = (series.buckets[index] ?? 0) + 1;
  }

  /** A number that is read when somebody asks. The name ends in its unit. */
  addGauge(name: string, help: string, read: () => number): void {
    this.#gauges.push({ name, help, read });
  }

  /** A number that only ever grows, read when somebody asks. The name is without its ending `_total`. */
  addCounter(name: string, help: string, read: () => number): void {
    this.#counters.push({ name, help, read });
  }

  toString(): string {
    const lines = [
      '# TYPE parley_calls counter',
      '# HELP parley_calls Calls that were answered.',
      ...this.#callLines(),
      '# TYPE parley_call_duration_seconds histogram',
      '# UNIT parley_call_duration_seconds seconds',
      '# HELP parley_call_duration_seconds Time from the whole request to the answer.',
      ...this.#durationLines(),
      ...this.#gauges.flatMap(({ name, help, read }) => [
        `# TYPE ${name} gauge`,
        `# HELP ${name} ${help}`,
        `${name} ${read()}`,
      ]),
      ...this.#counters.flatMap(({ name, help, read }) => [
        `# TYPE ${name} counter`,
        `# HELP ${name} ${help}`,
        `${name}_total ${read()}`,
      ]),
      '# EOF',
    ];
    return `${lines.join('\n')}\n`;
  }

  #callLines(): string[] {
    return [...this.#calls.values()].flatMap(({ service, method, byCode }) =>
      [...byCode].map(
        ([code, count]) =>
          `parley_calls_total{service="${service}",method="${method}",code="${code}"} ${count}`,
      ),
    );
  }

  #durationLines(): string[] {
    return [...this.#calls.values()].flatMap(({ service, method, buckets, seconds }) => {
      const labels = `service="${service}",method="${method}"`;
      let count = 0;
      const lines = buckets.map((inBucket, index) => {
        count += inBucket;
        const bound = DURATION_BOUNDS[index] ?? '+Inf';
        return `parley_call_duration_seconds_bucket{${labels},le="${bound}"} ${count}`;
      });
      return [
        ...lines,
        `parley_call_duration_seconds_count{${labels}} ${count}`,
        `parley_call_duration_seconds_sum{${labels}} ${seconds}`,
      ];
    });
  }
}

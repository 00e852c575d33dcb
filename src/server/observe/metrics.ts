/** @file What Prometheus reads at /metrics. Labels are from closed lists: no path, no name, no text of a client. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The server's meters. */
export interface Metrics {
  readonly requests: Counter<'route' | 'status'>;
  readonly requestSeconds: Histogram<'route'>;
  readonly drafts: Counter<'outcome'>;
  readonly draftSeconds: Histogram;
  readonly tokens: Counter;
  readonly flags: Counter<'kind' | 'severity'>;
  readonly feedback: Counter<'action'>;
  readonly refused: Counter<'reason'>;
  readonly workers: Counter<'event'>;
  readonly queue: Gauge;
  readonly ready: Gauge;
  /** The text of /metrics. */
  text(): Promise<string>;
  readonly contentType: string;
  stop(): void;
}

/** Seconds; drafts of small models take tenths, of large ones seconds. */
const BUCKETS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** @example const metrics = createMetrics(); metrics.tokens.inc(12); */
export const createMetrics = (): Metrics => {
  const registry = new Registry();
  const named = (name: string, help: string) => ({ name: `impressionist_${name}`, help, registers: [registry] });
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  new Gauge({
    ...named('event_loop_delay_seconds', 'Event loop delay since the last scrape.'),
    labelNames: ['quantile'] as const,
    collect() {
      for (const [quantile, share] of [
        ['0.5', 50],
        ['0.99', 99],
        ['1', 100],
      ] as const) {
        const seconds = delay.percentile(share) / 1e9;
        // The monitor counts its own tick of 10 ms in.
        this.set({ quantile }, Math.max(0, seconds - 0.01));
      }
      delay.reset();
    },
  });
  new Gauge({
    ...named('memory_bytes', 'Memory of the process.'),
    labelNames: ['kind'] as const,
    collect() {
      const { rss, heapUsed, external } = process.memoryUsage();
      this.set({ kind: 'resident' }, rss);
      this.set({ kind: 'heap' }, heapUsed);
      this.set({ kind: 'external' }, external);
    },
  });
  return {
    requests: new Counter({ ...named('requests_total', 'Requests answered.'), labelNames: ['route', 'status'] }),
    requestSeconds: new Histogram({
      ...named('request_seconds', 'Time to the end of the answer.'),
      labelNames: ['route'],
      buckets: BUCKETS,
    }),
    drafts: new Counter({ ...named('drafts_total', 'Drafts by outcome.'), labelNames: ['outcome'] }),
    draftSeconds: new Histogram({
      ...named('draft_seconds', 'Time of a draft, its waiting included.'),
      buckets: BUCKETS,
    }),
    tokens: new Counter(named('tokens_total', 'Tokens written.')),
    flags: new Counter({ ...named('flags_total', 'Flags raised.'), labelNames: ['kind', 'severity'] }),
    feedback: new Counter({ ...named('feedback_total', 'What users did with drafts.'), labelNames: ['action'] }),
    refused: new Counter({ ...named('refused_total', 'Requests refused.'), labelNames: ['reason'] }),
    workers: new Counter({
      ...named('worker_events_total', 'Drafting processes lost and restarted.'),
      labelNames: ['event'],
    }),
    queue: new Gauge(named('queue_length', 'Drafts accepted and not yet answered.')),
    ready: new Gauge(named('ready', 'Whether drafts are taken.')),
    text: () => registry.metrics(),
    contentType: registry.contentType,
    stop: () => delay.disable(),
  };
};

import type { Clock } from '#std/clock';
import type { ClusterState } from '../cluster-state.js';
import { quotaKind, type ClientQuotaKey } from './quota-entities.js';
import { QuotaRules } from './quota-rules.js';
import { RateWindow, type WindowSize } from './rate-window.js';
import { TokenBucket } from './token-bucket.js';

/** Who is limited: the principal's name, and the client id, empty where there is none. */
export interface QuotaClient {
  readonly user: string;
  readonly client: string;
}

/** Rates that are measured at one time; beyond it, those that nobody used for a window are forgotten. */
const metersMax = 10_000;

/**
 * Client quotas (KIP-13, KIP-124, KIP-599, KIP-612): what clients use is measured in windows, and who uses more is answered at once with
 * the time to wait, during which nothing more is read from its connection. Without any quota nothing is measured.
 */
export class Quotas {
  private rules = new QuotaRules(new Map());
  private rates = new Map<string, RateWindow>();
  private buckets = new Map<string, TokenBucket>();

  constructor(
    private readonly cluster: ClusterState,
    private readonly clock: Clock,
    private readonly size: WindowSize,
  ) {}

  start(): void {
    this.cluster.listen(quotaKind, (records) => {
      this.rules = new QuotaRules(records);
    });
  }

  /** Cheap: asked for each request. */
  limits(key: ClientQuotaKey): boolean {
    return this.rules.limited.has(key);
  }

  /** Counts bytes, and says how many ms the client has to wait. */
  bytes(key: 'producer_byte_rate' | 'consumer_byte_rate', client: QuotaClient, count: number): number {
    return this.measure(key, client, count);
  }

  /** Takes back what was counted for an answer that is not sent. */
  takeBack(key: 'consumer_byte_rate', { user, client }: QuotaClient, count: number): void {
    const rule = this.rules.find(key, user, client);
    if (rule !== null) this.rate(rule.sharers).record(-count, this.clock.monotonic());
  }

  /** Most bytes that the client may fetch in one window; infinite where it is not limited. */
  bytesInWindow({ user, client }: QuotaClient): number {
    const rule = this.rules.find('consumer_byte_rate', user, client);
    if (rule === null) return Number.POSITIVE_INFINITY;
    return (rule.limit * (this.size.samples - 1) * this.size.sampleMs) / 1000;
  }

  /** Counts time spent on a request as percent of a second. Nobody waits longer than one sample of the window for it. */
  requestTime(client: QuotaClient, elapsedMs: number): number {
    return Math.min(this.size.sampleMs, this.measure('request_percentage', client, elapsedMs / 10));
  }

  /**
   * Counts changes of partitions. Under `strict`, for versions that know THROTTLING_QUOTA_EXCEEDED, nothing is counted and nothing
   * should be done for a client that has to wait already: `isRefused`.
   */
  mutations({ user, client }: QuotaClient, count: number, strict: boolean): { isRefused: boolean; waitMs: number } {
    const rule = this.rules.find('controller_mutation_rate', user, client);
    if (rule === null) return { isRefused: false, waitMs: 0 };
    const nowMs = this.clock.monotonic();
    const bucket = this.bucket(rule.sharers, rule.limit, nowMs);
    bucket.setRate(rule.limit);
    const debtMs = bucket.delayMs(nowMs);
    if (strict && debtMs > 0) return { isRefused: true, waitMs: debtMs };
    bucket.take(count, nowMs);
    return { isRefused: false, waitMs: strict ? 0 : bucket.delayMs(nowMs) };
  }

  /** How many ms a new connection from this address comes too early; it is not counted then. */
  connectionWaitMs(ip: string): number {
    const limit = this.rules.connectionsFrom(ip);
    if (limit === null) return 0;
    const rate = this.rate(`connection_creation_rate/${ip}`);
    const nowMs = this.clock.monotonic();
    rate.record(1, nowMs);
    const waitMs = rate.delayMs(limit, nowMs);
    if (waitMs > 0) rate.record(-1, nowMs);
    return waitMs;
  }

  private measure(key: ClientQuotaKey, { user, client }: QuotaClient, count: number): number {
    const rule = this.rules.find(key, user, client);
    if (rule === null) return 0;
    const nowMs = this.clock.monotonic();
    const rate = this.rate(rule.sharers);
    rate.record(count, nowMs);
    return rate.delayMs(rule.limit, nowMs);
  }

  private rate(sharers: string): RateWindow {
    let rate = this.rates.get(sharers);
    if (rate === undefined) {
      if (this.rates.size >= metersMax) this.rates = this.inUse(this.rates);
      rate = new RateWindow(this.size);
      this.rates.set(sharers, rate);
    }
    return rate;
  }

  private bucket(sharers: string, ratePerSecond: number, nowMs: number): TokenBucket {
    let bucket = this.buckets.get(sharers);
    if (bucket === undefined) {
      if (this.buckets.size >= metersMax) this.buckets = this.inUse(this.buckets);
      bucket = new TokenBucket(this.size, ratePerSecond, nowMs);
      this.buckets.set(sharers, bucket);
    }
    return bucket;
  }

  private inUse<Meter extends { readonly lastMs: number }>(meters: ReadonlyMap<string, Meter>): Map<string, Meter> {
    const sinceMs = this.clock.monotonic() - this.size.samples * this.size.sampleMs;
    return new Map([...meters].filter(([, meter]) => meter.lastMs >= sinceMs));
  }
}

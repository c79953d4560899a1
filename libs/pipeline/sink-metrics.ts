const zeros = {
  'sink-record-read-total': 0,
  'sink-record-send-total': 0,
  'sink-record-bytes-total': 0,
  'put-batch-total': 0,
  'put-batch-max-time-ms': 0,
  'batch-size-max': 0,
  'offset-commit-completion-total': 0,
  'offset-commit-skip-total': 0,
  'total-record-errors': 0,
  'total-record-failures': 0,
  'total-records-skipped': 0,
  'total-retries': 0,
  'deadletterqueue-produce-requests': 0,
  'deadletterqueue-produce-failures': 0,
  'last-error-timestamp': 0,
  'rebalance-total': 0,
};

export type SinkCounter = keyof typeof zeros;

/** Counters of one sink task, by the names of Connect's metrics. */
export class SinkMetrics {
  private readonly counters = { ...zeros };
  private putMsTotal = 0;
  private putRecordsTotal = 0;

  add(name: SinkCounter, by = 1): void {
    this.counters[name] += by;
  }

  set(name: SinkCounter, value: number): void {
    this.counters[name] = value;
  }

  /** A put that the sink took. */
  put(records: number, bytes: number, elapsedMs: number): void {
    this.counters['sink-record-send-total'] += records;
    this.counters['sink-record-bytes-total'] += bytes;
    this.counters['put-batch-total'] += 1;
    this.counters['put-batch-max-time-ms'] = Math.max(this.counters['put-batch-max-time-ms'], elapsedMs);
    this.counters['batch-size-max'] = Math.max(this.counters['batch-size-max'], records);
    this.putMsTotal += elapsedMs;
    this.putRecordsTotal += records;
  }

  snapshot(): Record<string, number> {
    const puts = this.counters['put-batch-total'];
    return {
      ...this.counters,
      'put-batch-avg-time-ms': puts === 0 ? 0 : this.putMsTotal / puts,
      'batch-size-avg': puts === 0 ? 0 : this.putRecordsTotal / puts,
    };
  }
}

import type { ClusterChange, ClusterStore } from '#log/engine';

type Listener = (records: ReadonlyMap<string, string>) => void;

const none: ReadonlyMap<string, string> = new Map();

/**
 * The cluster's records by kind and key, in memory. A change is durable in the store before it is seen here. Whoever keeps a parsed
 * form of a kind (ACLs, quotas) listens and makes it anew.
 */
export class ClusterState {
  private readonly kinds = new Map<string, Map<string, string>>();
  private readonly listeners = new Map<string, Listener[]>();
  /** Changes are written and applied one after the other. */
  private last: Promise<void> = Promise.resolve();

  constructor(private readonly store: ClusterStore) {}

  async open(): Promise<void> {
    this.apply(await this.store.loadRecords());
  }

  records(kind: string): ReadonlyMap<string, string> {
    return this.kinds.get(kind) ?? none;
  }

  /** Called at once with what is there, and after each change of the kind. */
  listen(kind: string, listener: Listener): void {
    this.listeners.set(kind, [...(this.listeners.get(kind) ?? []), listener]);
    listener(this.records(kind));
  }

  /** All or none; seen by everybody when it resolves. Rejects as the store does. */
  put(changes: readonly ClusterChange[]): Promise<void> {
    const done = this.last.then(async () => {
      await this.store.putRecords(changes);
      this.apply(changes);
    });
    this.last = done.catch(() => undefined);
    return done;
  }

  /** Changes that another node has made durable in the store. */
  follow(changes: readonly ClusterChange[]): void {
    this.apply(changes);
  }

  private apply(changes: readonly ClusterChange[]): void {
    for (const { kind, key, value } of changes) {
      const records = this.kinds.get(kind) ?? new Map<string, string>();
      this.kinds.set(kind, records);
      if (value === null) records.delete(key);
      else records.set(key, value);
    }
    for (const kind of new Set(changes.map((change) => change.kind))) {
      for (const listener of this.listeners.get(kind) ?? []) listener(this.records(kind));
    }
  }
}

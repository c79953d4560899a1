import type { Clock } from '#std/clock';
import type { ClassicGroupRow } from '#broker/groups/group-rows';

/** Kafka's own words; tools print and compare them. */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

export interface MemberIdentity {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
}

export interface SyncRequest extends MemberIdentity {
  readonly generationId: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignments: readonly { readonly memberId: string; readonly assignment: Buffer }[];
  readonly signal: AbortSignal;
}

export interface GroupEnvironment {
  readonly clock: Clock;
  /** Milliseconds of time in which requests were being read; stands still while the process does. */
  processedMs(): number;
  newMemberId(prefix: string): string;
  readonly initialDelayMs: number;
  readonly membersMax: number;
  /** Called when members or ids begin to need watching. */
  watch(): void;
  /** Makes the group as it is in `row` durable; rejects where the disk fails. */
  save(row: ClassicGroupRow): Promise<void>;
}

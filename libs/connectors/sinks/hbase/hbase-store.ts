import { FatalSinkError, PoisonRecordError, RetriableSinkError, type RecordRefusal } from '#pipeline/errors';
import { messageOf } from '#std/errors';
import type { ColumnFamily, HBaseClient } from '#wire/hbase/hbase-client';
import { HBaseError, hbaseErrors } from '#wire/hbase/hbase-errors';
import type { Mutation } from '#wire/hbase/mutation';

/** What is needed of a client. */
export type HBaseTables = Pick<HBaseClient, 'families' | 'mutate' | 'mutateEach' | 'close'>;

/** One HBase table as sinks write to it, with its errors in the classes that a sink's runner knows. */
export class HBaseStore {
  constructor(
    private readonly client: HBaseTables,
    private readonly table: string,
  ) {}

  /** Throws a FatalSinkError where the table or the family is not there. */
  async requireFamily(family: string): Promise<void> {
    await this.requireFamilies([family]);
  }

  /** The families with these names. Throws a FatalSinkError where the table or one of them is not there. */
  async requireFamilies(names: readonly string[]): Promise<readonly ColumnFamily[]> {
    const families = await explained(() => this.client.families(this.table));
    if (families === null) throw new FatalSinkError(`There is no HBase table ${this.table}; make it first.`);
    return names.map((name) => {
      const found = families.find((family) => family.name === name);
      if (found !== undefined) return found;
      const list = families.map((family) => family.name).join(', ');
      throw new FatalSinkError(`The HBase table ${this.table} has no column family ${name}; it has ${list}.`);
    });
  }

  /**
   * All of them, or an error: RetriableSinkError (some may have been applied), FatalSinkError, or PoisonRecordError with the index of the
   * mutation that HBase refuses.
   */
  async mutate(mutations: readonly Mutation[], nonceGroup: bigint): Promise<void> {
    if (mutations.length === 0) return;
    await explained(() => this.client.mutate(this.table, mutations, nonceGroup));
  }

  /** As `mutate`, but gives all mutations that HBase refuses, where it has applied the rest. */
  async mutateEach(mutations: readonly Mutation[], nonceGroup?: bigint): Promise<readonly RecordRefusal[]> {
    if (mutations.length === 0) return [];
    const refusals = await explained(() => this.client.mutateEach(this.table, mutations, nonceGroup));
    return refusals.map(({ index, message }) => ({ index: index ?? 0, message }));
  }

  close(): void {
    this.client.close();
  }
}

async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof HBaseError)) throw error;
    if (error.retriable) throw new RetriableSinkError(messageOf(error), { cause: error });
    if (error.kind === hbaseErrors.invalid)
      throw new PoisonRecordError(messageOf(error), error.index, { cause: error });
    throw new FatalSinkError(messageOf(error), { cause: error });
  }
}

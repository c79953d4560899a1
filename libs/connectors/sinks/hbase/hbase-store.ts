import { FatalSinkError, PoisonRecordError, RetriableSinkError } from '#pipeline/errors';
import { messageOf } from '#std/errors';
import type { HBaseClient, Mutation } from '#wire/hbase/hbase-client';
import { HBaseError, hbaseErrors } from '#wire/hbase/hbase-errors';

/** One HBase table as sinks write to it, with its errors in the classes that a sink's runner knows. */
export class HBaseStore {
  constructor(
    private readonly client: HBaseClient,
    private readonly table: string,
  ) {}

  /** Throws a FatalSinkError where the table or the family is not there. */
  async requireFamily(family: string): Promise<void> {
    const families = await explained(() => this.client.families(this.table));
    if (families === null) throw new FatalSinkError(`There is no HBase table ${this.table}; make it first.`);
    if (families.includes(family)) return;
    throw new FatalSinkError(
      `The HBase table ${this.table} has no column family ${family}; it has ${families.join(', ')}.`,
    );
  }

  /**
   * All of them, or an error: RetriableSinkError (some may have been applied), FatalSinkError, or PoisonRecordError with the index of the
   * mutation that HBase refuses.
   */
  mutate(mutations: readonly Mutation[], nonceGroup: bigint): Promise<void> {
    if (mutations.length === 0) return Promise.resolve();
    return explained(() => this.client.mutate(this.table, mutations, nonceGroup));
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

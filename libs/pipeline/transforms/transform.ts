/** What a transform and a predicate are. A kind of either is one folder in `libs/connectors/transforms` and one line in their registry. */
import type { OptionProblem, OptionSpecs } from '#config/options';
import type { TransformRecords } from '#pipeline/transforms/transform-records';
import type { Clock } from '#std/clock';
import type { Logger } from '#std/log';

/**
 * Changes records between converters and sink. Works on the records of `records.active`; what it throws for one record inside
 * `records.each`, or reports by `records.fail`, makes that record a dead letter.
 */
export interface Transform {
  /** Once, before the first batch. What it rejects with is tried again like an error of the store. Optional. */
  start?(context: TransformContext): Promise<void>;
  /** A promise only where it has to wait. */
  apply(records: TransformRecords): void | Promise<void>;
  /** Partitions are read anew from where the store stands: what is remembered of records that were seen does not hold any more. Optional. */
  reset?(): void;
  stop?(): Promise<void>;
}

export interface TransformContext {
  /** Of the transform: `a` in `transforms=a`. */
  readonly name: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** A folder of the task's own. */
  readonly stateDirectory: string;
  /** Adds to a metric of the task. */
  count(counter: string, by: number): void;
}

/** What a transform or predicate is made from; `options` without the prefix `transforms.a.`. */
export interface TransformInput {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Addresses of topics, for what is made from a collector's component. */
  readonly bootstrap: string;
}

export interface TransformType {
  /** Short name: `InsertField$Value`, `cel`. */
  readonly name: string;
  readonly classNames: readonly string[];
  readonly doc: string;
  readonly options: OptionSpecs;
  /** Problems between options that each are right by themselves; names without the prefix. Optional. */
  check?(options: Readonly<Record<string, string>>): readonly OptionProblem[];
  create(input: TransformInput): Transform;
}

/** Says whether a transform concerns a record. What it throws makes the record a dead letter. */
export type Predicate = (records: TransformRecords, index: number) => boolean;

export interface PredicateType {
  readonly name: string;
  readonly classNames: readonly string[];
  readonly doc: string;
  readonly options: OptionSpecs;
  create(options: Readonly<Record<string, string>>): Predicate;
}

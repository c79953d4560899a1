import { requireOptions, type OptionProblem, type OptionSpecs, type OptionValues } from '#config/options';
import type { TransformRecords, RecordSide } from '#pipeline/transforms/transform-records';
import type { TransformType } from '#pipeline/transforms/transform';

export type SideName = 'Key' | 'Value';

/** One of Kafka's transforms that comes for keys and for values. */
export interface SidedTransform<T extends OptionSpecs> {
  /** Kafka's simple class name: `InsertField`. */
  readonly name: string;
  readonly doc: string;
  readonly options: T;
  check?(values: OptionValues<T>): readonly OptionProblem[];
  /** What changes one record. */
  create(values: OptionValues<T>): (records: TransformRecords, side: RecordSide, index: number) => void;
}

/** Kafka's `Name$Key` and `Name$Value`; the name alone means the value. */
export function sided<T extends OptionSpecs>(transform: SidedTransform<T>): readonly TransformType[] {
  return (['Key', 'Value'] as const).map((side) => ({
    name: `${transform.name}$${side}`,
    classNames: [
      `org.apache.kafka.connect.transforms.${transform.name}$${side}`,
      ...(side === 'Value' ? [transform.name] : []),
    ],
    doc: `${transform.doc} Of the record's ${side.toLowerCase()}.`,
    options: transform.options,
    check: (options) => transform.check?.(requireOptions(transform.name, transform.options, options)) ?? [],
    create(input) {
      const change = transform.create(requireOptions(`Transform ${input.name}`, transform.options, input.options));
      return {
        apply(records) {
          const data = side === 'Key' ? records.key : records.value;
          records.each((index) => change(records, data, index));
        },
      };
    },
  }));
}

import { defineOptions, requireOptions, type OptionProblem } from '#config/options';
import { stringifyJson, type JsonObject, type JsonValue } from '#pipeline/sink-json';
import type { TransformRecords } from '#pipeline/transforms/transform-records';
import type { PredicateType, TransformType } from '#pipeline/transforms/transform';
import { fieldsOf } from '../struct.js';
import { CelRecord, checkRecordCel, compileRecordCel, jsonOf } from './cel-record.js';

const sees =
  'CEL over `topic`, `partition`, `offset`, `timestamp` (ms), `key`, `body` (the value as text), `headers` and `json` (the value, parsed)';

const options = defineOptions({
  filter: { type: 'string', check: checkRecordCel, doc: `${sees}: records for which it is not true are dropped.` },
  topic: { type: 'string', check: checkRecordCel, doc: 'Expression for the new topic name.' },
  key: { type: 'string', check: checkRecordCel, doc: 'Expression for the new key; null for none.' },
  value: {
    type: 'string',
    check: checkRecordCel,
    doc: 'Expression for the new value: a map becomes JSON, null a tombstone.',
  },
  field: { type: 'map', doc: '`field.<name>` is an expression for a field of the value, at the top.' },
  header: { type: 'map', doc: '`header.<name>` is an expression for a header; null removes it.' },
});

type Change = (records: TransformRecords, index: number, record: CelRecord) => void;

export const celTransform: TransformType = {
  name: 'cel',
  classNames: [],
  doc: 'Filters records by an expression (CEL), or sets topic, key, value, fields or headers to what expressions give.',
  options,
  check(given) {
    const values = requireOptions('Transform', options, given);
    const maps = [
      ...Object.entries(values.field).map(([name, text]) => [`field.${name}`, text] as const),
      ...Object.entries(values.header).map(([name, text]) => [`header.${name}`, text] as const),
    ];
    const problems = maps.flatMap(([name, text]): OptionProblem[] => {
      const message = checkRecordCel(text);
      return message === null ? [] : [{ name, value: text, message }];
    });
    if (Object.keys(given).length > 0) return problems;
    return [
      {
        name: 'type',
        value: null,
        message: 'The transform has nothing to do: set filter, topic, key, value, field.<name> or header.<name>',
      },
    ];
  },
  create(input) {
    const values = requireOptions(`Transform ${input.name}`, options, input.options);
    const filter = values.filter === null ? null : compileRecordCel(values.filter);
    const changes = changesOf(values);
    return {
      apply(records) {
        const record = new CelRecord(records);
        records.each((index) => {
          if (filter !== null && filter(record.at(index)) !== true) records.drop(index);
          else for (const change of changes) change(records, index, record.at(index));
        });
      },
    };
  },
};

interface Expressions {
  readonly topic: string | null;
  readonly key: string | null;
  readonly value: string | null;
  readonly field: Readonly<Record<string, string>>;
  readonly header: Readonly<Record<string, string>>;
}

/** Headers and fields first, then the value, the key and the topic; each sees what those before it have changed. */
function changesOf(values: Expressions): Change[] {
  const changes: Change[] = [];
  for (const [name, text] of Object.entries(values.header)) changes.push(headerChange(name, compileRecordCel(text)));
  const fields = Object.entries(values.field).map(([name, text]) => ({ name, of: compileRecordCel(text) }));
  if (fields.length > 0) {
    changes.push((records, index, record) => {
      const data = records.value.data(index);
      if (data === null) return;
      const changed: JsonObject = { ...fieldsOf(data, records.value.schema(index), 'setting fields') };
      for (const { name, of } of fields) changed[name] = jsonOf(of(record));
      // What an expression gives has no declared type.
      records.value.set(index, changed);
    });
  }
  if (values.value !== null) {
    const of = compileRecordCel(values.value);
    changes.push((records, index, record) => records.value.set(index, jsonOf(of(record))));
  }
  if (values.key !== null) {
    const of = compileRecordCel(values.key);
    changes.push((records, index, record) => records.key.set(index, jsonOf(of(record))));
  }
  if (values.topic !== null) {
    const of = compileRecordCel(values.topic);
    changes.push((records, index, record) => {
      const topic = of(record);
      if (typeof topic !== 'string' || topic === '') throw new Error('the expression for the topic gave no text');
      records.setTopic(index, topic);
    });
  }
  return changes;
}

function headerChange(name: string, of: (record: CelRecord) => unknown): Change {
  return (records, index, record) => {
    const value = jsonOf(of(record));
    const others = records.headers(index).filter(({ key }) => key !== name);
    records.setHeaders(index, value === null ? others : [...others, { key: name, value: Buffer.from(textOf(value)) }]);
  };
}

function textOf(value: JsonValue): string {
  return typeof value === 'string' ? value : stringifyJson(value);
}

const predicateOptions = defineOptions({
  expression: { type: 'string', required: true, check: checkRecordCel, doc: `${sees}; true or false.` },
});

export const celPredicate: PredicateType = {
  name: 'cel',
  classNames: [],
  doc: 'Holds for records for which an expression (CEL) is true.',
  options: predicateOptions,
  create(given) {
    const holds = compileRecordCel(requireOptions('Predicate', predicateOptions, given).expression);
    let last: { records: TransformRecords; record: CelRecord } | null = null;
    return (records, index) => {
      if (last?.records !== records) last = { records, record: new CelRecord(records) };
      return holds(last.record.at(index)) === true;
    };
  },
};

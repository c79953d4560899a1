import { defineOptions } from '#config/options';
import { logicalNames, type ConnectField, type ConnectSchema } from '#pipeline/connect-schema';
import { timestampText } from '#pipeline/logical-values';
import type { JsonValue } from '#pipeline/sink-json';
import { sided } from '../side.js';
import { DerivedSchemas, fieldsOf, replaceNullOption, structValues, withFields } from '../struct.js';

const marks = 'Ends with `!` where it is a required field, with `?` (default) where it is optional.';

const options = defineOptions({
  'topic.field': { type: 'string', doc: `Field that gets the topic. ${marks}` },
  'partition.field': { type: 'string', doc: `Field that gets the partition. ${marks}` },
  'offset.field': { type: 'string', doc: `Field that gets the offset. ${marks}` },
  'timestamp.field': { type: 'string', doc: `Field that gets the record's timestamp. ${marks}` },
  'static.field': { type: 'string', doc: `Field that gets \`static.value\`. ${marks}` },
  'static.value': { type: 'string', doc: 'What `static.field` gets.' },
  ...replaceNullOption,
});

const purpose = 'field insertion';

interface Insertion {
  readonly name: string;
  readonly schema: ConnectSchema;
}

export const insertFieldTransforms = sided({
  name: 'InsertField',
  doc: 'Adds fields with the topic, partition, offset or timestamp of the record, or with a fixed text.',
  options,
  check(values) {
    const fields = [
      values['topic.field'],
      values['partition.field'],
      values['offset.field'],
      values['timestamp.field'],
      values['static.field'],
    ];
    if (fields.every((field) => field === null)) {
      return [
        {
          name: 'type',
          value: null,
          message: 'No field insertion configured: set topic.field, offset.field or another',
        },
      ];
    }
    if (values['static.field'] === null || values['static.value'] !== null) return [];
    return [
      { name: 'static.value', value: null, message: `No value specified for static field: ${values['static.field']}` },
    ];
  },
  create(values) {
    const topic = insertion(values['topic.field'], { type: 'string', optional: true });
    const partition = insertion(values['partition.field'], { type: 'int32', optional: true });
    const offset = insertion(values['offset.field'], { type: 'int64', optional: true });
    const time = insertion(values['timestamp.field'], {
      type: 'int64',
      optional: true,
      name: logicalNames.timestamp,
      version: 1,
    });
    const fixed = insertion(values['static.field'], { type: 'string', optional: true });
    const added = [topic, partition, offset, time, fixed].filter((each) => each !== null);
    const schemas = new DerivedSchemas((schema) =>
      withFields(schema, [...(schema.fields ?? []), ...added] as ConnectField[]),
    );
    return (records, side, index) => {
      const data = side.data(index);
      if (data === null) return;
      const schema = side.schema(index);
      const given = fieldsOf(data, schema, purpose);
      const fields: Record<string, JsonValue> =
        schema === undefined ? { ...given } : structValues(given, schema, values['replace.null.with.default']);
      if (topic !== null) fields[topic.name] = records.topic(index);
      if (partition !== null) fields[partition.name] = records.partition;
      if (offset !== null) fields[offset.name] = records.offset(index);
      if (time !== null) {
        const timestamp = records.timestamp(index);
        fields[time.name] = schema === undefined ? timestamp : timestampText(timestamp);
      }
      if (fixed !== null) fields[fixed.name] = values['static.value'];
      side.set(index, fields, schema === undefined ? undefined : schemas.of(schema));
    };
  },
});

/** `name!` is required, `name?` and `name` are optional. */
function insertion(written: string | null, optional: ConnectSchema): Insertion | null {
  if (written === null) return null;
  const isRequired = written.endsWith('!');
  const name = isRequired || written.endsWith('?') ? written.slice(0, -1) : written;
  return { name, schema: isRequired ? { ...optional, optional: false } : optional };
}

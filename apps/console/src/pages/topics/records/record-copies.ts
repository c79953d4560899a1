/** A record as text to take along. */
import type { Content, RecordDetail } from './record-api.js';

/** A line of an export, from which the same bytes can be written again. */
export function jsonOf({ topic, partition, offset, timestamp, key, value, headers }: RecordDetail): string {
  return JSON.stringify(
    {
      topic,
      partition,
      offset,
      timestamp,
      ...sideOf('key', key),
      ...sideOf('value', value),
      headers: headers.map(({ name, value: text, format }) => ({
        key: name,
        value: text,
        encoding: format === 'null' ? null : format,
      })),
    },
    null,
    2,
  );
}

function sideOf(name: 'key' | 'value', content: Content | null): Record<string, unknown> {
  if (content === null) return { [name]: null, [`${name}_encoding`]: null };
  const text = plainText(content);
  if (text === null) return { [name]: content.base64, [`${name}_encoding`]: 'base64' };
  if (content.chosen === 'text') return { [name]: text, [`${name}_encoding`]: 'text' };
  const value: unknown = JSON.parse(text);
  const exact = JSON.stringify(value) === text ? {} : { [`${name}_text`]: text };
  return { [name]: value, [`${name}_encoding`]: 'json', ...exact };
}

/** JSON or text that is nothing else beside, as it came; null where the bytes are not such, or are too many to be here. */
export function plainText(content: Content): string | null {
  if (content.chosen !== 'json' && content.chosen !== 'text') return null;
  const found = content.decodings.find(({ decoder }) => decoder === 'text');
  // A schema's frame begins with a zero byte.
  return found === undefined || found.text === null || found.is_cut || found.text.startsWith('\0') ? null : found.text;
}

export function recordCommands({ topic, partition, offset, timestamp }: RecordDetail, bootstrap: string): string[] {
  return [
    `kcat -b ${bootstrap} -t ${topic} -C -p ${partition} -o ${offset} -c 1`,
    `npx millrace topic consume ${topic} --bootstrap ${bootstrap} --from ${timestamp} -n 1 -o json`,
  ];
}

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
  const text = textOf(content);
  if (content.chosen === 'json' && text !== null && content.decodings.some(({ decoder }) => decoder === 'text')) {
    return { [name]: JSON.parse(text) as unknown, [`${name}_encoding`]: 'json' };
  }
  if (content.chosen === 'text' && text !== null) return { [name]: text, [`${name}_encoding`]: 'text' };
  return { [name]: content.base64, [`${name}_encoding`]: 'base64' };
}

/** The bytes as UTF-8; null where they are not. */
export function textOf(content: Content): string | null {
  const found = content.decodings.find(({ decoder }) => decoder === 'text');
  return found === undefined || found.is_cut ? null : found.text;
}

export function recordCommands({ topic, partition, offset, timestamp }: RecordDetail, bootstrap: string): string[] {
  return [
    `kcat -b ${bootstrap} -t ${topic} -C -p ${partition} -o ${offset} -c 1`,
    `npx millrace topic consume ${topic} --bootstrap ${bootstrap} --from ${timestamp} -n 1 -o json`,
  ];
}

/**
 * Names of finished files: `[<prefix>+]<topic>+<partition>+<first offset>+<last offset><extension>`, offsets padded with zeros (10 digits
 * unless configured) and both inclusive. Kafka Connect's HDFS connector names its files so, without a prefix, and readers know
 * it. Topics cannot contain `+`, so a name reads back without doubt from its end.
 */
export interface FinalName {
  readonly prefix: string;
  readonly topic: string;
  readonly partition: number;
  readonly firstOffset: number;
  /** Null where the name does not have it. */
  readonly lastOffset: number | null;
  /** With its dot; never starts with a digit. */
  readonly extension: string;
}

export function formatFinalName(name: FinalName, padWidth: number): string {
  const pad = (offset: number): string => String(offset).padStart(padWidth, '0');
  const prefix = name.prefix === '' ? '' : `${name.prefix}+`;
  const last = name.lastOffset === null ? '' : `+${pad(name.lastOffset)}`;
  return `${prefix}${name.topic}+${name.partition}+${pad(name.firstOffset)}${last}${name.extension}`;
}

const pattern = /^(?:(.*)\+)?([A-Za-z0-9._-]+)\+(\d+)\+(\d+)\+(\d+)(\D.*)?$/s;
const patternWithoutLast = /^(?:(.*)\+)?([A-Za-z0-9._-]+)\+(\d+)\+(\d+)()(\D.*)?$/s;

/** Null where the name is none of ours. */
export function parseFinalName(text: string, withLast = true): FinalName | null {
  const match = (withLast ? pattern : patternWithoutLast).exec(text);
  if (match === null) return null;
  const [, prefix = '', topic = '', partition, firstOffset, lastOffset, extension = ''] = match;
  return {
    prefix,
    topic,
    partition: Number(partition),
    firstOffset: Number(firstOffset),
    lastOffset: withLast ? Number(lastOffset) : null,
    extension,
  };
}

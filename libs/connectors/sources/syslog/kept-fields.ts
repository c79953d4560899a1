import type { SyslogHead } from './syslog-head.js';

/** Which fields stay in the body. */
export interface KeptFields {
  readonly all: boolean;
  /** Some stay, and not all. */
  readonly isPartial: boolean;
  readonly priority: boolean;
  readonly version: boolean;
  readonly timestamp: boolean;
  readonly hostname: boolean;
}

export const keptFieldNames = ['priority', 'version', 'timestamp', 'hostname'] as const;

/** A field is kept when its name is somewhere in the text, as in Flume. */
export function keptFields(text: string): KeptFields {
  const lower = text.toLowerCase();
  const all = lower === 'all' || lower === 'true';
  const has = (name: string): boolean => !all && lower.includes(name);
  return {
    all,
    isPartial: keptFieldNames.some(has),
    priority: has('priority'),
    version: has('version'),
    timestamp: has('timestamp'),
    hostname: has('hostname'),
  };
}

/** Whether the option's text names anything. */
export function namesFields(text: string): boolean {
  const { all, isPartial } = keptFields(text);
  return all || isPartial || /^(none|false)$/i.test(text.trim());
}

/** What comes before the body: `<34>1 2003-10-11T22:14:15Z host `. One character a byte. A field that the message has not is left out. */
export function keptText(keep: KeptFields, bytes: Buffer, head: SyslogHead): string {
  let text = keep.priority ? `<${head.priorityText ?? ''}>` : '';
  if (keep.version && head.version !== null) text += `${head.version} `;
  if (keep.timestamp && head.timeEnd > head.timeAt) text += `${bytes.toString('latin1', head.timeAt, head.timeEnd)} `;
  if (keep.hostname && head.host !== null) text += `${bytes.toString('latin1', head.hostAt, head.hostEnd)} `;
  return text;
}

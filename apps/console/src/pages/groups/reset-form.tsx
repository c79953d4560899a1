import { SelectField, TextField } from '../../ui/fields.js';
import type { Reset } from './group-api.js';

export interface ResetDraft {
  readonly topic: string;
  /** Numbers with commas; empty: all. */
  readonly partitions: string;
  readonly to: 'earliest' | 'latest' | 'offset' | 'timestamp' | 'shift_by';
  readonly value: string;
}

const targets = [
  { value: 'earliest', label: 'the oldest record there is' },
  { value: 'latest', label: 'the end: nothing that waits is read' },
  { value: 'timestamp', label: 'the first record at or after a time' },
  { value: 'offset', label: 'an offset' },
  { value: 'shift_by', label: 'so many records on (negative: back)' },
] as const;

/** Null where something is missing. */
export function resetOf({ topic, partitions, to, value }: ResetDraft): Reset | null {
  const numbers = partitions
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');
  const chosen = numbers.length === 0 ? {} : { partitions: numbers.map(Number) };
  if (topic === '' || numbers.some((text) => !/^\d+$/.test(text))) return null;
  if (to === 'earliest' || to === 'latest') return { topic, ...chosen, to };
  if (value === '') return null;
  if (to === 'timestamp') {
    const at = new Date(value);
    return Number.isNaN(at.getTime()) ? null : { topic, ...chosen, to: { timestamp: at.toISOString() } };
  }
  if (!/^-?\d+$/.test(value)) return null;
  return { topic, ...chosen, to: to === 'offset' ? { offset: Number(value) } : { shift_by: Number(value) } };
}

export function ResetForm(props: {
  topics: readonly string[];
  draft: ResetDraft;
  onChange: (draft: ResetDraft) => void;
}) {
  const { topics, draft, onChange } = props;
  const hasValue = draft.to !== 'earliest' && draft.to !== 'latest';
  return (
    <div className="groups-reset">
      <SelectField
        label="Topic"
        value={draft.topic}
        options={topics}
        onChange={(topic) => onChange({ ...draft, topic })}
      />
      <TextField
        label="Partitions"
        placeholder="all"
        value={draft.partitions}
        onChange={(partitions) => onChange({ ...draft, partitions })}
      />
      <SelectField
        label="Goes on at"
        value={draft.to}
        options={targets}
        onChange={(to) => onChange({ ...draft, to, value: '' })}
      />
      {hasValue ? (
        <TextField
          label={
            { timestamp: 'Time', offset: 'Offset', shift_by: 'Records' }[
              draft.to as 'timestamp' | 'offset' | 'shift_by'
            ]
          }
          type={draft.to === 'timestamp' ? 'datetime-local' : 'text'}
          value={draft.value}
          onChange={(value) => onChange({ ...draft, value })}
        />
      ) : null}
    </div>
  );
}

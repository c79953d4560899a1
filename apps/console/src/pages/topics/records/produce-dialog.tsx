import { useState } from 'react';
import { request } from '../../../api/request.js';
import { Button } from '../../../ui/basics.js';
import { Dialog } from '../../../ui/dialogs.js';
import { SelectField, TextArea, TextField } from '../../../ui/fields.js';
import { ErrorNotice, toast } from '../../../ui/notices.js';
import { recordsPath, type Content, type RecordDetail } from './record-api.js';
import { plainText } from './record-copies.js';
import { bodyOf, formProblems, forms, type Form, type NewRecordForm } from './new-record.js';
import type { RecordPlace } from './record-query.js';

export type Draft = Partial<NewRecordForm>;

/** The form of a record that is there: JSON and text as they are, all else as hex. */
export function draftOf({ partition, key, value, headers }: RecordDetail): Draft {
  return {
    ...sideOf('key', key),
    ...sideOf('value', value),
    partition: String(partition),
    headers: headers
      .flatMap(({ name, value: text, format }) => (format === 'text' ? [`${name}: ${text ?? ''}`] : []))
      .join('\n'),
  };
}

function sideOf(name: 'key' | 'value', content: Content | null): Draft {
  if (content === null) return { [`${name}Form`]: 'null', [name]: '' };
  const text = plainText(content);
  // A text field would take the returns away.
  if (text !== null && !text.includes('\r')) {
    return { [`${name}Form`]: content.chosen === 'json' ? 'json' : 'text', [name]: text };
  }
  const bytes = Uint8Array.from(atob(content.base64 ?? ''), (byte) => byte.charCodeAt(0));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return { [`${name}Form`]: 'hex', [name]: hex };
}

interface Written {
  readonly written: number;
  readonly records: readonly {
    readonly partition: number | null;
    readonly offset: number | null;
    readonly bytes: number;
  }[];
}

const empty: NewRecordForm = { keyForm: 'text', key: '', valueForm: 'json', value: '', headers: '', partition: '' };

/** Writes one record, and opens it. */
export function ProduceDialog(props: {
  topic: string;
  partitions: number;
  draft: Draft;
  onClose: () => void;
  onWritten: (place: RecordPlace) => void;
}) {
  const { topic, partitions, onClose, onWritten } = props;
  const [form, setForm] = useState<NewRecordForm>({ ...empty, ...props.draft });
  const [error, setError] = useState<unknown>(null);
  const [plan, setPlan] = useState<string | null>(null);
  const [isRunning, setIsRunning] = useState(false);
  const change = (part: Draft): void => {
    setForm({ ...form, ...part });
    setPlan(null);
  };
  const problems = formProblems(form);
  const isWrong = Object.values(problems).some((problem) => problem !== null);
  const send = async (isTrial: boolean): Promise<void> => {
    setIsRunning(true);
    setError(null);
    try {
      const query = isTrial ? { validate_only: true } : {};
      const { records } = await request<Written>('POST', recordsPath(topic), { query, body: bodyOf(form) });
      const [place] = records;
      if (isTrial) setPlan(planWords(place, partitions));
      else {
        const partition = place?.partition ?? null;
        const offset = place?.offset ?? null;
        toast(offset === null ? 'Written.' : `Written to partition ${partition}, offset ${offset}.`);
        onClose();
        if (partition !== null && offset !== null) onWritten({ partition, offset });
      }
    } catch (caught) {
      setError(caught);
    } finally {
      setIsRunning(false);
    }
  };
  const isCopy = props.draft.value !== undefined;
  return (
    <Dialog
      title={isCopy ? `Send an edited copy to ${topic}` : `Write a record to ${topic}`}
      isOpen
      onClose={onClose}
      size="wide"
    >
      <Side
        name="Key"
        form={form.keyForm}
        text={form.key}
        problem={problems.key}
        rows={2}
        onChange={(keyForm, key) => change({ keyForm, key })}
      />
      <Side
        name="Value"
        form={form.valueForm}
        text={form.value}
        problem={problems.value}
        rows={8}
        onChange={(valueForm, value) => change({ valueForm, value })}
      />
      <TextArea
        label="Headers"
        rows={2}
        value={form.headers}
        placeholder="tenant: a"
        hint="One a line: name: value"
        problem={problems.headers}
        onChange={(headers) => change({ headers })}
      />
      <TextField
        label="Partition"
        type="number"
        value={form.partition}
        placeholder="by the key"
        onChange={(partition) => change({ partition })}
      />
      {error === null ? null : <ErrorNotice error={error} />}
      <div className="row">
        <span className="grow" role="status">
          {plan}
        </span>
        <Button onPress={onClose}>Cancel</Button>
        <Button isDisabled={isWrong || isRunning} onPress={() => void send(true)}>
          Try only
        </Button>
        <Button tone="primary" isDisabled={isWrong || isRunning} onPress={() => void send(false)}>
          Write
        </Button>
      </div>
    </Dialog>
  );
}

function planWords(place: Written['records'][number] | undefined, partitions: number): string {
  const partition = place?.partition ?? null;
  const where = partition === null ? `any of ${partitions} partitions` : `partition ${partition}`;
  return `Could be written: ${place?.bytes ?? 0} bytes, to ${where}.`;
}

const formLabels: Readonly<Record<Form, string>> = { json: 'JSON', text: 'Text', hex: 'Hex', null: 'None (null)' };

function Side(props: {
  name: string;
  form: Form;
  text: string;
  rows: number;
  problem: string | null;
  onChange: (form: Form, text: string) => void;
}) {
  const { name, form, text, rows, problem, onChange } = props;
  return (
    <div className="records-side">
      <SelectField
        label={`${name} is`}
        value={form}
        options={forms.map((value) => ({ value, label: formLabels[value] }))}
        onChange={(next) => onChange(next, text)}
      />
      {form === 'null' ? null : (
        <TextArea label={name} rows={rows} value={text} problem={problem} onChange={(next) => onChange(form, next)} />
      )}
    </div>
  );
}

import { useState } from 'react';
import { useGet } from '../../api/queries.js';
import { CodeEditor } from '../../ui/code-editor.js';
import { SelectField, TextArea, TextField } from '../../ui/fields.js';
import { ErrorNotice, Loading } from '../../ui/notices.js';
import type { FormValue, Problems } from '../../ui/schema-fields.js';
import { SchemaForm } from '../../ui/schema-form.js';
import { configOf, draftOfText, textOf } from './sink-draft.js';
import type { SinkTypeDetail } from './sink-api.js';

interface SinkFormProps {
  readonly draft: FormValue;
  readonly onChange: (draft: FormValue) => void;
  readonly problems: Problems;
}

/** Options that a sink has beside those of its type: they are refused in `config`. */
const elsewhere = [
  ...['name', 'connector.class', 'topics', 'topics.regex', 'transforms', 'predicates', 'tasks.max'],
  ...['batch.max.records', 'batch.max.bytes', 'batch.linger.ms'],
  ...['errors.retry.timeout', 'errors.retry.delay.max.ms', 'max.attempts', 'errors.tolerance'],
  'errors.deadletterqueue.topic.name',
  'errors.deadletterqueue.topic.replication.factor',
  'errors.deadletterqueue.context.headers.enable',
  // Only asked for when a sink is made.
  'start.from',
];

/** Topics and the type's options as fields, or all of it as JSON. */
export function SinkForm(props: SinkFormProps) {
  const [form, setForm] = useState<'fields' | 'json'>('fields');
  return (
    <div className="stack">
      <div style={{ maxWidth: 240 }}>
        <SelectField
          label="Edit as"
          value={form}
          options={[
            { value: 'fields', label: 'Fields' },
            { value: 'json', label: 'JSON' },
          ]}
          onChange={setForm}
        />
      </div>
      {form === 'fields' ? <Fields {...props} /> : <Json {...props} />}
    </div>
  );
}

function Fields({ draft, onChange, problems }: SinkFormProps) {
  const type = typeof draft['type'] === 'string' ? draft['type'] : '';
  const { data, error } = useGet<SinkTypeDetail>(type === '' ? null : `/api/v1/sink-types/${encodeURIComponent(type)}`);
  const topics = Array.isArray(draft['topics']) ? draft['topics'].map(String) : [];
  const errorField = configOf(draft)['errors.tolerance'];
  return (
    <div className="stack">
      <TextArea
        label="Topics (required)"
        hint="One a line."
        rows={2}
        value={topics.join('\n')}
        problem={problems.get('/topics') ?? null}
        onChange={(text) => onChange({ ...draft, topics: text.split('\n') })}
      />
      {error === null ? null : <ErrorNotice error={error} />}
      {data === undefined ? (
        error === null ? (
          <Loading what="its options" />
        ) : null
      ) : (
        <SchemaForm
          schema={data.config_schema}
          value={configOf(draft)}
          problems={problems}
          at="/config"
          without={elsewhere}
          onChange={(config) => onChange({ ...draft, config })}
        />
      )}
      <SelectField
        label="A record that the store refuses"
        value={errorField === 'all' ? 'all' : 'none'}
        options={[
          { value: 'none', label: 'stops the task there' },
          { value: 'all', label: 'goes to the dead-letter topic, and the rest goes on' },
        ]}
        onChange={(value) => onChange(withTolerance(draft, value))}
      />
      {errorField === 'all' ? (
        <TextField
          label="Dead-letter topic"
          value={wordOf(draft['dlq'], 'topic')}
          problem={problems.get('/dlq/topic') ?? null}
          onChange={(topic) => onChange({ ...draft, dlq: { ...partOf(draft['dlq']), topic } })}
        />
      ) : null}
      <TextField
        label="Tasks"
        type="number"
        hint="They share the partitions; more than there are partitions stay idle. Default: 1."
        value={wordOf(draft['tasks'], 'max')}
        problem={problems.get('/tasks/max') ?? null}
        onChange={(max) => onChange(withTasks(draft, max))}
      />
    </div>
  );
}

function withTasks(draft: FormValue, max: string): FormValue {
  const { tasks: _tasks, ...rest } = draft;
  return max === '' ? rest : { ...rest, tasks: { max: Number(max) } };
}

function partOf(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}

function wordOf(value: unknown, name: string): string {
  const word: unknown = Reflect.get(partOf(value), name);
  return typeof word === 'string' || typeof word === 'number' ? String(word) : '';
}

/** Without a topic for them, dead letters go beside the first topic. */
function withTolerance(draft: FormValue, tolerance: 'none' | 'all'): FormValue {
  const { 'errors.tolerance': _tolerance, ...config } = configOf(draft);
  const [topic = 'records'] = Array.isArray(draft['topics']) ? draft['topics'].map(String) : [];
  const { dlq: _dlq, ...rest } = draft;
  if (tolerance === 'none') return { ...rest, config };
  return {
    ...rest,
    dlq: draft['dlq'] ?? { topic: `${topic}.dead-letters` },
    config: { ...config, 'errors.tolerance': 'all' },
  };
}

function Json({ draft, onChange }: SinkFormProps) {
  const [text, setText] = useState(() => textOf(draft));
  const isWrong = draftOfText(text) === null;
  return (
    <div className="stack">
      <CodeEditor
        label="The sink as JSON"
        language="json"
        value={text}
        onChange={(next) => {
          setText(next);
          const parsed = draftOfText(next);
          if (parsed !== null) onChange(parsed);
        }}
      />
      {isWrong ? (
        <p role="alert" style={{ color: 'var(--bad)' }}>
          This is no JSON object yet: what was valid last counts.
        </p>
      ) : null}
    </div>
  );
}

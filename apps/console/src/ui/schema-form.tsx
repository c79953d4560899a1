/** A form made from a JSON Schema: what is required first, then by group; what is seldom needed is folded away. */
import { useMemo, useState } from 'react';
import { CheckField, SelectField, TextArea, TextField } from './fields.js';
import {
  fieldsOf,
  shownValue,
  valueOfText,
  type FormField,
  type FormValue,
  type JsonSchema,
  type Problems,
} from './schema-fields.js';

export interface SchemaFormProps {
  readonly schema: JsonSchema;
  readonly value: FormValue;
  readonly onChange: (value: FormValue) => void;
  /** What is wrong, by JSON pointer. */
  readonly problems?: Problems;
  /** Pointer of `value` in what is sent. Default: the root. */
  readonly at?: string;
  /** Names that have a place of their own elsewhere. */
  readonly without?: readonly string[];
}

export function SchemaForm(props: SchemaFormProps) {
  const { schema, value, problems = new Map(), at = '' } = props;
  const [search, setSearch] = useState('');
  const fields = useMemo(
    () => fieldsOf(schema).filter(({ name }) => props.without?.includes(name) !== true),
    [schema, props.without],
  );
  const isTold = (field: FormField): boolean => problems.has(`${at}/${field.name}`) || value[field.name] !== undefined;
  const isWanted = (field: FormField): boolean =>
    search !== '' && `${field.name} ${field.description}`.toLowerCase().includes(search.toLowerCase());
  const main = fields.filter((field) => field.isMain || isTold(field));
  const more = fields.filter((field) => !field.isMain && !isTold(field));
  const found = search === '' ? more : more.filter(isWanted);
  const draw = (field: FormField) => (
    <Field
      key={field.name}
      field={field}
      value={value[field.name]}
      problems={problems}
      at={`${at}/${field.name}`}
      onChange={(next) => {
        const { [field.name]: _old, ...rest } = value;
        props.onChange(next === undefined ? rest : { ...rest, [field.name]: next });
      }}
    />
  );
  return (
    <div className="stack">
      {main.map(draw)}
      {more.length === 0 ? null : (
        <details className="card">
          <summary style={{ minHeight: 24, cursor: 'pointer' }}>
            {more.length} more {more.length === 1 ? 'option' : 'options'}, all with defaults
          </summary>
          <div className="stack" style={{ paddingTop: 12 }}>
            {more.length < 8 ? null : (
              <TextField label="Find an option" type="search" value={search} onChange={setSearch} />
            )}
            {groupsOf(found).map(([group, members]) => (
              <fieldset key={group} className="stack" style={{ border: 0, padding: 0, margin: 0 }}>
                <legend style={{ fontWeight: 700, padding: '6px 0' }}>{group}</legend>
                {members.map(draw)}
              </fieldset>
            ))}
          </div>
        </details>
      )}
    </div>
  );
}

function groupsOf(fields: readonly FormField[]): [string, FormField[]][] {
  const groups = new Map<string, FormField[]>();
  for (const field of fields) groups.set(field.group, [...(groups.get(field.group) ?? []), field]);
  return [...groups];
}

interface FieldProps {
  readonly field: FormField;
  readonly value: unknown;
  readonly onChange: (value: unknown) => void;
  readonly problems: Problems;
  readonly at: string;
}

function Field({ field, value, onChange, problems, at }: FieldProps) {
  const label = field.isRequired ? `${field.label} (required)` : field.label;
  const problem = problems.get(at) ?? null;
  const hint = hintOf(field);
  const common = { label, problem, ...(hint === '' ? {} : { hint }) };
  const text = shownValue(value);
  const setText = (next: string): void => onChange(valueOfText(next, field.kind));
  switch (field.kind) {
    case 'enum':
      return (
        <SelectField
          {...common}
          value={text}
          options={[{ value: '', label: field.isRequired ? 'Choose …' : 'Default' }, ...field.values]}
          onChange={setText}
        />
      );
    case 'boolean':
      return (
        <SelectField
          {...common}
          value={text}
          options={[{ value: '', label: 'Default' }, 'true', 'false']}
          onChange={setText}
        />
      );
    case 'object':
      return (
        <fieldset className="card stack" style={{ margin: 0 }}>
          <legend style={{ fontWeight: 600, padding: '0 6px' }}>{label}</legend>
          {hint === '' ? null : <p className="quiet">{hint}</p>}
          {problem === null ? null : (
            <p role="alert" style={{ color: 'var(--bad)' }}>
              {problem}
            </p>
          )}
          <CheckField
            label={`Set ${field.label}`}
            value={value !== undefined}
            onChange={(isOn) => onChange(isOn ? {} : undefined)}
          />
          {value === undefined ? null : (
            <SchemaForm
              schema={field.schema}
              value={typeof value === 'object' && value !== null ? { ...value } : {}}
              onChange={onChange}
              problems={problems}
              at={at}
            />
          )}
        </fieldset>
      );
    case 'list':
    case 'json':
      return <TextArea {...common} rows={3} value={text} onChange={setText} />;
    case 'secret':
      return <TextField {...common} value={text} onChange={setText} placeholder="${env:NAME}" />;
    case 'number':
    case 'text':
      return (
        <TextField
          {...common}
          value={text}
          onChange={setText}
          {...(field.example === '' ? {} : { placeholder: field.example })}
        />
      );
  }
}

function hintOf(field: FormField): string {
  const kind = {
    list: 'One a line.',
    json: 'As JSON.',
    secret: 'Better a reference than the secret: ${env:NAME} or ${file:PATH}.',
  };
  const unit = field.unit === '' ? '' : ` Unit: ${field.unit}.`;
  const fallback = field.defaultText === '' ? '' : ` Default: ${field.defaultText}.`;
  const form = field.kind in kind ? ` ${kind[field.kind as keyof typeof kind]}` : '';
  return `${field.description}${form}${unit}${fallback}`.trim();
}

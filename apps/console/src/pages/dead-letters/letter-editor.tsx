/** Key, value and headers of a letter as they will be sent. */
import { Button } from '../../ui/basics.js';
import { CodeEditor } from '../../ui/code-editor.js';
import { CheckField, TextField } from '../../ui/fields.js';
import { contentText, type Letter } from './letter-types.js';

export interface LetterDraft {
  readonly key: string;
  readonly hasKey: boolean;
  readonly value: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

export function draftOf({ key, value, headers }: Letter): LetterDraft {
  return {
    key: contentText(key),
    hasKey: key !== null,
    value: contentText(value),
    headers: headers.map((header) => ({ name: header.name, value: header.value ?? '' })),
  };
}

/** Only what was changed; undefined: nothing. Bytes that are no text are edited as base64. */
export function editOf(letter: Letter, draft: LetterDraft): object | undefined {
  const before = draftOf(letter);
  const isBytes = letter.value !== null && letter.value.text === null;
  const value = draft.value === before.value ? {} : isBytes ? { value_base64: draft.value } : { value: draft.value };
  const isKeySame = draft.hasKey === before.hasKey && draft.key === before.key;
  const key = isKeySame ? {} : { key: draft.hasKey ? draft.key : null };
  const headers = headerChanges(before.headers, draft.headers);
  const edit = { ...value, ...key, ...(Object.keys(headers).length === 0 ? {} : { headers }) };
  return Object.keys(edit).length === 0 ? undefined : edit;
}

function headerChanges(
  before: LetterDraft['headers'],
  after: LetterDraft['headers'],
): Readonly<Record<string, string | null>> {
  const kept = new Map(after.filter(({ name }) => name !== '').map(({ name, value }) => [name, value]));
  const gone = before.filter(({ name }) => !kept.has(name)).map(({ name }) => [name, null] as const);
  const set = [...kept].filter(
    ([name, value]) => !before.some((header) => header.name === name && header.value === value),
  );
  return Object.fromEntries([...gone, ...set]);
}

export function LetterEditor({ draft, onChange }: { draft: LetterDraft; onChange: (draft: LetterDraft) => void }) {
  const setHeader = (index: number, change: { name?: string; value?: string }): void =>
    onChange({
      ...draft,
      headers: draft.headers.map((header, at) => (at === index ? { ...header, ...change } : header)),
    });
  return (
    <>
      <div className="field">
        <span className="label">Value</span>
        <CodeEditor
          label="Value"
          value={draft.value}
          onChange={(value) => onChange({ ...draft, value })}
          language={/^\s*[[{]/.test(draft.value) ? 'json' : 'text'}
          height="160px"
        />
      </div>
      <CheckField label="Has a key" value={draft.hasKey} onChange={(hasKey) => onChange({ ...draft, hasKey })} />
      {draft.hasKey ? (
        <TextField label="Key" value={draft.key} onChange={(key) => onChange({ ...draft, key })} />
      ) : null}
      <fieldset className="stack dead-letters-headers">
        <legend>Headers</legend>
        {draft.headers.map((header, index) => (
          <div className="row" key={index} style={{ alignItems: 'flex-end' }}>
            <div className="grow">
              <TextField label="Header" value={header.name} onChange={(name) => setHeader(index, { name })} />
            </div>
            <div className="grow">
              <TextField
                label={`Value of ${header.name || 'the header'}`}
                value={header.value}
                onChange={(value) => setHeader(index, { value })}
              />
            </div>
            <Button
              tone="quiet"
              aria-label={`Remove header ${header.name}`}
              onPress={() => onChange({ ...draft, headers: draft.headers.filter((_, at) => at !== index) })}
            >
              ✕
            </Button>
          </div>
        ))}
        <div className="row">
          <Button onPress={() => onChange({ ...draft, headers: [...draft.headers, { name: '', value: '' }] })}>
            Add a header
          </Button>
        </div>
      </fieldset>
    </>
  );
}

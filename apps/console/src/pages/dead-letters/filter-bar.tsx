/** What the letters are narrowed to: shown as what can be taken away, and as fields for what no click gives. */
import { useEffect, useState } from 'react';
import { Button } from '../../ui/basics.js';
import { SelectField, TextField } from '../../ui/fields.js';
import { Time } from '../../ui/time.js';
import type { FilterName, LetterFilter } from './letter-filter.js';

const clicked: readonly (readonly [FilterName, string])[] = [
  ['error_class', 'Class'],
  ['like', 'Message'],
  ['stage', 'Stage'],
  ['topic', 'Topic'],
  ['partition', 'Partition'],
  ['since', 'Since'],
  ['until', 'Until'],
];

export function FilterBar(props: { filter: LetterFilter; onChange: (changes: LetterFilter) => void }) {
  const { filter, onChange } = props;
  const [message, setMessage] = useState(filter.message ?? '');
  const [expression, setExpression] = useState(filter.filter ?? '');
  useEffect(() => setMessage(filter.message ?? ''), [filter.message]);
  useEffect(() => setExpression(filter.filter ?? ''), [filter.filter]);
  const chosen = clicked.filter(([name]) => filter[name] !== undefined);
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        onChange({ message, filter: expression });
      }}
    >
      <div className="row" style={{ alignItems: 'flex-end' }}>
        <SelectField
          label="State"
          value={filter.state ?? 'open'}
          onChange={(state) => onChange({ state: state === 'open' ? '' : state })}
          options={[
            { value: 'open', label: 'Open' },
            { value: 'redriven', label: 'Redriven' },
            { value: 'discarded', label: 'Discarded' },
            { value: 'all', label: 'All' },
          ]}
        />
        <div className="grow" data-shortcut="search" style={{ minWidth: 160 }}>
          <TextField label="Message has" type="search" value={message} onChange={setMessage} />
        </div>
        <div className="grow" data-shortcut="filter" style={{ flexGrow: 2, minWidth: 200 }}>
          <TextField
            label="Expression (CEL)"
            type="search"
            placeholder={'json.status == 500 || value.contains("x")'}
            value={expression}
            onChange={setExpression}
          />
        </div>
        <Button type="submit">Filter</Button>
      </div>
      {chosen.length === 0 ? null : (
        <ul className="row" aria-label="Narrowed to">
          {chosen.map(([name, label]) => (
            <li key={name} className="dead-letters-chosen">
              <span>
                <span className="quiet">{label}</span>{' '}
                {name === 'since' || name === 'until' ? <Time at={filter[name]} /> : filter[name]}
              </span>
              <Button
                tone="quiet"
                aria-label={`Without ${label.toLowerCase()}`}
                onPress={() => onChange({ [name]: '' })}
              >
                ✕
              </Button>
            </li>
          ))}
        </ul>
      )}
    </form>
  );
}

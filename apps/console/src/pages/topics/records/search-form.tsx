import { useEffect, useState } from 'react';
import { useGet } from '../../../api/queries.js';
import { Button } from '../../../ui/basics.js';
import { SelectField, TextField } from '../../../ui/fields.js';
import { recordsPath } from './record-api.js';
import { FilterField, type FilterProblem } from './filter-field.js';
import type { RecordQuery, Start } from './record-query.js';

const startLabels: Readonly<Record<Start, string>> = {
  newest: 'Newest first',
  oldest: 'Oldest first',
  offset: 'From an offset on',
  time: 'From a time on',
  last: 'Last n of each partition',
  live: 'Live: what comes',
};

interface Check {
  readonly valid: boolean;
  readonly problem: FilterProblem | null;
}

const typingMs = 250;

/** Where to begin, what to look for. Enter, or the button, searches. */
export function SearchForm(props: {
  topic: string;
  partitions: number;
  query: RecordQuery;
  onSearch: (query: RecordQuery) => void;
}) {
  const { topic, partitions, onSearch } = props;
  const [query, setQuery] = useState(props.query);
  const change = (part: Partial<RecordQuery>): void => setQuery({ ...query, ...part });
  const problem = useFilterProblem(topic, query.filter);
  return (
    <form
      className="card records-form"
      role="search"
      aria-label="Records"
      onSubmit={(event) => {
        event.preventDefault();
        if (problem === null) onSearch(query);
      }}
    >
      <SelectField
        label="Begin at"
        value={query.start}
        options={Object.entries(startLabels).map(([value, label]) => ({ value: value as Start, label }))}
        onChange={(start) => {
          const needsMore = start === 'offset' || start === 'time' || start === 'last';
          change({ start });
          if (!needsMore && problem === null) onSearch({ ...query, start });
        }}
      />
      <StartField query={query} onChange={change} />
      <PartitionField
        count={partitions}
        chosen={query.partitions}
        onChange={(chosen) => change({ partitions: chosen })}
      />
      <SelectField
        label="Look for"
        value={query.match}
        options={[
          { value: 'contains', label: 'Key or value contains' },
          { value: 'key', label: 'Key equals' },
        ]}
        onChange={(match) => change({ match })}
      />
      <div data-shortcut="search">
        <TextField label="Text" type="search" value={query.text} onChange={(text) => change({ text })} />
      </div>
      <FilterField value={query.filter} problem={problem} onChange={(filter) => change({ filter })} />
      <div className="records-submit">
        <Button tone="primary" type="submit" isDisabled={problem !== null}>
          Search
        </Button>
      </div>
    </form>
  );
}

/** Asked from the server, a moment after the last letter. */
function useFilterProblem(topic: string, filter: string): FilterProblem | null {
  const [asked, setAsked] = useState(filter);
  useEffect(() => {
    const timer = setTimeout(() => setAsked(filter), typingMs);
    return () => clearTimeout(timer);
  }, [filter]);
  const check = useGet<Check>(asked.trim() === '' ? null : `${recordsPath(topic)}:check`, { filter: asked });
  return filter.trim() === '' || asked !== filter ? null : (check.data?.problem ?? null);
}

function StartField({ query, onChange }: { query: RecordQuery; onChange: (part: Partial<RecordQuery>) => void }) {
  switch (query.start) {
    case 'offset':
      return (
        <TextField
          label="Offset"
          type="number"
          value={query.offset}
          isRequired
          onChange={(offset) => onChange({ offset })}
        />
      );
    case 'last':
      return (
        <TextField
          label="Records"
          type="number"
          value={query.count}
          isRequired
          onChange={(count) => onChange({ count })}
        />
      );
    case 'time':
      return (
        <TextField
          label="Time"
          type="datetime-local"
          value={localTime(query.time)}
          isRequired
          onChange={(text) => onChange({ time: text === '' ? '' : new Date(text).toISOString() })}
        />
      );
    default:
      return null;
  }
}

/** As the field has it: in the zone of the reader, to the second. */
function localTime(time: string): string {
  const at = new Date(time);
  if (time === '' || Number.isNaN(at.getTime())) return '';
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function PartitionField(props: { count: number; chosen: readonly string[]; onChange: (chosen: string[]) => void }) {
  const [text, setText] = useState(props.chosen.join(', '));
  const isWrong = text.trim() !== '' && !/^\s*\d+(?:\s*,\s*\d+)*\s*$/.test(text);
  return (
    <TextField
      label="Partitions"
      value={text}
      placeholder={props.count === 1 ? 'all: 0' : `all: 0 to ${props.count - 1}`}
      problem={isWrong ? 'Numbers with commas: 0, 2' : null}
      onChange={(next) => {
        setText(next);
        props.onChange(next.match(/\d+/g) ?? []);
      }}
    />
  );
}

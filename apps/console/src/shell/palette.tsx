import { useMemo, useState } from 'react';
import { Autocomplete, useFilter } from 'react-aria-components/Autocomplete';
import { Input } from 'react-aria-components/Input';
import { Label } from 'react-aria-components/Label';
import { Menu, MenuItem } from 'react-aria-components/Menu';
import { SearchField } from 'react-aria-components/SearchField';
import { useLocation } from 'wouter';
import { useGet, type Page } from '../api/queries.js';
import { pages } from '../pages.js';
import { Dialog } from '../ui/dialogs.js';

interface Target {
  readonly label: string;
  readonly kind: string;
  readonly to: string;
}

const shownMax = 50;

/** Goes to any page, topic, group, collector or sink by a part of its name. */
export function Palette({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  return (
    <Dialog title="Go to" isOpen={isOpen} onClose={onClose}>
      {isOpen ? <Finder onClose={onClose} /> : null}
    </Dialog>
  );
}

function Finder({ onClose }: { onClose: () => void }) {
  const [, navigate] = useLocation();
  const [text, setText] = useState('');
  const { contains } = useFilter({ sensitivity: 'base' });
  const named = useNamed(text);
  const targets = useMemo(() => {
    const going: Target[] = pages.flatMap(({ path, navigation }) =>
      navigation === undefined ? [] : [{ label: navigation.label, kind: 'page', to: path }],
    );
    return [...going, ...named].filter(({ label, kind }) => contains(`${label} ${kind}`, text)).slice(0, shownMax);
  }, [named, text, contains]);
  return (
    <Autocomplete inputValue={text} onInputChange={setText}>
      <SearchField autoFocus className="field">
        <Label>Name of a page, topic, group, collector or sink</Label>
        <Input className="input" />
      </SearchField>
      <Menu
        aria-label="Found"
        className="palette-list"
        items={targets.map((target) => ({ ...target, id: `${target.kind} ${target.label}` }))}
        onAction={(key) => {
          const target = targets.find(({ kind, label }) => `${kind} ${label}` === key);
          onClose();
          if (target !== undefined) navigate(target.to);
        }}
        renderEmptyState={() => <p className="quiet">Nothing is called so.</p>}
      >
        {(target) => (
          <MenuItem className="menu-item" textValue={target.label}>
            {target.label} <span className="quiet">{target.kind}</span>
          </MenuItem>
        )}
      </Menu>
    </Autocomplete>
  );
}

/** What the server has by that part of a name; nothing before a letter is typed. */
function useNamed(text: string): Target[] {
  const query = { filter: text, page_size: 10 };
  const ask = (path: string): string | null => (text === '' ? null : path);
  const topics = useGet<Page<{ name: string }>>(ask('/api/v1/topics'), query).data;
  const groups = useGet<Page<{ name?: string; group?: string; id?: string }>>(ask('/api/v1/groups'), query).data;
  const sinks = useGet<Page<{ name: string }>>(ask('/api/v1/sinks'), query).data;
  const collectors = useGet<Page<{ name: string }>>(ask('/api/v1/collectors'), query).data;
  const to = (folder: string, kind: string, names: readonly string[]): Target[] =>
    names.map((name) => ({ label: name, kind, to: `/${folder}/${encodeURIComponent(name)}` }));
  return [
    ...to('topics', 'topic', topics?.data.map(({ name }) => name) ?? []),
    ...to('groups', 'group', groups?.data.map(({ name, group, id }) => name ?? group ?? id ?? '') ?? []),
    ...to('sinks', 'sink', sinks?.data.map(({ name }) => name) ?? []),
    ...to('collectors', 'collector', collectors?.data.map(({ name }) => name) ?? []),
  ];
}

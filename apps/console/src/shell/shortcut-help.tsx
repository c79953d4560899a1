import { useState } from 'react';
import { pages } from '../pages.js';
import { CheckField } from '../ui/fields.js';
import { Dialog } from '../ui/dialogs.js';
import { areSingleKeysOn, setSingleKeys } from './shortcuts.js';

const keys: readonly (readonly [string, string])[] = [
  ['?', 'This list'],
  ['Ctrl K', 'Go to anything'],
  ['/', 'Search on this page'],
  ['f', 'Filter'],
  ['j k', 'Next and previous row'],
  ['Enter', 'Open the row'],
  ['[ ]', 'Previous and next record'],
  ['.', 'Actions of the row'],
  ['space', 'Hold live numbers, or go on'],
  ['c', 'Copy the link to what is shown'],
  ['Esc', 'Close'],
];

export function ShortcutHelp({ isOpen, onClose }: { isOpen: boolean; onClose: () => void }) {
  const [isOn, setIsOn] = useState(areSingleKeysOn);
  const going = pages.flatMap(({ navigation }) =>
    navigation === undefined ? [] : [[`g ${navigation.key}`, navigation.label] as const],
  );
  return (
    <Dialog title="Keyboard shortcuts" isOpen={isOpen} onClose={onClose}>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col">Does</th>
          </tr>
        </thead>
        <tbody>
          {[...keys, ...going].map(([key, does]) => (
            <tr key={key}>
              <td>
                <span className="kbd">{key}</span>
              </td>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <CheckField
        label="Shortcuts of one key"
        value={isOn}
        onChange={(value) => {
          setSingleKeys(value);
          setIsOn(value);
        }}
      />
    </Dialog>
  );
}

import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ledger } from '../flows/line-writer.js';
import { trial } from './trial.js';

const records = 200_000;

// No server to take away: the folder stays where it is.
trial({
  name: 'files',
  port: 28_400,
  guarantee: 'exactly-once',
  records,
  open(folder) {
    mkdirSync(folder, { recursive: true });
    const nothing = (): Promise<void> => Promise.resolve();
    return Promise.resolve({
      config: { 'connector.class': 'file', 'file.path': join(folder, 'lake'), 'file.rollInterval': '1' },
      pause: nothing,
      resume: nothing,
      stop: nothing,
      read() {
        const seen = new Ledger(records);
        for (const entry of readdirSync(join(folder, 'lake'), { recursive: true, withFileTypes: true })) {
          if (!entry.isFile() || entry.parentPath.includes('+')) continue;
          const lines = readFileSync(join(entry.parentPath, entry.name), 'utf8').split('\n');
          for (const line of lines) if (line !== '') seen.add((JSON.parse(line) as { id: number }).id);
        }
        return Promise.resolve({ kind: 'each' as const, seen });
      },
    });
  },
});

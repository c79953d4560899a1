import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from '../../peers/child.js';

export interface RolledEvent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a file_roll sink has written with headers, in the order of its files. */
export function rolledEvents(directory: string): RolledEvent[] {
  if (!existsSync(directory)) return [];
  const files = readdirSync(directory).toSorted();
  return files.flatMap((file) =>
    readFileSync(join(directory, file), 'utf8')
      .split('\n')
      .flatMap((line) => {
        const match = /^\{(.*?)\} (.*)$/.exec(line);
        if (match === null) return [];
        const [, headers = '', body = ''] = match;
        const pairs = headers.split(', ').map((pair) => pair.split('=') as [string, string]);
        return [{ headers: Object.fromEntries(headers === '' ? [] : pairs), body }];
      }),
  );
}

/** Waits for as many events as are expected, and a moment for any that are too many. */
export async function untilRolled(directory: string, count: number, timeoutMs = 10_000): Promise<RolledEvent[]> {
  const deadline = Date.now() + timeoutMs;
  while (rolledEvents(directory).length < count && Date.now() < deadline) await sleep(50);
  await sleep(300);
  return rolledEvents(directory);
}

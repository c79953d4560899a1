import { createLogger } from './log.js';

function linesOf(format?: 'text' | 'json'): string[] {
  const lines: string[] = [];
  const logger = createLogger({
    write: (line) => lines.push(line),
    now: () => '2026-01-31T12:00:00.000Z',
    ...(format === undefined ? {} : { format }),
  });
  logger
    .child({ connector: 'orders', task: 0 })
    .warn('The sink waits\nfor its store.', { attempt: 3, reason: 'away "now"' });
  return lines;
}

describe('the log', () => {
  it('is a line an event, with its values after the sentence', () => {
    expect(linesOf()).toEqual([
      '2026-01-31T12:00:00.000Z warn The sink waits for its store. connector="orders" task=0 attempt=3 reason="away \\"now\\""',
    ]);
  });

  it('is an object a line where a collector of logs reads it', () => {
    const [line = ''] = linesOf('json');
    expect(line).not.toContain('\n');
    expect(JSON.parse(line)).toEqual({
      time: '2026-01-31T12:00:00.000Z',
      level: 'warn',
      message: 'The sink waits\nfor its store.',
      connector: 'orders',
      task: 0,
      attempt: 3,
      reason: 'away "now"',
    });
  });
});

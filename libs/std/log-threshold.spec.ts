import { createLogger } from './log.js';
import { LogThreshold, withThreshold, type LogLevel } from './log-threshold.js';

it.each<[LogLevel, readonly string[]]>([
  ['TRACE', ['info', 'warn', 'error']],
  ['INFO', ['info', 'warn', 'error']],
  ['WARN', ['warn', 'error']],
  ['ERROR', ['error']],
  ['FATAL', []],
  ['OFF', []],
])('a log at %s has lines of %j, also where it was handed on before', (level, shown) => {
  const lines: string[] = [];
  const threshold = new LogThreshold();
  const logger = createLogger({ write: (line) => lines.push(line), now: () => 'now' });
  const child = withThreshold(logger, threshold).child({ part: 'a' });
  expect([threshold.level, threshold.changedAtMs]).toEqual(['INFO', null]);
  threshold.set(level, 7);
  child.info('Something.');
  child.warn('Something.');
  child.error('Something.');
  expect(lines).toEqual(shown.map((word) => `now ${word} Something. part="a"`));
  expect(threshold.changedAtMs).toBe(7);
});

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EventBatch } from '#pipeline/event-batch';
import { formatProblem } from '#pipeline/flume-problem';
import { systemClock } from '#std/clock';
import { silentLogger } from '#std/log';
import { reviewConf } from '../../apps/collector/src/agent-plan-file.js';

const path = join(import.meta.dirname, 'flume.conf');
const bytes = readFileSync(path);

describe('the severity interceptor', () => {
  it('is found beside its flume.conf, and keeps the lines that are severe enough', async () => {
    const { plans, problems } = await reviewConf([{ file: path, bytes }], null, { environment: {} });
    expect(problems.map(formatProblem)).toEqual([]);
    const plan = plans[0]?.sources[0]?.interceptors[0];
    if (plan === undefined) throw new Error('it is not in the plan');
    const services = { bootstrap: '', clock: systemClock, logger: silentLogger };
    const interceptor = plan.type.create({ agent: 'app', name: plan.name, options: plan.options, services });
    const lines = ['12:00 INFO started', '12:01 ERROR no disk', 'a line without', '12:02 FATAL gone'];
    const left = await interceptor.intercept(EventBatch.of(lines.map((line) => ({ body: Buffer.from(line) }))));
    const events = Array.from({ length: left.count }, (_, at) => [left.body(at).toString(), left.headersOf(at)]);
    expect(events).toEqual([
      ['12:01 ERROR no disk', { severity: 'ERROR' }],
      ['12:02 FATAL gone', { severity: 'FATAL' }],
    ]);
  });

  it('has its options checked as any other', async () => {
    const { problems } = await reviewConf([{ file: path, bytes }], null, { environment: { LOG_LEVEL: 'LOUD' } });
    expect(problems.map(formatProblem)).toEqual([
      `${path}:11: error: source logs, interceptor severity: Invalid value LOUD for configuration atLeast: must be one of TRACE, DEBUG, INFO, WARN, ERROR, FATAL. Flume would have dropped the interceptor and started the rest.`,
    ]);
  });
});

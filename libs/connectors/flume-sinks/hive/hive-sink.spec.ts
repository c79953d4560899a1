import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { events, startSink, testFolder } from '../sink-context.testkit.js';
import { hiveSink } from './hive-sink.js';

const table = { 'hive.database': 'logs', 'hive.table': 'weblogs', 'hive.metastore': 'thrift://nowhere:9083' };
const timestamp = String(Date.UTC(2026, 10, 22, 12, 34, 56));

describe('the hive sink', () => {
  it("writes fields into partition folders, hidden until a file is finished, separated as Hive's default", async () => {
    const folder = testFolder();
    const sink = await startSink(hiveSink, {
      ...table,
      'hive.path': `file://${folder}`,
      'hive.partition': 'asia,%{country},%Y-%m-%d',
      'hive.partitionNames': 'continent,country,day',
      serializer: 'DELIMITED',
      'serializer.delimiter': '"\\t"',
      'serializer.fieldnames': 'id,,msg',
    });
    await sink.write(events(['1\tx\thello\tmore', '2\ty'], { country: 'in/dia', timestamp }));
    const partition = join(folder, 'continent=asia', 'country=in', 'dia', 'day=2026-11-22');
    expect(readdirSync(partition)).toEqual([expect.stringMatching(/^_events\.\d+\.txt$/)]);
    await sink.stop();
    const [name = ''] = readdirSync(partition);
    expect(name).toMatch(/^events\.\d+\.txt$/);
    expect(readFileSync(join(partition, name), 'utf8')).toBe('1\u0001hello\n2\u0001\n');
  });

  it('writes JSON as it is', async () => {
    const folder = testFolder();
    const sink = await startSink(hiveSink, { ...table, 'hive.path': `file://${folder}`, serializer: 'JSON' });
    await sink.write(events(['{"a":1}']));
    await sink.stop();
    const [name = ''] = readdirSync(folder);
    expect(readFileSync(join(folder, name), 'utf8')).toBe('{"a":1}\n');
  });

  it('says what it is not, and what it misses', () => {
    const remarks = hiveSink.check?.({ ...table, 'hive.partition': 'asia', serializer: 'DELIMITED' }) ?? [];
    const messages = remarks.map(({ severity, message }) => `${severity} ${message}`).join('\n');
    expect(messages).toMatch(/warning the table logs\.weblogs has to be an external one/);
    expect(messages).toMatch(/error hive\.partitionNames has to name as many columns/);
    expect(messages).toMatch(/error serializer\.fieldnames is missing/);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { RetriableSinkError } from '#pipeline/errors';
import { EventBatch } from '#pipeline/event-batch';
import { EventSinkBatch } from '#pipeline/event-sink-batch';
import { recordsOf, startTask, taskOf, testFolder } from '../sink-context.testkit.js';
import { fileRollSink } from './file-roll-sink.js';

describe('the file_roll sink behind a topic', () => {
  const textOf = (folder: string): string =>
    readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'latin1'))
      .join('');

  it('has in its files what its offsets say, at once', async () => {
    const folder = testFolder();
    const plan = taskOf(fileRollSink, { 'sink.directory': folder, 'sink.batchSize': '2' });
    expect(plan?.deadLetterTopic).toBeNull();
    await startTask(plan);
    await plan?.sink.put(recordsOf('a', 'b', 'c'));
    expect(await plan?.sink.flush(false)).toEqual([{ topic: 'channel', partition: 0, offset: 103 }]);
    expect(textOf(folder)).toBe('a\nb\nc\n');
    await plan?.sink.stop();
  });

  it('keeps nothing of a part with an event that can be in no Avro file, and says which it is', async () => {
    const folder = testFolder();
    const plan = taskOf(fileRollSink, {
      'sink.directory': folder,
      'sink.serializer': 'org.apache.flume.sink.hdfs.AvroEventSerializer$Builder',
      'errors.deadletterqueue.topic.name': 'dead',
    });
    await startTask(plan);
    const good = { body: Buffer.from('\u0002a'), headers: { 'flume.avro.schema.literal': '"string"' } };
    const events = EventBatch.of([good, { body: Buffer.from('x') }, good]);
    const records = new EventSinkBatch(events, { topic: 'channel', partition: 0, firstOffset: 100, timeMs: 0 });
    await expect(plan?.sink.put(records)).rejects.toMatchObject({ code: 'pipeline.sink.poison', index: 1 });
    expect(readdirSync(folder)).toEqual([]);
    await plan?.sink.put(records.slice(0, 1));
    await plan?.sink.put(records.slice(2, 3));
    expect(await plan?.sink.flush(false)).toMatchObject([{ offset: 103 }]);
    const away = { body: Buffer.from('x'), headers: { 'flume.avro.schema.url': 'http://127.0.0.1:1/none' } };
    const later = new EventSinkBatch(EventBatch.of([away]), {
      topic: 'channel',
      partition: 0,
      firstOffset: 103,
      timeMs: 0,
    });
    await expect(plan?.sink.put(later)).rejects.toBeInstanceOf(RetriableSinkError);
    await plan?.sink.stop();
  });
});

import { defineOptions, requireOptions } from '#config/options';
import { channelSinkAsTask } from '#pipeline/channel-sink-task';
import type { ChannelSink, ComponentInput, ComponentType } from '#pipeline/collector';

const options = defineOptions({
  maxBytesToLog: { type: 'int', default: 16, min: 0, unit: 'bytes', doc: 'Bytes of a body that are shown.' },
});

/** Flume takes one event a transaction; the lines are the same. */
const batchSize = 100;

export const loggerSink: ComponentType<ChannelSink> = {
  name: 'logger',
  classNames: ['org.apache.flume.sink.LoggerSink'],
  doc: 'Writes headers and the first bytes of each event to the log. For trying things out.',
  options,
  create,
  createTask: (input, context) => ({ sink: channelSinkAsTask(create(input), context), deadLetterTopic: null }),
};

function create(input: ComponentInput): ChannelSink {
  const { maxBytesToLog } = requireOptions(`sink ${input.name}`, options, input.options);
  return {
    batchSize,
    start: () => Promise.resolve(),
    stop: () => Promise.resolve(),
    write(batch) {
      for (let index = 0; index < batch.count; index += 1) {
        input.services.logger.info(eventLine(batch.headersOf(index), batch.body(index), maxBytesToLog), {
          sink: input.name,
        });
      }
      return Promise.resolve();
    },
  };
}

/** `Event: { headers:{host=web1} body: 68 65 6C 6C 6F hello }` */
export function eventLine(headers: Readonly<Record<string, string>>, body: Buffer, bytesMax: number): string {
  const map = Object.entries(headers)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
  const shown = body.subarray(0, bytesMax);
  const hex = Array.from(shown, (byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join(' ');
  const text = shown.toString('latin1').replaceAll(/[^ -~]/g, '.');
  return `Event: { headers:{${map}} body: ${hex} ${text} }`;
}

import { defineOptions, requireOptions } from '#config/options';
import type { TransformType } from '#pipeline/transforms/transform';
import { checkJavaFormat, javaFormat } from '../java-format.js';

const options = defineOptions({
  'topic.format': {
    type: 'string',
    default: '${topic}-${timestamp}',
    importance: 'high',
    doc: 'The new name, of `${topic}` and `${timestamp}`.',
  },
  'timestamp.format': {
    type: 'string',
    default: 'yyyyMMdd',
    importance: 'high',
    check: checkJavaFormat,
    doc: "How the record's timestamp is written, by a pattern of java.text.SimpleDateFormat, in UTC.",
  },
});

export const timestampRouterTransform: TransformType = {
  name: 'TimestampRouter',
  classNames: ['org.apache.kafka.connect.transforms.TimestampRouter'],
  doc: 'Gives records a topic name with their time in it, for sinks that name tables, indexes or folders after it.',
  options,
  create(input) {
    const values = requireOptions(`Transform ${input.name}`, options, input.options);
    const format = javaFormat(values['timestamp.format']);
    // Records that lie together are mostly of the same second.
    let lastSecond = Number.NaN;
    let lastText = '';
    const isFine = /S/.test(values['timestamp.format']);
    const textOf = (timestamp: number): string => {
      const second = isFine ? timestamp : Math.floor(timestamp / 1000);
      if (second !== lastSecond) {
        lastSecond = second;
        lastText = format.format(timestamp);
      }
      return lastText;
    };
    return {
      apply(records) {
        records.each((index) => {
          const named = values['topic.format'].replaceAll('${topic}', () => records.topic(index));
          records.setTopic(
            index,
            named.replaceAll('${timestamp}', () => textOf(records.timestamp(index))),
          );
        });
      },
    };
  },
};

import { defineOptions, requireOptions } from '#config/options';
import type { TransformType } from '#pipeline/transforms/transform';
import { checkJavaRegex, compileJavaMatcher, compileJavaRegex, toJavaScriptReplacement } from '#std/java-regex';

const options = defineOptions({
  regex: {
    type: 'string',
    required: true,
    check: checkJavaRegex,
    importance: 'high',
    doc: "Has to match the whole topic name. Java's syntax.",
  },
  replacement: { type: 'string', required: true, importance: 'high', doc: 'The new name; `$1` is the first group.' },
});

/** Names that are remembered, so that each record costs a look-up. */
const namesMax = 1000;

export const regexRouterTransform: TransformType = {
  name: 'RegexRouter',
  classNames: ['org.apache.kafka.connect.transforms.RegexRouter'],
  doc: 'Gives records another topic name, for sinks that name tables, indexes or folders after it. Offsets stay with the topic that was read.',
  options,
  create(input) {
    const { regex, replacement } = requireOptions(`Transform ${input.name}`, options, input.options);
    const whole = compileJavaMatcher(regex);
    const first = compileJavaRegex(regex);
    const written = toJavaScriptReplacement(replacement);
    const known = new Map<string, string>();
    const routed = (topic: string): string => {
      let name = known.get(topic);
      if (name === undefined) {
        name = whole.test(topic) ? topic.replace(first, written) : topic;
        if (known.size >= namesMax) known.clear();
        known.set(topic, name);
      }
      return name;
    };
    return {
      apply(records) {
        records.each((index) => {
          const topic = records.topic(index);
          const name = routed(topic);
          if (name !== topic) records.setTopic(index, name);
        });
      },
    };
  },
};

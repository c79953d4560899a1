import { defineOptions, requireOptions } from '#config/options';
import type { PredicateType } from '#pipeline/transforms/transform';
import { checkJavaRegex, compileJavaMatcher } from '#std/java-regex';

const pattern = defineOptions({
  pattern: {
    type: 'string',
    required: true,
    check: checkJavaRegex,
    doc: "Has to match the whole topic name. Java's syntax.",
  },
});

export const topicNameMatches: PredicateType = {
  name: 'TopicNameMatches',
  classNames: ['org.apache.kafka.connect.transforms.predicates.TopicNameMatches'],
  doc: 'Holds for records whose topic has a name that matches.',
  options: pattern,
  create(given) {
    const matcher = compileJavaMatcher(requireOptions('Predicate', pattern, given).pattern);
    let topic: string | null = null;
    let holds = false;
    return (records, index) => {
      const name = records.topic(index);
      if (name !== topic) {
        topic = name;
        holds = matcher.test(name);
      }
      return holds;
    };
  },
};

const named = defineOptions({ name: { type: 'string', required: true, doc: 'Name of the header.' } });

export const hasHeaderKey: PredicateType = {
  name: 'HasHeaderKey',
  classNames: ['org.apache.kafka.connect.transforms.predicates.HasHeaderKey'],
  doc: 'Holds for records that have a header of that name.',
  options: named,
  create(given) {
    const { name } = requireOptions('Predicate', named, given);
    return (records, index) => records.headers(index).some(({ key }) => key === name);
  },
};

export const recordIsTombstone: PredicateType = {
  name: 'RecordIsTombstone',
  classNames: ['org.apache.kafka.connect.transforms.predicates.RecordIsTombstone'],
  doc: 'Holds for records without a value.',
  options: defineOptions({}),
  create: () => (records, index) => records.value.bytes(index) === null,
};

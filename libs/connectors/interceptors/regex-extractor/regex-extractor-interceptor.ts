import { defineOptions, requireOptions } from '#config/options';
import type { ComponentRemark, ComponentType, Interceptor } from '#pipeline/collector';
import { BodyTexts } from '../body-text.js';
import { checkJavaRegex, compileJavaRegex } from '#std/java-regex';
import { JodaPattern } from './joda-pattern.js';

const options = defineOptions({
  regex: {
    type: 'string',
    required: true,
    check: checkJavaRegex,
    doc: 'Looked for in the body (UTF-8); its groups become headers.',
  },
  serializerNames: {
    type: 'list',
    aliases: ['serializers'],
    doc: 'Written as `serializers`: a name for each group, in the order of the groups; further groups are left out.',
  },
  serializers: {
    type: 'map',
    doc: '`<name>.name` is the header; `<name>.type` is `DEFAULT` (the group as it is) or `org.apache.flume.interceptor.RegexExtractorInterceptorMillisSerializer` (a time by `<name>.pattern`, as milliseconds since the epoch).',
  },
});

const millisTypes = ['millis', 'org.apache.flume.interceptor.regexextractorinterceptormillisserializer'];
const defaultTypes = ['default', 'org.apache.flume.interceptor.regexextractorinterceptorpassthroughserializer'];

interface GroupSerializer {
  readonly header: string;
  /** Null: the header is left out. */
  serialize(group: string): string | null;
}

/**
 * The first match's groups as headers. A group that took no part, and a time that cannot be read, give no header; Flume has a null
 * header for the one, and fails the whole batch (for ever) for the other.
 */
export const regexExtractorInterceptor: ComponentType<Interceptor> = {
  name: 'regex_extractor',
  classNames: ['org.apache.flume.interceptor.RegexExtractorInterceptor$Builder'],
  doc: "Sets headers to the groups of a regular expression's first match in the body.",
  options,
  check: (input) => readSerializers(input, Date.now).remarks,
  create(input) {
    const { regex } = requireOptions(`interceptor ${input.name}`, options, input.options);
    const { clock } = input.services;
    const { serializers } = readSerializers(input.options, () => clock.now());
    const pattern = compileJavaRegex(regex);
    return {
      intercept(batch) {
        const texts = new BodyTexts(batch);
        const columns = serializers.map((serializer) => {
          const existing = batch.headers.get(serializer.header);
          return Array.from({ length: batch.count }, (_, index) =>
            typeof existing === 'string' ? existing : (existing?.[index] ?? null),
          );
        });
        for (let index = 0; index < batch.count; index += 1) {
          const match = pattern.exec(texts.at(index));
          if (match === null) continue;
          for (let group = 0; group < serializers.length; group += 1) {
            const value = match[group + 1];
            const column = columns[group];
            if (value === undefined || column === undefined) continue;
            column[index] = serializers[group]?.serialize(value) ?? column[index] ?? null;
          }
        }
        const headers = new Map(batch.headers);
        for (const [group, serializer] of serializers.entries()) headers.set(serializer.header, columns[group] ?? []);
        return batch.withHeaders(headers);
      },
    };
  },
};

interface ReadSerializers {
  readonly serializers: readonly GroupSerializer[];
  readonly remarks: readonly ComponentRemark[];
}

function readSerializers(input: Readonly<Record<string, string>>, now: () => number): ReadSerializers {
  const values = requireOptions('interceptor regex_extractor', options, input);
  const serializers: GroupSerializer[] = [];
  const remarks: ComponentRemark[] = [];
  const error = (option: string, message: string): void => {
    remarks.push({ severity: 'error', option, message });
  };
  const names = values.serializerNames ?? [];
  if (names.length === 0) error('regex', 'serializers is missing: it names a serializer for each group of regex.');
  for (const name of names) {
    const header = values.serializers[`${name}.name`];
    const type = (values.serializers[`${name}.type`] ?? 'default').toLowerCase();
    if (header === undefined) {
      error('serializers', `serializers.${name}.name is missing: the header that gets the group.`);
    } else if (defaultTypes.includes(type)) {
      serializers.push({ header, serialize: (group) => group });
    } else if (millisTypes.includes(type)) {
      const read = readMillis(header, values.serializers[`${name}.pattern`], now);
      if (typeof read === 'string') error(`serializers.${name}.pattern`, `serializers.${name}.pattern ${read}`);
      else serializers.push(read);
    } else {
      error(
        `serializers.${name}.type`,
        `serializers.${name}.type must be DEFAULT or org.apache.flume.interceptor.RegexExtractorInterceptorMillisSerializer.`,
      );
    }
  }
  return { serializers, remarks };
}

/** The serializer, or what is wrong with the pattern. */
function readMillis(header: string, pattern: string | undefined, now: () => number): GroupSerializer | string {
  if (pattern === undefined) return 'is missing: how the time is written.';
  try {
    const times = JodaPattern.compile(pattern);
    return { header, serialize: (group) => times.parse(group, now())?.toString() ?? null };
  } catch (error) {
    return `will not do: ${(error as Error).message}.`;
  }
}

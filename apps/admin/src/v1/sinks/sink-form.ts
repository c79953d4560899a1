/** Between a sink of `/api/v1` and a connector's flat config: each field beside its key, transforms and predicates by their names. */
import { FieldProblems, pointerOf } from '#nest/field-problems';
import type { OptionSpecs } from '#config/options';
import type { ConnectorClasses } from '../../connect/connector-class.js';
import { hideSecrets } from '../../connect/secrets.js';
import { shownConnector, type ConnectorForm } from '../connectors/connector-form.js';
import type { OptionValue, SinkBody } from './sink-schemas.js';

type Config = Readonly<Record<string, string>>;
type Group = 'tasks' | 'batch' | 'retry' | 'dlq';

const groups: readonly { readonly group: Group; readonly keys: Readonly<Record<string, string>> }[] = [
  { group: 'tasks', keys: { max: 'tasks.max' } },
  {
    group: 'batch',
    keys: { max_records: 'batch.max.records', max_bytes: 'batch.max.bytes', linger_ms: 'batch.linger.ms' },
  },
  {
    group: 'retry',
    keys: {
      timeout_ms: 'errors.retry.timeout',
      delay_max_ms: 'errors.retry.delay.max.ms',
      max_attempts: 'max.attempts',
    },
  },
  {
    group: 'dlq',
    keys: {
      topic: 'errors.deadletterqueue.topic.name',
      replication_factor: 'errors.deadletterqueue.topic.replication.factor',
      context_headers: 'errors.deadletterqueue.context.headers.enable',
    },
  },
];

const pointers = new Map<string, string>([
  ['name', '/name'],
  ['connector.class', '/type'],
  ['topics', '/topics'],
  ['topics.regex', '/topics_regex'],
  ['transforms', '/transforms'],
  ['predicates', '/predicates'],
  ...groups.flatMap(({ group, keys }) =>
    Object.entries(keys).map(([field, key]) => [key, pointerOf([group, field])] as const),
  ),
]);
const chained = /^(transforms|predicates)\.[^.]+\./;

export const sinkForm: ConnectorForm = {
  kind: 'sink',
  path: 'sinks',
  noun: 'sink',
  title: 'Sink',
  pointerOf: (key) =>
    pointers.get(key) ?? (chained.exec(key) === null ? pointerOf(['config', key]) : `/${chained.exec(key)?.[1]}`),
  show(classes, connector) {
    const found = classes.find(connector.config['connector.class'] ?? '', connector.config);
    const options = found?.options ?? {};
    const shown = shownOptions(options, hideSecrets(options, connector.config), connector.config);
    const className = connector.config['connector.class'] ?? '';
    const type = found?.name ?? className;
    const topics = texts(shown['topics']);
    return shownConnector('Sink', connector, {
      type,
      delivery: found?.guarantee?.(connector.config) ?? null,
      ...(topics.length === 0 ? {} : { topics }),
      ...(shown['topics.regex'] === undefined ? {} : { topics_regex: connector.config['topics.regex'] }),
      ...Object.fromEntries(
        groups.flatMap(({ group, keys }) => {
          const fields = Object.entries(keys).flatMap(([field, key]) => {
            const value = shown[key];
            return value === undefined ? [] : [[field, value] as const];
          });
          return fields.length === 0 ? [] : [[group, Object.fromEntries(fields)] as const];
        }),
      ),
      ...chain(shown),
      config: Object.fromEntries(
        Object.entries(shown).filter(([key]) =>
          key === 'connector.class' ? className !== type : !pointers.has(key) && !chained.test(key),
        ),
      ),
    });
  },
};

/** Throws 422 where a field and a key of `config` say the same thing twice. */
export function flatConfig(classes: ConnectorClasses, body: SinkBody): Record<string, string> {
  const flat: Record<string, string> = {};
  const put = (key: string, value: OptionValue | undefined): void => {
    if (value !== undefined && value !== null) flat[key] = textOf(value);
  };
  put('connector.class', body.type);
  put('topics', body.topics);
  put('topics.regex', body.topics_regex);
  for (const { group, keys } of groups) {
    const given: Readonly<Record<string, OptionValue | undefined>> = body[group] ?? {};
    for (const [field, key] of Object.entries(keys)) put(key, given[field]);
  }
  if (body.transforms !== undefined && body.transforms.length > 0) {
    put(
      'transforms',
      body.transforms.map(({ name }) => name),
    );
    for (const { name, type, predicate, negate, config = {} } of body.transforms) {
      const own = { type, predicate, negate, ...config };
      for (const [key, value] of Object.entries(own)) put(`transforms.${name}.${key}`, value);
    }
  }
  const predicates = Object.entries(body.predicates ?? {});
  if (predicates.length > 0) {
    put(
      'predicates',
      predicates.map(([name]) => name),
    );
    for (const [name, { type, config = {} }] of predicates) {
      for (const [key, value] of Object.entries({ type, ...config })) put(`predicates.${name}.${key}`, value);
    }
  }
  for (const [key, value] of Object.entries(body.config ?? {})) {
    if (key === 'connector.class' && isSameClass(classes, flat[key], value)) delete flat[key];
    if (flat[key] !== undefined) {
      const message = `config has ${key}, and ${sinkForm.pointerOf(key)} says the same: leave one of them out`;
      throw new FieldProblems(message, [{ pointer: pointerOf(['config', key]), code: 'twice', message }]);
    }
    put(key, value);
  }
  return flat;
}

/** `type` is the name of what a Java class name in `config` stands for: that one is kept, because it says whose keys these are. */
function isSameClass(classes: ConnectorClasses, type: string | undefined, className: OptionValue): boolean {
  if (type === undefined || typeof className !== 'string') return false;
  const named = classes.all.find(({ name }) => name === type.trim().toLowerCase());
  return (
    named !== undefined &&
    [named.name, ...named.aliases].some((alias) => alias === className.trim() || alias.endsWith(`.${className.trim()}`))
  );
}

/** Options in their own types where that loses nothing. */
function shownOptions(options: OptionSpecs, hidden: Config, kept: Config): Record<string, OptionValue> {
  const entries = Object.entries(hidden).map(([key, value]): [string, OptionValue] => {
    if (value === '***' && kept[key] !== '***') return [key, { $secret: '***' }];
    const type = options[key]?.type;
    if ((type === 'int' || type === 'long' || type === 'double') && String(Number(value)) === value) {
      return [key, Number(value)];
    }
    if (type === 'boolean' && (value === 'true' || value === 'false')) return [key, value === 'true'];
    if (type === 'list') return [key, texts(value)];
    return [key, value];
  });
  return Object.fromEntries(entries);
}

/** Transforms and predicates out of `transforms.a.type` and the like. */
function chain(shown: Readonly<Record<string, OptionValue>>): object {
  const own = (prefix: string): Record<string, OptionValue> =>
    Object.fromEntries(
      Object.entries(shown).flatMap(([key, value]) =>
        key.startsWith(prefix) ? [[key.slice(prefix.length), value]] : [],
      ),
    );
  const transforms = texts(shown['transforms']).map((name) => {
    const { type, predicate, negate, ...config } = own(`transforms.${name}.`);
    return {
      name,
      type,
      ...(predicate === undefined ? {} : { predicate }),
      ...(negate === undefined ? {} : { negate: negate === true || negate === 'true' }),
      config,
    };
  });
  const predicates = texts(shown['predicates']).map((name) => {
    const { type, ...config } = own(`predicates.${name}.`);
    return [name, { type, config }] as const;
  });
  return {
    ...(transforms.length === 0 ? {} : { transforms }),
    ...(predicates.length === 0 ? {} : { predicates: Object.fromEntries(predicates) }),
  };
}

function texts(value: OptionValue | undefined): string[] {
  if (Array.isArray(value)) return value;
  return (typeof value === 'string' ? value : '')
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '');
}

function textOf(value: Exclude<OptionValue, null>): string {
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'object' ? value.$secret : String(value);
}

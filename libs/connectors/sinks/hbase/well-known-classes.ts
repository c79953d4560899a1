/** Options of well-known connectors in this sink's words. */
type Options = Readonly<Record<string, string>>;

const flumeSerializers: Readonly<Record<string, string>> = {
  simplehbaseeventserializer: 'simple',
  simplehbase2eventserializer: 'simple',
  simpleasynchbaseeventserializer: 'simple',
  regexhbaseeventserializer: 'regex',
  regexhbase2eventserializer: 'regex',
};

export function translateHBase(className: string, options: Options): Options {
  const name = className.toLowerCase();
  if (/hbase2?sink$/.test(name)) return fromFlume(options);
  if (name.includes('svectors')) return fromSvectors(options);
  return name.endsWith('connector') ? fromConfluent(options) : options;
}

/** Its serializers by class, Simple where none is named. Rows are by offset where Flume makes random ones. */
function fromFlume(options: Options): Options {
  const given = options['serializer'] ?? 'simple';
  const simpleName = given.slice(given.lastIndexOf('.') + 1).toLowerCase();
  return { ...options, serializer: flumeSerializers[simpleName] ?? given };
}

/**
 * Confluent: row keys from fields of the record key without anything between them unless told, fields that are objects as families, all else in a
 * family named like the topic.
 */
function fromConfluent(options: Options): Options {
  return {
    'nested.families': 'true',
    'column.family': '${topic}',
    'row.key.delimiter': 'none',
    ...options,
  };
}

/** `hbase.<table>.rowkey.columns`, `.rowkey.delimiter`, `.family`; tables are named like topics. */
function fromSvectors(options: Options): Options {
  const translated: Record<string, string> = { 'row.key.mode': 'record_value' };
  const words: Readonly<Record<string, string>> = {
    'rowkey.columns': 'row.key.fields',
    'rowkey.delimiter': 'row.key.delimiter',
    family: 'column.family',
  };
  for (const [name, value] of Object.entries(options)) {
    const match = /^hbase\.[^.]+\.(rowkey\.columns|rowkey\.delimiter|family)$/.exec(name);
    const word = match?.[1] === undefined ? undefined : words[match[1]];
    translated[word ?? name] = value;
  }
  return translated;
}

/** Options of Aiven's and Confluent's HTTP sinks that are called otherwise here. */
type Options = Readonly<Record<string, string>>;

export const aivenClass = 'io.aiven.kafka.connect.http.HttpSinkConnector';
export const confluentClass = 'io.confluent.connect.http.HttpSinkConnector';

export function translateHttp(className: string, options: Options): Options {
  if (className.startsWith('io.aiven.')) return fromAiven(options);
  return className.startsWith('io.confluent.') ? fromConfluent(options) : options;
}

function fromAiven(options: Options): Options {
  const found = { ...options };
  // In seconds there.
  if (/^\d+$/.test(found['http.timeout'] ?? '')) found['http.timeout'] = `${found['http.timeout']}000`;
  return found;
}

function fromConfluent(options: Options): Options {
  const { 'header.separator': separator = '|', headers = '', ...rest } = options;
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(rest)) found[name.replace(/^https\.ssl\./, 'ssl.')] = value;
  for (const header of headers.split(separator)) {
    const at = header.indexOf(':');
    if (at > 0) found[`http.headers.${header.slice(0, at).trim()}`] = header.slice(at + 1).trim();
  }
  const type = (found['auth.type'] ?? 'none').toLowerCase();
  const types: Readonly<Record<string, string>> = {
    basic: 'basic',
    oauth2: 'oauth2',
    api_key: 'apikey',
    'api-key': 'apikey',
  };
  found['http.authorization.type'] ??= types[type] ?? 'none';
  // A record a request is its default.
  const isBatch = Number(found['batch.max.size'] ?? '1') > 1;
  if (isBatch) found['batch.format'] ??= found['batch.json.as.array']?.toLowerCase() === 'true' ? 'array' : 'separator';
  else delete found['batch.max.size'];
  found['behavior.on.null.values'] ??= 'ignore';
  if (found['request.method']?.toUpperCase() === 'DELETE') delete found['request.method'];
  for (const name of ['auth.type', 'batch.json.as.array', 'request.body.format', 'behavior.on.error'])
    delete found[name];
  return found;
}

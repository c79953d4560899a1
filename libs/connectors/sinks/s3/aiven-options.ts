/**
 * Options of Aiven's S3 sink in this sink's words. Its names of options are aliases here; what differs are the defaults, and that files are named by a
 * template.
 */
type Options = Readonly<Record<string, string>>;

/** Its defaults where ours are others. */
const defaults: Options = {
  'format.output.type': 'csv',
  'file.compression.type': 'gzip',
  'csv.header': 'false',
  'csv.line.end': 'lf',
};
/** How its blocks are compressed where the format does that itself. */
const avroCodecs: Options = { gzip: 'deflate', snappy: 'snappy', zstd: 'zstandard', none: 'null' };

export function fromAiven(options: Options): Options {
  const all: Record<string, string> = { ...defaults, ...options };
  const type = all['format.output.type'];
  const compression = all['file.compression.type'] ?? 'none';
  if (type === 'avro' || type === 'parquet') {
    delete all['file.compression.type'];
    if (type === 'parquet') all['parquet.codec'] ??= compression;
    else all['avro.codec'] ??= avroCodecs[compression] ?? 'null';
  } else if (type !== 'csv') all['format.output.envelope'] ??= 'true';
  all['s3.path'] ??= `/${options['aws.s3.prefix'] ?? ''}${foldersOf(options['file.name.template'] ?? '')}`;
  return all;
}

const units: Options = { yyyy: '%Y', MM: '%m', dd: '%d', HH: '%H' };

/** What a template of names says of folders. The last part, the name itself, is the one that this sink gives its files. */
function foldersOf(template: string): string {
  return template
    .slice(0, template.lastIndexOf('/') + 1)
    .replace(/\{\{\s*([a-z_]+)\s*(?::\s*[a-z_]+\s*=\s*(\w+)\s*)?\}\}/g, (_whole, name: string, parameter?: string) => {
      if (name === 'timestamp') return units[parameter ?? ''] ?? '';
      return `%{${name}}`;
    });
}

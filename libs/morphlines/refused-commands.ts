/** A command that Kite has and we refuse, with what to do instead. */
export interface RefusedCommand {
  readonly name: string;
  readonly className: string;
  readonly instead: string;
}

const solr =
  'there is no Solr here. End the morphline without it and let a sink take the records, for instance the http sink to the update address of Solr';
const hadoop =
  'it needs libraries of Hadoop that exist for Java only. Read such files with a job of Hadoop or Spark and give its output to a source';
const xml =
  'XML is not read by morphlines here. Write an interceptor of your own in TypeScript, named by its file in the flume.conf';

export const refusedCommands: readonly RefusedCommand[] = [
  refused(
    'java',
    'stdlib',
    'there is no Java compiler here. Use other commands (if, grok, setValues …), or an interceptor of your own in TypeScript, named by its file in the flume.conf',
  ),
  refused('loadSolr', 'solr', solr),
  refused('generateSolrSequenceKey', 'solr', `${solr}; for ids there is generateUUID`),
  refused('tokenizeText', 'solr', `${solr}; to cut texts there is split`),
  refused('solrCell', 'solrcell', solr),
  refused('xquery', 'saxon', xml),
  refused('xslt', 'saxon', xml),
  refused('convertHTML', 'saxon', xml),
  refused('openHdfsFile', 'hadoop.core', hadoop),
  refused('downloadHdfsFile', 'hadoop.core', hadoop),
  refused('readSequenceFile', 'hadoop.sequencefile', hadoop),
  refused('readRCFile', 'hadoop.rcfile', hadoop),
  refused('readAvroParquetFile', 'hadoop.parquet.avro', hadoop),
  refused(
    'readProtobuf',
    'protobuf',
    'Protocol Buffers are not read by morphlines here. Write an interceptor of your own in TypeScript',
  ),
  refused(
    'extractProtobufPaths',
    'protobuf',
    'Protocol Buffers are not read by morphlines here. Write an interceptor of your own in TypeScript',
  ),
];

function refused(name: string, group: string, instead: string): RefusedCommand {
  return {
    name,
    className: `org.kitesdk.morphline.${group}.${name.charAt(0).toUpperCase()}${name.slice(1)}Builder`,
    instead,
  };
}

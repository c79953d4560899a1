import { defineOptions } from '#config/options';
import { checkJavaRegex } from '#std/java-regex';

/** Names are those of spooldir where it has them. */
export const hdfsPollOptions = defineOptions({
  'hdfs.url': {
    type: 'list',
    required: true,
    check: (urls: readonly string[]) =>
      urls.length > 0 && urls.every((url) => /^https?:\/\//i.test(url) && URL.canParse(url))
        ? null
        : 'must be web addresses of WebHDFS, such as http://namenode:9870 (not the port of hdfs://)',
    doc: 'WebHDFS address of the NameNode, or of all NameNodes, HttpFS, or a gateway.',
  },
  'hdfs.user': { type: 'string', doc: 'User name of simple authentication.' },
  'hdfs.delegationToken': { type: 'password', doc: 'Delegation token of a secured HDFS, in place of `hdfs.user`.' },
  path: {
    type: 'string',
    required: true,
    check: (path: string) => (path.startsWith('/') ? null : 'must be an absolute path in HDFS'),
    doc: 'Folder whose files are read.',
  },
  includePattern: { type: 'string', default: '^.*$', check: checkJavaRegex, doc: 'Names of files that are read.' },
  ignorePattern: {
    type: 'string',
    default: '^([._].*|.*\\.tmp|.*\\._COPYING_)$',
    check: checkJavaRegex,
    doc: 'Names of files and folders that are left alone, also where they are included. The default is what others are still writing.',
  },
  recursiveDirectorySearch: { type: 'boolean', default: false, doc: 'Reads the folders below too.' },
  minAge: {
    type: 'int',
    default: 2000,
    min: 0,
    unit: 'ms',
    doc: 'A file that was changed since then, by its time in HDFS and the clock here, is left for the next look.',
  },
  pollDelay: { type: 'int', default: 5000, min: 10, unit: 'ms', doc: 'Wait between two looks.' },
  deletePolicy: {
    type: 'string',
    values: ['never', 'immediate'],
    default: 'never',
    doc: 'Whether a file is deleted when it was read.',
  },
  trackingPolicy: {
    type: 'string',
    values: ['position', 'rename'],
    default: 'position',
    doc: '`position`: files stay as they are, and what was read of them is kept with the source’s positions; `rename` gives them `fileSuffix`.',
  },
  fileSuffix: { type: 'string', default: '.COMPLETED', doc: 'Added by `rename`; files that end so are not read.' },
  batchSize: { type: 'int', default: 1000, min: 1, unit: 'events', doc: 'Lines handed to the channels at once.' },
  maxLineBytes: { type: 'int', default: 1_048_576, min: 1, unit: 'bytes', doc: 'A longer line comes in pieces.' },
  fileHeader: { type: 'boolean', default: false, doc: 'Sets a header to the path of the file.' },
  fileHeaderKey: { type: 'string', default: 'file', doc: 'Its name.' },
  basenameHeader: { type: 'boolean', default: false, doc: 'Sets a header to the name of the file.' },
  basenameHeaderKey: { type: 'string', default: 'basename', doc: 'Its name.' },
});

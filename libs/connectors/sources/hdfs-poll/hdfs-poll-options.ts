import { defineOptions } from '#config/options';
import { objectPollOptions } from '../object-poll/object-poll-options.js';

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
  recursiveDirectorySearch: { type: 'boolean', default: false, doc: 'Reads the folders below too.' },
  ...objectPollOptions,
});

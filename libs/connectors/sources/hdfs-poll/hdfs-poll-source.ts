import { requireOptions } from '#config/options';
import type { ComponentType, Source } from '#pipeline/collector';
import { ObjectPollSource } from '../object-poll/object-poll-source.js';
import { HdfsFolder } from './hdfs-folder.js';
import { hdfsPollOptions } from './hdfs-poll-options.js';

/** Reads the files that appear in a folder of HDFS, a line an event. */
export const hdfsPollSource: ComponentType<Source> = {
  name: 'hdfs_poll',
  classNames: [],
  doc: 'Reads files that appear in a folder of HDFS, line by line; `.gz` files unpacked.',
  options: hdfsPollOptions,
  batchSizeOption: 'batchSize',
  create: (input) => {
    const options = requireOptions(`source ${input.name}`, hdfsPollOptions, input.options);
    const web = {
      urls: options['hdfs.url'],
      user: options['hdfs.user'],
      delegationToken: options['hdfs.delegationToken'],
    };
    return new ObjectPollSource(options, {
      label: 'HDFS',
      positionFile: 'hdfs_poll.json',
      open: (isFolderWanted) =>
        new HdfsFolder(web, options.path.replace(/(?<=.)\/+$/, ''), {
          isRecursive: options.recursiveDirectorySearch,
          isFolderWanted,
        }),
    });
  },
};

import { requireOptions } from '#config/options';
import type { ComponentType, Source } from '#pipeline/collector';
import { ObjectPollSource } from '../object-poll/object-poll-source.js';
import { S3Bucket } from './s3-bucket.js';
import { s3Place, s3Remarks } from './s3-place.js';
import { s3PollOptions } from './s3-poll-options.js';

/** Reads the objects that appear in a bucket of S3, a line an event. One that is replaced is read from its beginning. */
export const s3PollSource: ComponentType<Source> = {
  name: 's3_poll',
  classNames: [],
  doc: 'Reads objects that appear in a bucket of S3, or of a server that speaks it, line by line; `.gz` objects unpacked.',
  options: s3PollOptions,
  batchSizeOption: 'batchSize',
  check: (options) => s3Remarks(requireOptions('source s3_poll', s3PollOptions, options)),
  create: (input) => {
    const options = requireOptions(`source ${input.name}`, s3PollOptions, input.options);
    const place = s3Place(options, process.env);
    return new ObjectPollSource(options, {
      label: 'S3',
      positionFile: 's3_poll.json',
      open: (isFolderWanted) =>
        new S3Bucket(
          { ...place, now: () => input.services.clock.now() },
          {
            prefix: options['s3.prefix'],
            isRecursive: options.recursiveDirectorySearch,
            isFolderWanted,
          },
        ),
    });
  },
};

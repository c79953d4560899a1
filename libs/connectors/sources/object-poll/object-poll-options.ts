import { defineOptions, type OptionValues } from '#config/options';
import { checkJavaRegex } from '#std/java-regex';

/** Options of all sources that read the files of a store. Names are those of spooldir where it has them. */
export const objectPollOptions = defineOptions({
  includePattern: { type: 'string', default: '^.*$', check: checkJavaRegex, doc: 'Names of files that are read.' },
  ignorePattern: {
    type: 'string',
    default: '^([._].*|.*\\.tmp|.*\\._COPYING_)$',
    check: checkJavaRegex,
    doc: 'Names of files and folders that are left alone, also where they are included. The default is what others are still writing.',
  },
  minAge: {
    type: 'int',
    default: 2000,
    min: 0,
    unit: 'ms',
    doc: 'A file that was changed since then, by the store’s time and the clock here, is left for the next look.',
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

export type ObjectPollOptions = OptionValues<typeof objectPollOptions>;

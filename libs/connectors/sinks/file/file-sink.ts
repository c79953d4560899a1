import { requireOptions } from '#config/options';
import type { SinkType } from '#pipeline/sink';
import { LocalFiles } from './local-files.js';
import { LocalStore } from './local-store.js';
import { FilesReading } from './read-back.js';
import { rollingGuarantee, rollingProblems, rollingSetup } from './rolling-options.js';
import { rollingSpecs, rollingValues } from './rolling-specs.js';
import { RollingSink } from './rolling-sink.js';

const prefix = 'file.';
// A layout moves between HDFS and a disk as it is: the options' names in the HDFS sink are understood.
const defaults = { topicsDirectory: null, fileType: 'DataStream' } as const;
const options = rollingSpecs(prefix, 'hdfs.');

/** Rolling files on a local or mounted disk, in the layout of the HDFS sink. */
export const fileSink: SinkType = {
  name: 'file',
  classNames: [],
  version: '0.1.0',
  doc:
    'Writes rolling files to a local or mounted disk. Files appear under their final name complete and synced, each record in exactly one. ' +
    'The guarantee holds as long as all workers that may run the sink see the same disk.',
  options,
  check: (values) => rollingProblems(options, prefix, values, defaults),
  guarantee: (values) => rollingGuarantee(options, prefix, values),
  readBack(input, scope) {
    const values = rollingValues(prefix, requireOptions('sink file', options, input));
    return new FilesReading(new LocalStore(), rollingSetup(values, defaults).layout, scope);
  },
  files(input) {
    const values = rollingValues(prefix, requireOptions('sink file', options, input));
    return new LocalFiles(rollingSetup(values, defaults, false).layout.template.base);
  },
  create(input) {
    const values = rollingValues(prefix, requireOptions('sink file', options, input));
    const setup = rollingSetup(values, defaults);
    return new RollingSink({ connect: () => new LocalStore(), ...setup });
  },
};

import type { Resource } from '../resource.js';
import { FilesController } from './files-controller.js';
import { SinkFiles } from './sink-files.js';

export const filesResource: Resource = {
  controllers: [FilesController],
  providers: ({ environment }) => [{ provide: SinkFiles, useFactory: () => new SinkFiles(environment) }],
};

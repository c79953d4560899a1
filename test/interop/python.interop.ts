import { jest } from '@jest/globals';
import { exerciseForeignClient } from './foreign-client.js';
import { pythonClient } from './foreign-programs.js';

jest.setTimeout(600_000);

exerciseForeignClient('python', {
  topicsPort: 29_892,
  httpPort: 29_880,
  prepare: pythonClient,
  protocols: ['cooperative', 'consumer'],
});

import { jest } from '@jest/globals';
import { exerciseForeignClient } from './foreign-client.js';
import { goClient } from './foreign-programs.js';

jest.setTimeout(600_000);

exerciseForeignClient('franz', { topicsPort: 29_692, httpPort: 29_680, prepare: () => goClient('franz') });

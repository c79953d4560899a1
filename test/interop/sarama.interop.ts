import { jest } from '@jest/globals';
import { exerciseForeignClient } from './foreign-client.js';
import { goClient } from './foreign-programs.js';

jest.setTimeout(600_000);

exerciseForeignClient('sarama', { topicsPort: 29_792, httpPort: 29_780, prepare: () => goClient('sarama') });

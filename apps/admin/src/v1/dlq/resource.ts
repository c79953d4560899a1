import { LetterLedger } from '#jobs/dead-letters/letter-ledger';
import type { Resource } from '../resource.js';
import { DeadLettersController } from './dead-letters-controller.js';
import { DeadLetters } from './dead-letters.js';
import { DeadLetterRecordsController } from './dead-letter-records-controller.js';

export const deadLettersResource: Resource = {
  controllers: [DeadLettersController, DeadLetterRecordsController],
  providers: ({ store, cluster, environment, databaseUrl, logger }) => [
    {
      provide: DeadLetters,
      useFactory: () => {
        const ledger = new LetterLedger({ databaseUrl, logger });
        return new DeadLetters({ store, cluster, environment, ledger });
      },
    },
  ],
};

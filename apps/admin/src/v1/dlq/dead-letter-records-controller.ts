import { Controller, Get, Param } from '@nestjs/common';
import { Requires } from '../../access/requires.js';
import { Answers } from '../../operations/answers.js';
import { Section, Summary } from '../../operations/summary.js';
import { LetterView } from './dead-letter-schemas.js';
import { DeadLetters } from './dead-letters.js';
import { letterView } from './letter-views.js';
import { placeIn } from './letter-place.js';

/** Dead letters by their places, whichever sink they are of. */
@Section('Dead letters')
@Controller('api/v1/dlq')
export class DeadLetterRecordsController {
  constructor(private readonly letters: DeadLetters) {}

  @Get('records/:topic/:partition/:offset')
  @Requires('topics', 'read', 'topic')
  @Summary('A record of a dead-letter topic whole: why it died, and what became of it')
  @Answers({ 200: LetterView }, 404, 422)
  async get(
    @Param('topic') topic: string,
    @Param('partition') partition: string,
    @Param('offset') offset: string,
  ): Promise<object> {
    return letterView(await this.letters.findIn(topic, placeIn(partition, offset)), true);
  }
}

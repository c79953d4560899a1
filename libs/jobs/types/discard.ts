/**
 * Marks dead letters as discarded: they are no longer open, no redrive takes them, and lists say which job discarded them and when. The records
 * stay in the dead-letter topic until its own retention removes them.
 */
import { z } from 'zod';
import { TopicAdmin } from '#topics/topic-admin';
import { compileChoice, letterChoice, stateOf } from '../dead-letters/letter-filter.js';
import { LetterBox } from '../dead-letters/letter-box.js';
import { LetterLedger } from '../dead-letters/letter-ledger.js';
import type { JobType } from '../job.js';

/** What discard takes besides the sink; also the body of its route. */
export const discardFields = {
  ...letterChoice,
  reason: z.string().max(500).optional().describe('Why; it stands with the job.'),
} as const;

const Parameters = z.strictObject({
  sink: z.string().min(1).max(200).describe('Whose dead letters.'),
  ...discardFields,
});
type Parameters = z.output<typeof Parameters>;

/** Done again from the start after a kill: what is marked is marked. */
const State = z.null();

export const discardJob: JobType<Parameters, null> = {
  name: 'discard',
  summary: 'Marks dead letters of a sink as discarded. They stay in their topic until its retention removes them.',
  unit: 'records',
  parameters: Parameters,
  state: State,
  async run(job, parts) {
    const ledger = new LetterLedger(parts);
    try {
      const box = await LetterBox.open({ ...parts, ledger }, job.parameters.sink);
      const chosen = compileChoice(job.parameters);
      const ranges = await box.ranges(chosen);
      const total = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
      let [scanned, discarded] = [0, 0];
      for await (const page of box.read(ranges, job.signal)) {
        const offsets = page.letters
          .filter(({ letter, handled }) => stateOf(handled) === 'open' && chosen.matches(letter))
          .map(({ letter }) => letter.offset);
        const given = { job: job.id, partition: page.partition, offsets };
        if (offsets.length > 0) discarded += (await ledger.mark(box.book, 'discarded', given)).size;
        scanned += page.scanned;
        job.progress(scanned, total);
      }
      await ledger.prune(box.book, await new TopicAdmin(parts.cluster).offsets(box.topic, 'earliest'));
      return { discarded, scanned, dead_letter_topic: box.topic };
    } finally {
      await ledger.stop();
    }
  },
};

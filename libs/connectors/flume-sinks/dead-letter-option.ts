/** Of sinks that run as sink tasks where their channel is a topic, and whose destination may refuse an event for good. */
export const deadLetterKey = 'errors.deadletterqueue.topic.name';

/** To be spread into a sink's options; `which` goes on from `where events go`. */
export function deadLetterOption(which: string) {
  return {
    [deadLetterKey]: {
      type: 'string',
      doc: `With a topic as channel: where events go ${which}. Absent: such an event holds up those behind it, as in Flume.`,
    },
  } as const;
}

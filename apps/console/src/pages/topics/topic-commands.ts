/** What to type in a terminal for a topic. */
export interface TopicCommand {
  readonly name: string;
  readonly text: string;
}

export function commandsOf(topic: string, bootstrap: string): readonly TopicCommand[] {
  return [
    { name: 'Read with millrace', text: `npx millrace topic tail ${topic} --bootstrap ${bootstrap}` },
    { name: 'Read with kcat', text: kcatCommand(topic, bootstrap) },
    { name: 'Write with kcat', text: `kcat -b ${bootstrap} -t ${topic} -P` },
    { name: 'Describe', text: `npx millrace topic describe ${topic} --bootstrap ${bootstrap}` },
  ];
}

/** The newest five records, then what comes. */
export function kcatCommand(topic: string, bootstrap: string): string {
  return `kcat -b ${bootstrap} -t ${topic} -C -o -5`;
}

/** Reads as a group of its own. */
export function kcatGroupCommand(topic: string, bootstrap: string): string {
  return `kcat -b ${bootstrap} -G my-group ${topic}`;
}

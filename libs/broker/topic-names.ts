const topicNameLengthMax = 249;

/** Why `name` cannot be a topic's name, as a sentence; null where it can. */
export function topicNameProblem(name: string): string | null {
  if (name === '') return 'A topic name must not be empty.';
  if (name === '.' || name === '..') return `A topic cannot be named "${name}".`;
  if (name.length > topicNameLengthMax) {
    return `A topic name has at most ${topicNameLengthMax} characters; this one has ${name.length}.`;
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return `The topic name "${name}" has a character that is not a letter, a digit, ".", "_" or "-".`;
  }
  return null;
}

/** Names that differ only in `.` and `_` would share metric names, so Kafka keeps them apart; equal keys collide. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_');
}

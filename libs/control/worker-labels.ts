/** Labels of workers, and those that a connector asks for: `store=hdfs`. */

export const workerLabelsOption = 'worker.labels';

const labelsMax = 20;
const form = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,62}=[A-Za-z0-9._-]{0,63}$/;

/** Why these are no labels, or null. */
export function labelsProblem(labels: readonly string[]): string | null {
  if (labels.length > labelsMax) return `has more than ${labelsMax} labels`;
  const wrong = labels.find((label) => !form.test(label));
  return wrong === undefined ? null : `"${wrong}" is no label: write name=value, of letters, digits, ., _ and -`;
}

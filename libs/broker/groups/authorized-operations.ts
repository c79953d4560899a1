import type { HandlerContext } from '#broker/handler';

/** Kafka's numbers of the operations that a group knows. */
const numbers = { read: 3, delete: 6, describe: 8, describe_configs: 10, alter_configs: 11 } as const;

/** What the asker may do with the group, one bit for each operation's number (KIP-430). */
export function authorizedGroupOperations(context: HandlerContext, groupId: string): number {
  let bits = 0;
  for (const [operation, number] of Object.entries(numbers) as [keyof typeof numbers, number][]) {
    if (context.may(operation, 'group', groupId)) bits |= 1 << number;
  }
  return bits;
}

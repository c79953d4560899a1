import { apis } from '#wire/kafka/apis';
import { defineHandler } from '../handler.js';

/** DeleteGroups, versions 0 to 2. Only groups without members; their offsets are gone, durably, before the answer. */
export const deleteGroups = defineHandler(apis.deleteGroups, async (context, _version, request) => {
  const results: { groupId: string; errorCode: number }[] = [];
  for (const groupId of request.groupsNames) {
    results.push({ groupId, errorCode: await context.broker.groups.delete(groupId) });
  }
  return { results };
});

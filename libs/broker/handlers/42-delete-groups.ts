import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';

/**
 * DeleteGroups, versions 0 to 2. Only groups without members; their offsets are gone, durably, before the answer. Needs delete on the
 * group.
 */
export const deleteGroups = defineHandler(apis.deleteGroups, async (context, _version, request) => {
  const results: { groupId: string; errorCode: number }[] = [];
  for (const groupId of new Set(request.groupsNames)) {
    const errorCode = context.may('delete', 'group', groupId)
      ? await context.broker.groups.delete(groupId)
      : kafkaError.GROUP_AUTHORIZATION_FAILED;
    results.push({ groupId, errorCode });
  }
  return { results };
});

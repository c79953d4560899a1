import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';

/** ListGroups, versions 0 to 5; filters by state from 4, by type from 5 (all of ours are `classic`), without regard to case. */
export const listGroups = defineHandler(apis.listGroups, (context, _version, request) => {
  const states = request.statesFilter.map((state) => state.toLowerCase());
  const types = request.typesFilter.map((type) => type.toLowerCase());
  const wanted = types.length === 0 || types.includes('classic') ? context.broker.groups.list() : [];
  return {
    errorCode: kafkaError.NONE,
    groups: wanted
      .filter((group) => states.length === 0 || states.includes(group.state.toLowerCase()))
      .map((group) => ({
        groupId: group.groupId,
        protocolType: group.protocolType,
        groupState: group.state,
        groupType: 'classic',
      })),
  };
});

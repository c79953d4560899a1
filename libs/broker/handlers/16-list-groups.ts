import { clusterName } from '#security/acl';
import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { defineHandler } from '../handler.js';

/**
 * ListGroups, versions 0 to 5; filters by state from 4, by type (`classic`, `consumer`) from 5, without regard to case. Shows all
 * groups to whoever may describe the cluster, to others those that they may describe.
 */
export const listGroups = defineHandler(apis.listGroups, (context, _version, request) => {
  const states = request.statesFilter.map((state) => state.toLowerCase());
  const types = request.typesFilter.map((type) => type.toLowerCase());
  const seesAll = context.may('describe', 'cluster', clusterName);
  return {
    errorCode: kafkaError.NONE,
    groups: context.broker.groups
      .list()
      .filter(({ state }) => states.length === 0 || states.includes(state.toLowerCase()))
      .filter(({ type }) => types.length === 0 || types.includes(type))
      .filter(({ groupId }) => seesAll || context.may('describe', 'group', groupId))
      .map(({ groupId, protocolType, state, type }) => ({ groupId, protocolType, groupState: state, groupType: type })),
  };
});

import { apis } from '#wire/kafka/apis';
import type { AlterConfigsRequest } from '#wire/kafka/schemas/alter-configs';
import { alterEach, changedNames, refusedChange } from '../config-changes.js';
import { alterTo, configRightProblem, holderOf } from '../config-resources.js';
import { defineHandler, type HandlerContext } from '../handler.js';
import type { TopicProblem } from '../topic-admin.js';

/**
 * AlterConfigs, versions 0 to 2: what is given replaces all that was set, so what is left out goes back to its default. Older tools
 * use it; IncrementalAlterConfigs changes single settings.
 */
export const alterConfigs = defineHandler(apis.alterConfigs, async (context, _version, request) => ({
  responses: await alterEach(request.resources, (resource) => replace(context, resource, request.validateOnly)),
}));

type Resource = AlterConfigsRequest['resources'][number];

async function replace(context: HandlerContext, resource: Resource, validateOnly: boolean): Promise<TopicProblem> {
  const denied = configRightProblem(context, 'alter_configs', resource);
  if (denied !== null) return denied;
  const changed = changedNames(resource);
  if ('code' in changed) return changed;
  const next: Record<string, string> = {};
  for (const { name, value } of resource.configs) {
    if (value === null) return refusedChange(`Null value not supported for : ${name}`);
    next[name] = value;
  }
  const holder = holderOf(context.broker, resource);
  return 'code' in holder ? holder : alterTo(holder, next, { changed, validateOnly });
}

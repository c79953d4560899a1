import { apis } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import type { AlterConfigsRequest } from '#wire/kafka/schemas/alter-configs';
import { alterTo, configRightProblem, holderOf } from '../config-resources.js';
import { defineHandler, type HandlerContext } from '../handler.js';
import type { TopicProblem } from '../topic-admin.js';

/**
 * AlterConfigs, versions 0 to 2: what is given replaces all that was set, so what is left out goes back to its default. Older tools
 * use it; IncrementalAlterConfigs changes single settings.
 */
export const alterConfigs = defineHandler(apis.alterConfigs, async (context, _version, request) => {
  const responses: { errorCode: number; errorMessage: string | null; resourceType: number; resourceName: string }[] =
    [];
  for (const resource of request.resources) {
    const { resourceType, resourceName } = resource;
    const twice = request.resources.some(
      (other) => other !== resource && other.resourceType === resourceType && other.resourceName === resourceName,
    );
    const { code, message } = twice
      ? { code: kafkaError.INVALID_REQUEST, message: 'Each resource must appear at most once.' }
      : await replace(context, resource, request.validateOnly);
    responses.push({ errorCode: code, errorMessage: message, resourceType, resourceName });
  }
  return { responses };
});

type Resource = AlterConfigsRequest['resources'][number];

async function replace(context: HandlerContext, resource: Resource, validateOnly: boolean): Promise<TopicProblem> {
  const denied = configRightProblem(context, 'alter_configs', resource);
  if (denied !== null) return denied;
  const changed = resource.configs.map(({ name }) => name);
  if (new Set(changed).size < changed.length) return refused('Error due to duplicate config keys');
  const next: Record<string, string> = {};
  for (const { name, value } of resource.configs) {
    if (value === null) return refused(`Null value not supported for : ${name}`);
    next[name] = value;
  }
  const holder = holderOf(context.broker, resource);
  return 'code' in holder ? holder : alterTo(holder, next, { changed, validateOnly });
}

function refused(message: string): TopicProblem {
  return { code: kafkaError.INVALID_REQUEST, message };
}

import { kafkaError } from '#wire/kafka/error-codes';
import type { TopicProblem } from './topic-admin.js';

/** What the requests that alter settings have in common: topics, nodes and so on, each with its changes. */
interface ChangedResource {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly configs: readonly { readonly name: string }[];
}

interface ResourceAnswer {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly resourceType: number;
  readonly resourceName: string;
}

/** Changes one resource after another; none that is given twice. */
export async function alterEach<Resource extends ChangedResource>(
  resources: readonly Resource[],
  alter: (resource: Resource) => Promise<TopicProblem>,
): Promise<ResourceAnswer[]> {
  const responses: ResourceAnswer[] = [];
  for (const resource of resources) {
    const { resourceType, resourceName } = resource;
    const twice = resources.some(
      (other) => other !== resource && other.resourceType === resourceType && other.resourceName === resourceName,
    );
    const { code, message } = twice ? refusedChange('Each resource must appear at most once.') : await alter(resource);
    responses.push({ errorCode: code, errorMessage: message, resourceType, resourceName });
  }
  return responses;
}

/** The names of a resource's changes, or why they cannot be made. */
export function changedNames({ configs }: ChangedResource): string[] | TopicProblem {
  const names = configs.map(({ name }) => name);
  return new Set(names).size < names.length ? refusedChange('Error due to duplicate config keys') : names;
}

export function refusedChange(message: string): TopicProblem {
  return { code: kafkaError.INVALID_REQUEST, message };
}

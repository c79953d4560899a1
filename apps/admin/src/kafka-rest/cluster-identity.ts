import { DetailedHttpError } from '#nest/error-answer';
import { TopicAdmin } from '#topics/topic-admin';

/** The cluster's id, asked for once. */
export class ClusterIdentity {
  private known: string | null = null;

  constructor(private readonly topics: TopicAdmin) {}

  /** Rejects while the topics cannot be reached and the id is not known yet. */
  async clusterId(): Promise<string> {
    this.known ??= (await this.topics.describeCluster()).clusterId;
    return this.known;
  }

  /** Rejects with 404 for the id of another cluster. */
  async check(id: string): Promise<void> {
    if ((await this.clusterId()) !== id) throw new DetailedHttpError(404, `Cluster ${id} cannot be found.`);
  }
}

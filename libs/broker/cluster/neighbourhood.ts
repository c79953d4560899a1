/**
 * One node's way to its neighbours: the controller stands in for the catalog, other nodes are asked for what they lead or coordinate, and
 * this one answers for its own.
 */
import type { EngineShare, TopicCatalog, TopicDirector } from '#log/engine';
import type { LocalEngine } from '#log/local-engine';
import type { Broker } from '../broker.js';
import { GroupOffsetsElsewhere } from './group-offsets-elsewhere.js';
import { Nodes } from './nodes.js';
import { controllerIndex, type PeerMessage } from './peer-calls.js';
import { Peers } from './peers.js';

export interface NeighbourhoodOptions {
  readonly nodes: Nodes;
  /** To the controller, which carries what is for others. */
  readonly send: (message: PeerMessage) => void;
  /** How often the node was started before, as long as the controller runs. */
  readonly incarnation: number;
}

export class Neighbourhood {
  readonly nodes: Nodes;
  readonly peers: Peers;
  /** For the engine. */
  readonly share: EngineShare;
  /** For engine and broker; changes of topics go by the share. */
  readonly catalog: TopicCatalog;
  readonly offsets: GroupOffsetsElsewhere;

  constructor({ nodes, send, incarnation }: NeighbourhoodOptions) {
    const peers = new Peers(nodes.index, send, incarnation);
    this.nodes = nodes;
    this.peers = peers;
    this.offsets = new GroupOffsetsElsewhere(nodes, peers);
    const director: TopicDirector = {
      create: (spec) => peers.call(controllerIndex, 'createTopic', spec),
      delete: async (name) => {
        await peers.call(controllerIndex, 'deleteTopic', name);
      },
      addPartitions: (name, total, leaders = null) =>
        peers.call(controllerIndex, 'addPartitions', { name, total, leaders }),
      alterConfigs: (name, configs) => peers.call(controllerIndex, 'alterConfigs', { name, configs }),
    };
    this.share = {
      nodeIndex: nodes.index,
      director,
      offsetsElsewhere: (groupId, topic, partition) => this.offsets.find(groupId, topic, partition),
    };
    const notHere = (): Promise<never> => Promise.reject(new Error('only the controller writes topics to the catalog'));
    this.catalog = {
      clusterId: () => peers.call(controllerIndex, 'clusterId', null),
      load: () => peers.call(controllerIndex, 'loadTopics', null),
      loadRecords: () => peers.call(controllerIndex, 'loadRecords', null),
      putRecords: async (changes) => {
        await peers.call(controllerIndex, 'putRecords', changes);
      },
      insert: notHere,
      update: notHere,
      remove: notHere,
    };
  }

  /** From here on neighbours are answered. Before the engine is opened, because changes may be told at once. */
  serve(engine: LocalEngine, broker: Broker): void {
    const { peers } = this;
    peers.serve('follow', (change) => engine.follow(change).then(() => null));
    peers.serve('followRecords', (changes) => {
      broker.cluster.follow(changes);
      return Promise.resolve(null);
    });
    peers.serve('writeMarkers', (markers) => broker.participants.writeMarkers(markers));
    peers.serve('endOffsets', async ({ groupId, producerId, outcome }) => {
      await broker.participants.endOffsets(groupId, producerId, outcome);
      return null;
    });
    peers.serve('admit', (request) => Promise.resolve(broker.transactions.admit(request, (errorCode) => errorCode)));
    peers.serve('committed', (groupIds) =>
      Promise.resolve(groupIds.map((groupId) => engine.groups.committed(groupId))),
    );
  }

  take(message: PeerMessage): void {
    this.peers.take(message);
  }
}

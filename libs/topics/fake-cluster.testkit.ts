/**
 * A cluster in this process, on loopback sockets and our own wire codec: as much of Kafka as a client notices, and every
 * fault on demand. Records are kept as they came; producers are checked as brokers check them.
 */
import * as net from 'node:net';
import { silentLogger } from '#std/log';
import { systemClock } from '#std/clock';
import { apiOfKey, apis, type FetchRequest, type ProduceRequest } from '#wire/kafka/apis';
import { kafkaError } from '#wire/kafka/error-codes';
import { decodeRequest, decodeRequestHeader, encodeResponse, type RequestHeader } from '#wire/kafka/frame';
import { patchBaseOffset, recordBatch } from '#wire/kafka/record-batch';
import { decodeRecords } from '#wire/kafka/record-columns';
import type { Api, Decoded, Fields, Input, ResponseInput } from '#wire/kafka/schema';
import { Cluster, type ClusterOptions } from '#topics/cluster';
import { FrameReader } from '#topics/frame-reader';

/** What happens to one produce or fetch request: served as usual, or … */
export type Fault =
  | { readonly kind: 'none' }
  | { readonly kind: 'error'; readonly code: number }
  | { readonly kind: 'lost-before' }
  /** Done, but the connection ends in the middle of the answer. */
  | { readonly kind: 'lost-after' }
  | { readonly kind: 'silence' };

const noFault: Fault = { kind: 'none' };

interface ProducerState {
  epoch: number;
  nextSequence: number;
  readonly last: { sequence: number; count: number; offset: number }[];
}

export class FakePartition {
  leader = 0;
  readonly batches: Buffer[] = [];
  logStart = 0;
  end = 0;
  readonly producers = new Map<number, ProducerState>();

  /** Kafka's answer to one batch: an error code and an offset. */
  append(batch: Buffer): { code: number; offset: number } {
    const producerId = recordBatch.producerId(batch);
    const count = recordBatch.count(batch);
    if (producerId >= 0) {
      const sequence = recordBatch.baseSequence(batch);
      const epoch = recordBatch.producerEpoch(batch);
      let state = this.producers.get(producerId);
      if (state === undefined || epoch > state.epoch) {
        if (state !== undefined && sequence !== 0) return { code: kafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, offset: -1 };
        state = { epoch, nextSequence: sequence, last: [] };
        this.producers.set(producerId, state);
      }
      if (epoch < state.epoch) return { code: kafkaError.INVALID_PRODUCER_EPOCH, offset: -1 };
      const duplicate = state.last.find((entry) => entry.sequence === sequence && entry.count === count);
      if (duplicate !== undefined) return { code: kafkaError.NONE, offset: duplicate.offset };
      if (sequence !== state.nextSequence) return { code: kafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER, offset: -1 };
      state.nextSequence = sequence + count;
      state.last.push({ sequence, count, offset: this.end });
      if (state.last.length > 5) state.last.shift();
    }
    const stored = Buffer.from(batch);
    patchBaseOffset(stored, this.end);
    this.batches.push(stored);
    const offset = this.end;
    this.end += count;
    return { code: kafkaError.NONE, offset };
  }

  values(): string[] {
    return this.batches.flatMap((batch) => {
      const records = decodeRecords(batch);
      return Array.from({ length: records.count }, (_, index) => records.value(index)?.toString() ?? '');
    });
  }
}

export class FakeCluster {
  readonly topics = new Map<string, FakePartition[]>();
  readonly committed = new Map<string, number>();
  /** Names of the APIs in the order of the requests. */
  readonly requests: string[] = [];
  limitBytes = 1_048_588;
  /** Features in force, with their level. */
  readonly features = new Map<string, number>();
  apiVersionsMax = 4;
  heartbeatCode: number = kafkaError.NONE;
  commitCode: number = kafkaError.NONE;
  joins = 0;
  onProduce: (request: ProduceRequest, node: number) => Fault = () => noFault;
  /** An error code for a batch before it is looked at. */
  checkBatch: (batch: Buffer) => number = () => kafkaError.NONE;
  onFetch: (request: FetchRequest, node: number) => Fault = () => noFault;
  delayMs: () => number = () => 0;
  private readonly scripts = new Map<number, (version: number, frame: Buffer, header: RequestHeader) => Buffer[]>();
  private readonly servers: net.Server[] = [];
  private readonly sockets = new Set<net.Socket>();
  private readonly clusters: Cluster[] = [];
  private assignment = Buffer.alloc(0);
  private producerIds = 100;

  async start(nodes = 1): Promise<void> {
    for (let node = 0; node < nodes; node += 1) {
      const server = net.createServer((socket) => this.serve(socket, node));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      this.servers.push(server);
    }
  }

  async stop(): Promise<void> {
    for (const cluster of this.clusters) await cluster.close();
    this.disconnectAll();
    await Promise.all(this.servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }

  /** Answers an API that is not served here, or answers it otherwise. */
  on<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    handle: (request: Decoded<Request>) => Input<Response>,
  ): void {
    this.scripts.set(api.key, (version, frame, header) =>
      encodeResponse(api, version, header.correlationId, handle(decodeRequest(api, version, frame, header.bodyAt))),
    );
  }

  disconnectAll(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  create(topic: string, partitions: number): FakePartition[] {
    const made = Array.from({ length: partitions }, () => new FakePartition());
    this.topics.set(topic, made);
    return made;
  }

  connect(options: Partial<ClusterOptions> = {}): Cluster {
    const cluster = new Cluster({
      bootstrap: [`127.0.0.1:${this.portOf(0)}`],
      clientId: 'test',
      clock: systemClock,
      logger: silentLogger,
      ...options,
    });
    this.clusters.push(cluster);
    return cluster;
  }

  private portOf(node: number): number {
    const address = this.servers[node]?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  private serve(socket: net.Socket, node: number): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let last = Promise.resolve();
    const reader = new FrameReader((frame) => {
      const copy = Buffer.from(frame);
      // Answers leave in the order of the requests.
      last = last.then(() => this.answer(socket, copy, node)).catch(() => void socket.destroy());
    });
    socket.on('data', (chunk: Buffer) => reader.push(chunk));
  }

  private async answer(socket: net.Socket, frame: Buffer, node: number): Promise<void> {
    const header = decodeRequestHeader(frame);
    const api = apiOfKey(header.apiKey);
    if (api === null) return void socket.destroy();
    this.requests.push(api.name);
    const delayMs = this.delayMs();
    if (delayMs > 0) await systemClock.sleep(delayMs);
    const { apiVersion: version, correlationId } = header;
    if (api.key === apis.apiVersions.key && version > this.apiVersionsMax) {
      const apiKeys = [{ apiKey: 18, minVersion: 0, maxVersion: this.apiVersionsMax }];
      const body = { errorCode: kafkaError.UNSUPPORTED_VERSION, apiKeys };
      return this.write(socket, encodeResponse(apis.apiVersions, 0, correlationId, body));
    }
    const script = this.scripts.get(api.key);
    if (script !== undefined) return this.write(socket, script(version, frame, header));
    const read = <A extends Api>(asked: A) => decodeRequest(asked, version, frame, header.bodyAt);
    const reply = <A extends Api>(asked: A, body: ResponseInput<A>): void =>
      this.write(socket, encodeResponse(asked as Api, version, correlationId, body as ResponseInput<Api>));
    switch (api.key) {
      case apis.apiVersions.key: {
        const known = Object.values(apis).map((each) => ({
          apiKey: each.key,
          minVersion: each.minVersion,
          maxVersion: each.maxVersion,
        }));
        const finalizedFeatures = [...this.features].map(([name, level]) => ({
          name,
          maxVersionLevel: level,
          minVersionLevel: level,
        }));
        return reply(apis.apiVersions, { apiKeys: known, finalizedFeatures });
      }
      case apis.metadata.key: {
        const request = decodeRequest(apis.metadata, version, frame, header.bodyAt);
        return reply(apis.metadata, this.metadata(request.topics, request.allowAutoTopicCreation));
      }
      case apis.initProducerId.key:
        return reply(apis.initProducerId, { producerId: (this.producerIds += 1), producerEpoch: 0 });
      case apis.describeConfigs.key: {
        const configs = [{ name: 'max.message.bytes', value: String(this.limitBytes) }];
        return reply(apis.describeConfigs, { results: [{ errorMessage: null, resourceType: 2, configs }] });
      }
      case apis.produce.key: {
        const request = decodeRequest(apis.produce, version, frame, header.bodyAt);
        const fault = this.onProduce(request, node);
        // Answers leave in order, so one that never comes holds up all behind it.
        if (fault.kind === 'silence') return new Promise(() => undefined);
        if (fault.kind === 'lost-before') return void socket.destroy();
        const body = this.produce(request, node, fault);
        const pieces = encodeResponse(apis.produce, version, correlationId, body);
        return fault.kind === 'lost-after' ? this.writeHalf(socket, pieces) : this.write(socket, pieces);
      }
      case apis.fetch.key: {
        const request = decodeRequest(apis.fetch, version, frame, header.bodyAt);
        const fault = this.onFetch(request, node);
        if (fault.kind === 'lost-before') return void socket.destroy();
        const body = this.fetch(request, node, fault);
        if (body.responses?.every((topic) => topic.partitions?.every((each) => each.records?.length === 0)) === true) {
          await systemClock.sleep(Math.min(20, request.maxWaitMs));
        }
        const pieces = encodeResponse(apis.fetch, version, correlationId, body);
        return fault.kind === 'lost-after' ? this.writeHalf(socket, pieces) : this.write(socket, pieces);
      }
      case apis.listOffsets.key: {
        const request = decodeRequest(apis.listOffsets, version, frame, header.bodyAt);
        return reply(apis.listOffsets, {
          topics: request.topics.map(({ name, partitions }) => ({
            name,
            partitions: partitions.map(({ partitionIndex, timestamp }) => {
              const partition = this.topics.get(name)?.[partitionIndex];
              const offset = timestamp === -2 ? partition?.logStart : timestamp === -1 ? partition?.end : -1;
              return { partitionIndex, offset: offset ?? -1 };
            }),
          })),
        });
      }
      case apis.findCoordinator.key: {
        const node0 = { nodeId: 0, host: '127.0.0.1', port: this.portOf(0), errorMessage: null };
        return reply(apis.findCoordinator, { ...node0, coordinators: [{ ...node0, key: 'g' }] });
      }
      case apis.joinGroup.key: {
        const request = decodeRequest(apis.joinGroup, version, frame, header.bodyAt);
        if (request.memberId === '') {
          return reply(apis.joinGroup, {
            errorCode: kafkaError.MEMBER_ID_REQUIRED,
            memberId: `m${this.joins}`,
            protocolName: null,
          });
        }
        this.joins += 1;
        this.heartbeatCode = kafkaError.NONE;
        const metadata = request.protocols[0]?.metadata ?? Buffer.alloc(0);
        return reply(apis.joinGroup, {
          generationId: this.joins,
          protocolName: request.protocols[0]?.name ?? '',
          leader: request.memberId,
          memberId: request.memberId,
          members: [{ memberId: request.memberId, metadata }],
        });
      }
      case apis.syncGroup.key: {
        const request = decodeRequest(apis.syncGroup, version, frame, header.bodyAt);
        this.assignment = Buffer.from(request.assignments[0]?.assignment ?? this.assignment);
        return reply(apis.syncGroup, { assignment: this.assignment });
      }
      case apis.heartbeat.key:
        read(apis.heartbeat);
        return reply(apis.heartbeat, { errorCode: this.heartbeatCode });
      case apis.leaveGroup.key:
        return reply(apis.leaveGroup, {});
      case apis.offsetCommit.key: {
        const request = decodeRequest(apis.offsetCommit, version, frame, header.bodyAt);
        const topics = request.topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex, committedOffset }) => {
            if (this.commitCode === kafkaError.NONE) this.committed.set(`${partitionIndex} ${name}`, committedOffset);
            return { partitionIndex, errorCode: this.commitCode };
          }),
        }));
        return reply(apis.offsetCommit, { topics });
      }
      case apis.offsetFetch.key: {
        const request = decodeRequest(apis.offsetFetch, version, frame, header.bodyAt);
        const groups = request.groups.map(({ groupId, topics }) => ({
          groupId,
          topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
            name,
            partitions: partitionIndexes.map((partitionIndex) => ({
              partitionIndex,
              committedOffset: this.committed.get(`${partitionIndex} ${name}`) ?? -1,
              metadata: '',
            })),
          })),
        }));
        return reply(apis.offsetFetch, { groups });
      }
      default:
        socket.destroy();
    }
  }

  private metadata(
    asked: readonly { readonly name: string | null }[] | null,
    create: boolean,
  ): ResponseInput<typeof apis.metadata> {
    const names = asked === null ? [...this.topics.keys()] : asked.map((topic) => topic.name ?? '');
    return {
      brokers: this.servers.map((_, nodeId) => ({ nodeId, host: '127.0.0.1', port: this.portOf(nodeId) })),
      clusterId: 'fake',
      controllerId: 0,
      topics: names.map((name) => {
        const partitions = this.topics.get(name) ?? (create ? this.create(name, 2) : null);
        if (partitions === null) return { name, errorCode: kafkaError.UNKNOWN_TOPIC_OR_PARTITION };
        return {
          name,
          partitions: partitions.map((partition, partitionIndex) => ({
            partitionIndex,
            leaderId: partition.leader,
            replicaNodes: [partition.leader],
            isrNodes: [partition.leader],
          })),
        };
      }),
    };
  }

  private produce(request: ProduceRequest, node: number, fault: Fault): ResponseInput<typeof apis.produce> {
    return {
      responses: request.topicData.map(({ name, partitionData }) => ({
        name,
        partitionResponses: partitionData.map(({ index, records }) => {
          const partition = this.topics.get(name)?.[index];
          if (fault.kind === 'error') return { index, errorCode: fault.code, baseOffset: -1 };
          if (partition === undefined || partition.leader !== node || records === null) {
            return { index, errorCode: kafkaError.NOT_LEADER_OR_FOLLOWER, baseOffset: -1 };
          }
          if (records.length > this.limitBytes)
            return { index, errorCode: kafkaError.MESSAGE_TOO_LARGE, baseOffset: -1 };
          const refusal = this.checkBatch(records);
          if (refusal !== kafkaError.NONE) return { index, errorCode: refusal, baseOffset: -1 };
          const { code, offset } = partition.append(records);
          return { index, errorCode: code, baseOffset: offset };
        }),
      })),
    };
  }

  private fetch(request: FetchRequest, node: number, fault: Fault): ResponseInput<typeof apis.fetch> {
    return {
      responses: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition: partitionIndex, fetchOffset, partitionMaxBytes }) => {
          const empty = { partitionIndex, highWatermark: 0, abortedTransactions: null, records: Buffer.alloc(0) };
          const partition = this.topics.get(topic)?.[partitionIndex];
          if (fault.kind === 'error') return { ...empty, errorCode: fault.code };
          if (partition === undefined || partition.leader !== node) {
            return { ...empty, errorCode: kafkaError.NOT_LEADER_OR_FOLLOWER };
          }
          if (fetchOffset < partition.logStart || fetchOffset > partition.end) {
            return { ...empty, errorCode: kafkaError.OFFSET_OUT_OF_RANGE };
          }
          const found: Buffer[] = [];
          let bytes = 0;
          for (const batch of partition.batches) {
            if (recordBatch.lastOffset(batch) < fetchOffset || bytes >= partitionMaxBytes) continue;
            found.push(batch);
            bytes += batch.length;
          }
          return { ...empty, highWatermark: partition.end, records: found };
        }),
      })),
    };
  }

  private write(socket: net.Socket, pieces: readonly Buffer[]): void {
    if (socket.writable) socket.write(Buffer.concat(pieces));
  }

  private writeHalf(socket: net.Socket, pieces: readonly Buffer[]): void {
    const whole = Buffer.concat(pieces);
    socket.end(whole.subarray(0, whole.length >> 1));
  }
}

import { BadRequestException, Body, Controller, Delete, Get, NotFoundException, Param, Patch } from '@nestjs/common';
import { z } from 'zod';
import type { Connector } from '#control/connector';
import { ControlStore } from '#control/control-store';
import { TopicAdmin } from '#topics/topic-admin';
import { Section, Summary } from '../operations/summary.js';

const count = z.coerce.number().int().min(0);

/** Connect's form of a sink's offsets; a null offset drops the partition. */
const OffsetChange = z
  .strictObject({
    offsets: z.array(
      z.strictObject({
        partition: z.strictObject({ kafka_topic: z.string().min(1), kafka_partition: count }),
        offset: z.strictObject({ kafka_offset: count }).nullable(),
      }),
    ),
  })
  .meta({ id: 'OffsetChange' });

/** Offsets of a sink are those of its consumer group; a collector has none here. */
@Section('Connectors')
@Controller('connectors/:name/offsets')
export class OffsetsController {
  constructor(
    private readonly store: ControlStore,
    private readonly topics: TopicAdmin,
  ) {}

  @Get()
  @Summary('Committed offsets of a sink')
  async get(@Param('name') name: string): Promise<unknown> {
    const connector = await this.find(name);
    if (connector.kind !== 'sink') return { offsets: [] };
    const offsets = await this.topics.groupOffsets(groupOf(connector));
    return {
      offsets: offsets.map(({ topic, partition, offset }) => ({
        partition: { kafka_partition: partition, kafka_topic: topic },
        offset: { kafka_offset: offset },
      })),
    };
  }

  /** A partition whose offset is dropped begins at its earliest record, as `auto.offset.reset` of sinks has it. */
  @Patch()
  @Summary('Moves a stopped sink: kafka_offset by partition, null = from the start')
  async change(
    @Param('name') name: string,
    @Body({ schema: OffsetChange }) body: z.infer<typeof OffsetChange>,
  ): Promise<unknown> {
    if (body.offsets.length === 0)
      throw new BadRequestException('Partitions / offsets need to be provided for an alter offsets request');
    const connector = await this.requireStoppedSink(name);
    const positions = await Promise.all(
      body.offsets.map(async ({ partition: { kafka_topic: topic, kafka_partition: partition }, offset }) => {
        const known = await this.topics.describeTopic(topic);
        if (known === null || partition >= known.partitions) {
          throw new BadRequestException(`There is no partition ${partition} of a topic ${topic}`);
        }
        return { topic, partition, offset: offset?.kafka_offset ?? (await this.earliest(topic, partition)) };
      }),
    );
    await this.topics.resetGroupOffsets(groupOf(connector), positions);
    return { message: 'The offsets for this connector have been altered successfully' };
  }

  @Delete()
  @Summary('Drops all offsets of a stopped sink')
  async drop(@Param('name') name: string): Promise<unknown> {
    const connector = await this.requireStoppedSink(name);
    const groupId = groupOf(connector);
    if ((await this.topics.groupOffsets(groupId)).length > 0) await this.topics.deleteGroup(groupId);
    return { message: 'The offsets for this connector have been reset successfully' };
  }

  private async earliest(topic: string, partition: number): Promise<number> {
    const offsets = await this.topics.offsets(topic, 'earliest');
    return offsets.find((candidate) => candidate.partition === partition)?.offset ?? 0;
  }

  private async requireStoppedSink(name: string): Promise<Connector> {
    const connector = await this.find(name);
    if (connector.kind !== 'sink') {
      throw new BadRequestException('Offsets of a collector are positions in its files; they cannot be changed here');
    }
    if (connector.targetState !== 'STOPPED') {
      throw new BadRequestException(
        'Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified connector by issuing a ' +
          `'PUT' request to the '/connectors/${name}/stop' endpoint`,
      );
    }
    return connector;
  }

  private async find(name: string): Promise<Connector> {
    const connector = await this.store.findConnector(name);
    if (connector === null) throw new NotFoundException(`Connector ${name} not found`);
    return connector;
  }
}

function groupOf(connector: Connector): string {
  return connector.config['consumer.override.group.id'] ?? `connect-${connector.name}`;
}

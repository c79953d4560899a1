import { BadRequestException, Body, Controller, Delete, Get, NotFoundException, Param, Patch } from '@nestjs/common';
import { z } from 'zod';
import type { Connector } from '#control/connector';
import { ControlStore } from '#control/control-store';
import { systemClock } from '#std/clock';
import { TopicAdmin } from '#topics/topic-admin';
import { Requires } from '../access/requires.js';
import { Section, Summary } from '../operations/summary.js';
import { ConnectorClasses } from './connector-class.js';
import { requireClass } from './connector-spec.js';
import { SinkOffsets } from './sink-offsets.js';

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
    private readonly classes: ConnectorClasses,
  ) {}

  @Get()
  @Requires(['sinks', 'collectors'], 'read', 'name')
  @Summary('Committed offsets of a sink')
  async get(@Param('name') name: string): Promise<unknown> {
    const connector = await this.find(name);
    if (connector.kind !== 'sink') return { offsets: [] };
    const offsets = await this.offsetsOf(connector).committed();
    return {
      offsets: offsets.map(({ topic, partition, offset }) => ({
        partition: { kafka_partition: partition, kafka_topic: topic },
        offset: { kafka_offset: offset },
      })),
    };
  }

  @Patch()
  @Requires(['sinks', 'collectors'], 'operate', 'name')
  @Summary('Moves a stopped sink: kafka_offset by partition, null = where start.from says')
  async change(
    @Param('name') name: string,
    @Body({ schema: OffsetChange }) body: z.infer<typeof OffsetChange>,
  ): Promise<unknown> {
    const connector = await this.find(name);
    if (body.offsets.length === 0)
      throw new BadRequestException('Partitions / offsets need to be provided for an alter offsets request');
    await this.stoppedSink(connector).move(
      body.offsets.map(({ partition, offset }) => ({
        topic: partition.kafka_topic,
        partition: partition.kafka_partition,
        offset: offset?.kafka_offset ?? null,
      })),
    );
    return { message: 'The offsets for this connector have been altered successfully' };
  }

  @Delete()
  @Requires(['sinks', 'collectors'], 'operate', 'name')
  @Summary('Drops all offsets of a stopped sink')
  async drop(@Param('name') name: string): Promise<unknown> {
    await this.stoppedSink(await this.find(name)).drop();
    return { message: 'The offsets for this connector have been reset successfully' };
  }

  private stoppedSink(connector: Connector): SinkOffsets {
    const connectorClass = requireClass(this.classes, connector.config);
    const fixed = connectorClass.offsetsFixed(connector.config);
    if (fixed !== null) throw new BadRequestException(fixed);
    if (connector.targetState !== 'STOPPED') {
      throw new BadRequestException(
        'Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified connector by issuing a ' +
          `'PUT' request to the '/connectors/${encodeURIComponent(connector.name)}/stop' endpoint`,
      );
    }
    return this.offsetsOf(connector);
  }

  private offsetsOf(connector: Connector): SinkOffsets {
    const connectorClass = requireClass(this.classes, connector.config);
    return new SinkOffsets({ topics: this.topics, clock: systemClock }, connectorClass, connector);
  }

  private async find(name: string): Promise<Connector> {
    const connector = await this.store.findConnector(name);
    if (connector === null) throw new NotFoundException(`Connector ${name} not found`);
    return connector;
  }
}

import { jest } from '@jest/globals';
import { Controller, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientKafka,
  EventPattern,
  Payload,
  Transport,
  type KafkaOptions,
  type MicroserviceOptions,
} from '@nestjs/microservices';
import { logLevel } from 'kafkajs';
import { lastValueFrom } from 'rxjs';
import { eventually } from '../flows/product.js';
import { startService, values } from './service.js';

jest.setTimeout(120_000);

const received: string[][] = [[], []];

@Controller()
class FirstController {
  @EventPattern('nest-events')
  take(@Payload() value: string): void {
    received[0]?.push(value);
  }
}

@Controller()
class SecondController {
  @EventPattern('nest-events')
  take(@Payload() value: string): void {
    received[1]?.push(value);
  }
}

let service: Awaited<ReturnType<typeof startService>>;
beforeAll(async () => {
  service = await startService({ topicsPort: 29_292, httpPort: 29_280 });
});
afterAll(() => service.stop());

test('two Nest microservices on Transport.KAFKA share the events of a topic, and their lag is seen', async () => {
  const { admin, bootstrap } = service.product;
  await admin.createTopic({ name: 'nest-events', partitions: 4 });
  const options: KafkaOptions = {
    transport: Transport.KAFKA,
    options: {
      client: { brokers: [bootstrap], logLevel: logLevel.NOTHING },
      consumer: { groupId: 'nest', sessionTimeout: 10_000 },
    },
  };
  const apps: INestMicroservice[] = [];
  for (const controller of [FirstController, SecondController]) {
    class AppModule {}
    const app = await NestFactory.createMicroservice<MicroserviceOptions>(
      { module: AppModule, controllers: [controller] },
      { ...options, logger: false },
    );
    await app.listen();
    apps.push(app);
  }
  await eventually('two members', 30_000, async () => {
    const group = await admin.describeGroup('nest-server');
    return group.state === 'Stable' && group.members.length === 2;
  });
  const client = new ClientKafka({ client: { brokers: [bootstrap], logLevel: logLevel.NOTHING } });
  await client.connect();
  const sent = values('event', 200);
  for (const value of sent) await lastValueFrom(client.emit('nest-events', { key: value, value }));
  await eventually('all events', 30_000, () => received.flat().length >= 200);
  expect([...received.flat()].sort()).toEqual([...sent].sort());
  expect(received.every((part) => part.length > 0)).toBe(true);
  for (const app of apps) await app.close();

  for (const value of values('late', 10)) await lastValueFrom(client.emit('nest-events', { key: value, value }));
  const lag = await admin.groupLag('nest-server');
  expect(lag.reduce((sum, place) => sum + (place.lag ?? 0), 0)).toBe(10);
  await client.close();
});

import type { Broker } from '#broker/broker';
import { anonymous } from '#broker/handler';
import { exposureOf, hasSasl, hasTls, type ListenerConfig } from '#broker/security/listener-config';
import type { Connection, ConnectionLimits } from '#net/connection';
import type { ConnectionQuota } from '#net/connection-quota';
import { Listener } from '#net/listener';
import type { ReceiveBudget } from '#net/receive-budget';
import { TlsContext } from '#net/tls-context';
import { subjectOf } from '#security/distinguished-name';
import { PrincipalRules } from '#security/principal-rules';
import type { Principal } from '#security/sasl';
import type { Timer } from '#std/clock';
import { messageOf, MillraceError } from '#std/errors';
import { serverErrors } from './errors.js';
import { RequestQueue } from './request-queue.js';

/** What the listeners of a service have in common. */
export interface KafkaListenerShared {
  readonly broker: Broker;
  readonly quota: ConnectionQuota;
  readonly budget: ReceiveBudget;
  /** For requests of those who have not logged in yet, so that they cannot use up the room of those who have. */
  readonly loginBudget: ReceiveBudget;
  /** Requests taken, by the name of their API. */
  readonly counts: Map<string, number>;
}

/** Requests that one connection may have open before its login: a client waits for each answer. */
const loginRequestsMax = 4;
/** Lines about connections that were closed, in a window. */
const reportsMax = 20;
const reportsWindowMs = 10_000;

/** One door of the topic service: its address, its TLS, its login. */
export class KafkaListener {
  readonly queues = new Set<RequestQueue>();
  readonly listener: Listener;
  private readonly limits: ConnectionLimits;
  private readonly rules: PrincipalRules;
  private reports = 0;
  private reportsUntilMs = 0;

  constructor(
    readonly config: ListenerConfig,
    private readonly shared: KafkaListenerShared,
  ) {
    const { broker, quota, budget, loginBudget } = shared;
    const { values } = config;
    this.limits = {
      frameBytesMax: broker.config['socket.request.max.bytes'],
      budgetBytesMax: broker.config['connection.budget.bytes'],
      unansweredMax: broker.config['connection.requests.max'],
    };
    const loginBytesMax = values['sasl.server.max.receive.size'];
    const loginLimits = {
      frameBytesMax: loginBytesMax,
      budgetBytesMax: loginBytesMax,
      unansweredMax: loginRequestsMax,
    };
    this.rules = new PrincipalRules(values['ssl.principal.mapping.rules']);
    this.listener = new Listener(
      {
        name: config.name,
        host: config.host,
        port: config.port,
        exposure: exposureOf(config),
        insecure: values.insecure,
        quota,
        budget: hasSasl(config) ? loginBudget : budget,
        idleMs: broker.config['connections.max.idle.ms'],
        limits: hasSasl(config) ? loginLimits : this.limits,
        tls: hasTls(config) ? this.tlsContext() : null,
        handshakeMs: values['connection.login.timeout.ms'],
      },
      broker.clock,
      {
        onConnection: (connection) => this.serve(connection),
        onHandshakeFailed: (client, error) => this.reportClose(client, error),
      },
    );
  }

  /** Throws as `Listener.start`. */
  async start(): Promise<void> {
    await this.listener.start();
    if (!this.listener.isExposed) return;
    this.shared.broker.logger.warn('Other machines can reach a listener that does not guard itself (insecure=true).', {
      listener: this.config.name,
      host: this.config.host,
      because: exposureOf(this.config),
    });
  }

  private serve(connection: Connection): void {
    const { broker, counts, budget } = this.shared;
    const earlyMs = broker.quotas.connectionWaitMs(connection.remoteHost);
    if (earlyMs > 0) {
      this.turnAway(connection, earlyMs);
      return;
    }
    const principal = this.principalOf(connection);
    if (principal === null) {
      connection.start({ onFrame: () => undefined, onClose: () => undefined });
      const reason = 'No rule of ssl.principal.mapping.rules fits the name in its certificate.';
      this.reportClose(connection.remoteHost, new MillraceError(serverErrors.unknownCertificate, reason));
      connection.close();
      return;
    }
    let patience: Timer | null = null;
    const queue = new RequestQueue(connection, broker, {
      listener: this.config,
      principal,
      counts,
      onLogin: () => {
        if (patience === null) return;
        patience.cancel();
        patience = null;
        connection.promote(this.limits, budget);
      },
    });
    if (!queue.isOpen) patience = this.breakOffLate(connection);
    this.queues.add(queue);
    connection.start({
      onFrame: (frame) => queue.take(frame),
      onClose: (error) => {
        patience?.cancel();
        this.queues.delete(queue);
        queue.abort();
        if (error !== null) this.reportClose(connection.remoteHost, error);
      },
    });
  }

  /** A connection over its address's quota is closed, but only after the time that it came too early: its client tries no sooner again. */
  private turnAway(connection: Connection, afterMs: number): void {
    const timer = this.shared.broker.clock.after(afterMs, () => connection.close());
    connection.start({ onFrame: () => undefined, onClose: () => timer.cancel() });
  }

  private breakOffLate(connection: Connection): Timer {
    const afterMs = this.config.values['connection.login.timeout.ms'];
    return this.shared.broker.clock.after(afterMs, () => {
      connection.close(new MillraceError(serverErrors.loginTimeout, `It did not log in within ${afterMs} ms.`));
    });
  }

  /** Who asks as far as the connection itself tells; null where it must not be let in. */
  private principalOf({ peerCertificate }: Connection): Principal | null {
    if (this.config.protocol !== 'SSL' || peerCertificate === null) return anonymous;
    try {
      const name = this.rules.nameOf(subjectOf(peerCertificate));
      return name === null ? null : { type: 'User', name };
    } catch (error) {
      this.shared.broker.logger.warn('The name in a certificate cannot be read.', { reason: messageOf(error) });
      return null;
    }
  }

  private tlsContext(): TlsContext {
    const { values, name: listener } = this.config;
    const { logger, clock } = this.shared.broker;
    return new TlsContext(
      {
        keyStore: {
          type: values['ssl.keystore.type'],
          location: values['ssl.keystore.location'],
          password: values['ssl.keystore.password'],
          certificateChain: values['ssl.keystore.certificate.chain'],
          key: values['ssl.keystore.key'],
          keyPassword: values['ssl.key.password'],
        },
        trustStore: {
          type: values['ssl.truststore.type'],
          location: values['ssl.truststore.location'],
          password: values['ssl.truststore.password'],
          certificates: values['ssl.truststore.certificates'],
        },
        clientAuth: values['ssl.client.auth'],
        protocols: values['ssl.enabled.protocols'],
        cipherSuites: values['ssl.cipher.suites'],
        reloadMs: values['ssl.reload.interval.ms'],
      },
      clock,
      {
        onReload: () => logger.info('Changed certificates are in use for new connections.', { listener }),
        onReloadFailed: (error) =>
          logger.error('Changed certificates cannot be used; those before go on.', { listener, reason: error.message }),
      },
    );
  }

  /** A peer that hangs up is no news; one that sends what cannot be read is. Strangers must not fill the disk with it. */
  private reportClose(client: string, error: Error): void {
    if ('syscall' in error) return;
    const { logger, clock } = this.shared.broker;
    const now = clock.monotonic();
    if (now >= this.reportsUntilMs) {
      const untold = this.reports - reportsMax;
      if (untold > 0)
        logger.warn('More client connections were closed.', { listener: this.config.name, count: untold });
      this.reportsUntilMs = now + reportsWindowMs;
      this.reports = 0;
    }
    this.reports += 1;
    if (this.reports > reportsMax) return;
    logger.warn('A client connection was closed.', { client, listener: this.config.name, reason: error.message });
  }
}

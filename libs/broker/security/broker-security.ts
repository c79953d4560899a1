import type { Principal, SaslMechanism } from '#security/sasl';
import type { Clock } from '#std/clock';
import type { Logger } from '#std/log';
import type { BrokerConfig } from '../broker-options.js';
import type { ClusterState } from '../cluster-state.js';
import { Authorizer, unlimitedAccess, type Access } from './authorizer.js';
import type { ListenerConfig } from './listener-config.js';
import { mechanismsOf } from './sasl-mechanisms.js';
import { SaslSession } from './sasl-session.js';
import { ScramStore } from './scram-store.js';

export interface BrokerSecurityDependencies {
  readonly cluster: ClusterState;
  readonly config: BrokerConfig;
  readonly listeners: readonly ListenerConfig[];
  readonly clock: Clock;
  readonly logger: Logger;
  /** Where `${env:NAME}` is looked up. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Who may connect where, how they log in, and what they may do. */
export class BrokerSecurity {
  readonly listeners: readonly ListenerConfig[];
  readonly scram: ScramStore;
  /** Null where no authorizer is set: then everybody may do everything. */
  readonly authorizer: Authorizer | null;
  private readonly mechanisms = new Map<string, ReadonlyMap<string, SaslMechanism>>();

  constructor(private readonly dependencies: BrokerSecurityDependencies) {
    const { cluster, config, listeners, clock, logger, environment } = dependencies;
    this.listeners = listeners;
    this.scram = new ScramStore(cluster);
    this.authorizer = config['authorizer.class.name'] === '' ? null : new Authorizer(cluster, config);
    const all = { scram: this.scram, clock, logger, environment };
    for (const listener of listeners) {
      if (listener.mechanisms.size > 0) this.mechanisms.set(listener.name, mechanismsOf(listener, all));
    }
  }

  /** The cluster's records are loaded before this. */
  start(): Promise<void> {
    return this.scram.start(this.dependencies.config['scram.bootstrap.users']);
  }

  accessOf(principal: Principal, host: string): Access {
    return this.authorizer?.accessOf(principal, host) ?? unlimitedAccess;
  }

  /** The login of a connection; null on a listener without one. */
  sessionOn(listener: ListenerConfig, onLogin: (principal: Principal) => void): SaslSession | null {
    const mechanisms = this.mechanisms.get(listener.name);
    if (mechanisms === undefined) return null;
    const { clock, logger } = this.dependencies;
    return new SaslSession({
      mechanisms,
      reauthMsOf: (name) =>
        [...listener.mechanisms].find(([mechanism]) => mechanism === name)?.[1]['connections.max.reauth.ms'] ?? 0,
      failureDelayMs: listener.values['connection.failed.authentication.delay.ms'],
      clock,
      logger,
      onLogin,
    });
  }

  /** What clients of the listener are told to connect to; null: the address that they came in on. */
  advertisedOf(listenerName: string): { readonly host: string; readonly port: number } | null {
    return this.listeners.find(({ name }) => name === listenerName)?.advertised ?? null;
  }
}

import { defineOptions } from '#config/options';
import type { ComponentRemark } from '#pipeline/collector';
import { serverTlsRemarks, type ServerTlsValues } from '../../tls/component-tls.js';
import { serverTlsOptions } from '../../tls/tls-options.js';
import { bindOptions, checkBind, portOption } from '../bind-options.js';
import { asksWho, httpLoginOptions, type HttpLogin } from './http-login.js';

/** What all sources have that take HTTP requests. */
export const httpListenerOptions = defineOptions({
  bind: {
    type: 'string',
    default: '127.0.0.1',
    doc: 'The address to listen on. Flume’s default is every address.',
    importance: 'high',
  },
  port: portOption,
  maxBodyBytes: {
    type: 'int',
    default: 16 * 1024 * 1024,
    min: 1024,
    unit: 'bytes',
    doc: 'A larger request is refused with 413; one that is compressed is measured as what it unpacks to. Flume knows no limit.',
  },
  keepAliveTimeout: {
    type: 'int',
    default: 65_000,
    min: 1,
    unit: 'ms',
    doc: 'How long a connection may rest between requests.',
  },
  ...bindOptions,
  ...httpLoginOptions,
  ...serverTlsOptions,
});

export const httpOptions = defineOptions({
  ...httpListenerOptions,
  handler: {
    type: 'string',
    default: 'org.apache.flume.source.http.JSONHandler',
    values: [
      'org.apache.flume.source.http.JSONHandler',
      'org.apache.flume.source.http.BLOBHandler',
      'org.apache.flume.sink.solr.morphline.BlobHandler',
      'JSONHandler',
      'BLOBHandler',
    ],
    doc: 'How a request becomes events: `JSONHandler`, a JSON array of `{headers, body}`; `BLOBHandler`, its body as one event. Flume’s class names do too.',
  },
  'handler.mandatoryParameters': {
    type: 'list',
    default: [],
    doc: 'For `BLOBHandler`: query parameters that a request has to have.',
  },
  'handler.maxBlobLength': {
    type: 'int',
    default: 100_000_000,
    min: 1,
    unit: 'bytes',
    doc: 'For the Morphlines BlobHandler: what is over it of a body is cut off.',
  },
  QueuedThreadPool: jettySetters('QueuedThreadPool'),
  HttpConfiguration: jettySetters('HttpConfiguration'),
  ServerConnector: jettySetters('ServerConnector'),
  SslContextFactory: jettySetters('SslContextFactory'),
  ssl: { ...serverTlsOptions.ssl, aliases: ['enableSSL'] },
  'exclude-protocols': { ...serverTlsOptions['exclude-protocols'], aliases: ['excludeProtocols'] },
  'keystore-password': { ...serverTlsOptions['keystore-password'], aliases: ['keystorePassword'] },
});

function jettySetters(name: string) {
  return { type: 'map', doc: `Settings of Flume’s web server (\`${name}.*\`). They have no effect here.` } as const;
}

interface ListenerValues extends ServerTlsValues, HttpLogin {
  readonly bind: string;
  readonly insecure: boolean;
}

/** For a component's `check`. */
export function checkHttpListener(values: ListenerValues): ComponentRemark[] {
  const remarks = [...checkBind('bind', values.bind, values.insecure || asksWho(values)), ...serverTlsRemarks(values)];
  if ((values.basicUser === null) !== (values.basicPassword === null)) {
    const message = 'basicUser and basicPassword only have an effect together';
    remarks.push({ severity: 'error', option: 'basicUser', message });
  }
  return remarks;
}

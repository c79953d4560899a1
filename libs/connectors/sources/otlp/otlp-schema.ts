/**
 * The messages of the OpenTelemetry Protocol that logs need (opentelemetry.proto.logs.v1 and what it uses), declared for protobufjs: field
 * name, type and number. Fields that are not named here are passed over.
 */
import type { INamespace } from 'protobufjs/light.js';

export const otlpSchema: INamespace = {
  nested: {
    ExportLogsServiceRequest: { fields: { resourceLogs: list('ResourceLogs', 1) } },
    ResourceLogs: {
      fields: { resource: one('Resource', 1), scopeLogs: list('ScopeLogs', 2), schemaUrl: one('string', 3) },
    },
    ScopeLogs: {
      fields: { scope: one('Scope', 1), logRecords: list('LogRecord', 2), schemaUrl: one('string', 3) },
    },
    LogRecord: {
      fields: {
        timeUnixNano: one('fixed64', 1),
        severityNumber: one('int32', 2),
        severityText: one('string', 3),
        body: one('AnyValue', 5),
        attributes: list('KeyValue', 6),
        droppedAttributesCount: one('uint32', 7),
        flags: one('fixed32', 8),
        traceId: one('bytes', 9),
        spanId: one('bytes', 10),
        observedTimeUnixNano: one('fixed64', 11),
        eventName: one('string', 12),
      },
    },
    Resource: { fields: { attributes: list('KeyValue', 1), droppedAttributesCount: one('uint32', 2) } },
    Scope: {
      fields: { name: one('string', 1), version: one('string', 2), attributes: list('KeyValue', 3) },
    },
    KeyValue: { fields: { key: one('string', 1), value: one('AnyValue', 2) } },
    AnyValue: {
      oneofs: {
        value: {
          oneof: ['stringValue', 'boolValue', 'intValue', 'doubleValue', 'arrayValue', 'kvlistValue', 'bytesValue'],
        },
      },
      fields: {
        stringValue: one('string', 1),
        boolValue: one('bool', 2),
        intValue: one('int64', 3),
        doubleValue: one('double', 4),
        arrayValue: one('ArrayValue', 5),
        kvlistValue: one('KeyValueList', 6),
        bytesValue: one('bytes', 7),
      },
    },
    ArrayValue: { fields: { values: list('AnyValue', 1) } },
    KeyValueList: { fields: { values: list('KeyValue', 1) } },
    ExportLogsServiceResponse: { fields: { partialSuccess: one('PartialSuccess', 1) } },
    PartialSuccess: { fields: { rejectedLogRecords: one('int64', 1), errorMessage: one('string', 2) } },
    /** google.rpc.Status, the body of every refusal. */
    Status: { fields: { code: one('int32', 1), message: one('string', 2) } },
  },
};

function one(type: string, id: number) {
  return { type, id };
}

function list(type: string, id: number) {
  return { rule: 'repeated', type, id };
}

import { connectorOptions } from '#pipeline/connector-options';
import { findSinkType, requireSinkType, sinkTypes } from '#connectors/registry-sinks';

describe('the registry of sinks', () => {
  it.each([
    ['postgres', 'postgres'],
    ['HDFS', 'hdfs'],
    ['file', 'file'],
    ['io.confluent.connect.jdbc.JdbcSinkConnector', 'postgres'],
    ['JdbcSinkConnector', 'postgres'],
    ['JdbcSink', 'postgres'],
    ['io.confluent.connect.hdfs3.Hdfs3SinkConnector', 'hdfs'],
  ])('finds %s', (connectorClass, name) => {
    expect(findSinkType(connectorClass)?.name).toBe(name);
  });

  it.each([
    ['jdbc:mariadb://db/shop', 'mysql'],
    ['jdbc:mysql://db/shop', 'mysql'],
    ['jdbc:postgresql://db/shop', 'postgres'],
    ['jdbc:oracle:thin:@db', 'postgres'],
  ])('takes the address for a class that several stand in for: %s', (url, name) => {
    const options = { 'connection.url': url };
    expect(findSinkType('io.debezium.connector.jdbc.JdbcSinkConnector', options)?.name).toBe(name);
    expect(findSinkType('JdbcSink', options)?.name).toBe(name);
  });

  it('says what there is where it does not know a class', () => {
    expect(() => requireSinkType('org.example.Nothing')).toThrow(
      /Failed to find any class that implements Connector and which name matches org.example.Nothing, available connectors are: postgres/,
    );
  });

  it('has every name once, but for classes that say by the options for whom they are', () => {
    const names = sinkTypes.flatMap((type) => [type.name, ...(type.claims === undefined ? type.classNames : [])]);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(sinkTypes.map((type) => [type.name, type] as const))(
    'gives %s options of its own, each with a text',
    (_name, type) => {
      for (const [name, spec] of Object.entries(type.options)) {
        expect(name in connectorOptions).toBe(false);
        expect(spec.doc.length).toBeGreaterThan(10);
      }
    },
  );
});

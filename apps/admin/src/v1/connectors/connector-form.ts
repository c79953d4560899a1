import type { Connector, ConnectorKind } from '#control/connector';
import type { ConnectorClasses } from '../../connect/connector-class.js';

/** How a kind of connector looks in `/api/v1`. */
export interface ConnectorForm {
  readonly kind: ConnectorKind;
  readonly path: 'sinks' | 'collectors';
  /** For sentences: `sink`. */
  readonly noun: string;
  /** For answers: `Sink`. */
  readonly title: 'Sink' | 'Collector';
  show(classes: ConnectorClasses, connector: Connector): Record<string, unknown>;
  /** Where a key of the flat config stands in a body: `/batch/max_records`. */
  pointerOf(key: string): string;
}

/** What every answer has; with the connector's own between `name` and `state`. */
export function shownConnector(title: string, connector: Connector, own: object): Record<string, unknown> {
  return {
    kind: title,
    name: connector.name,
    ...own,
    labels: connector.labels,
    state: connector.targetState,
    revision: connector.revision,
    created_at: connector.createdAt.toISOString(),
    updated_at: connector.updatedAt.toISOString(),
    updated_by: connector.updatedBy,
  };
}

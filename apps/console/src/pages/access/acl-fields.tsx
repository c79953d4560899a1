/** The words of Kafka's rules as fields. */
import { SelectField, TextField } from '../../ui/fields.js';

export const resourceTypes = ['TOPIC', 'GROUP', 'CLUSTER', 'TRANSACTIONAL_ID', 'DELEGATION_TOKEN', 'USER'] as const;
export type ResourceType = (typeof resourceTypes)[number];
export const operations = [
  'READ',
  'WRITE',
  'CREATE',
  'DELETE',
  'ALTER',
  'DESCRIBE',
  'CLUSTER_ACTION',
  'DESCRIBE_CONFIGS',
  'ALTER_CONFIGS',
  'IDEMPOTENT_WRITE',
] as const;
export type Operation = (typeof operations)[number];

/** The only resource of its type. */
export const clusterName = 'kafka-cluster';

export function ResourceFields(props: {
  type: ResourceType;
  name: string;
  onChange: (change: { type?: ResourceType; name?: string }) => void;
  hint?: string;
}) {
  const { type, name, onChange, hint } = props;
  return (
    <>
      <SelectField
        label="Resource"
        value={type}
        onChange={(chosen) => onChange({ type: chosen, ...(chosen === 'CLUSTER' ? { name: clusterName } : {}) })}
        options={resourceTypes}
      />
      <TextField
        label="Name of the resource"
        {...(hint === undefined ? {} : { hint })}
        value={name}
        onChange={(text) => onChange({ name: text })}
        isDisabled={type === 'CLUSTER'}
        isRequired
      />
    </>
  );
}

/** `User:alice` where only a name was typed. */
export function principalOf(text: string): string {
  const trimmed = text.trim();
  return trimmed === '' || trimmed.includes(':') ? trimmed : `User:${trimmed}`;
}

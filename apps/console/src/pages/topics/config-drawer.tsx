import { useEffect, useState } from 'react';
import { ApiError } from '../../api/request.js';
import { Button, Facts } from '../../ui/basics.js';
import { Drawer } from '../../ui/dialogs.js';
import { SelectField, TextField } from '../../ui/fields.js';
import type { ConfigDraft } from './config-draft.js';
import { checkChange, type TopicConfig } from './topic-api.js';
import { humanValue } from './topic-words.js';

const checkMs = 300;

/** One setting: what it means, and another value for it, which the brokers are asked about as it is typed. */
export function ConfigDrawer(props: {
  topic: string;
  config: TopicConfig;
  draft: ConfigDraft;
  mayEdit: boolean;
  onClose: () => void;
  /** null: back to the default. */
  onChange: (value: string | null) => void;
}) {
  const { topic, config, draft, mayEdit, onClose, onChange } = props;
  const { name, default_value: fallback, documentation, type } = config;
  const drafted = draft[name];
  const inForce = drafted === undefined ? config.value : (drafted ?? fallback);
  const [value, setValue] = useState(inForce ?? '');
  const isOther = value !== (inForce ?? '');
  const problem = useProblem({ topic, name, value, isAsked: isOther });
  const isSet = drafted === undefined ? config.source === 'topic' : drafted !== null;
  const words = humanValue(name, value);
  return (
    <Drawer title={name} isOpen onClose={onClose}>
      {documentation === null ? null : <p>{documentation}</p>}
      <Facts
        facts={[
          ['Type', type.toLowerCase()],
          ['Now', <Shown key="now" name={name} value={config.value} />],
          ['Default', <Shown key="default" name={name} value={fallback} />],
        ]}
      />
      {mayEdit && !config.read_only ? (
        <form
          className="stack"
          onSubmit={(event) => {
            event.preventDefault();
            if (problem === null && isOther) onChange(value);
          }}
        >
          {type === 'BOOLEAN' ? (
            <SelectField
              label="Value"
              value={value}
              onChange={setValue}
              options={['true', 'false']}
              problem={problem}
            />
          ) : (
            <TextField
              label="Value"
              value={value}
              onChange={setValue}
              problem={problem}
              {...(words === null ? {} : { hint: words })}
            />
          )}
          <div className="row">
            <Button type="submit" tone="primary" isDisabled={!isOther || problem !== null}>
              Add to changes
            </Button>
            {isSet ? <Button onPress={() => onChange(null)}>Reset to default</Button> : null}
          </div>
          <p className="quiet">Nothing is changed before you have seen the difference.</p>
        </form>
      ) : (
        <p className="quiet">
          {config.read_only ? 'Only the node itself can change this.' : 'To change it you need the role of an editor.'}
        </p>
      )}
    </Drawer>
  );
}

function Shown({ name, value }: { name: string; value: string | null }) {
  const words = humanValue(name, value);
  if (value === null || value === '') return <span className="quiet">nothing</span>;
  return (
    <>
      <code>{value}</code> {words === null ? null : <span className="quiet">{words}</span>}
    </>
  );
}

/** What the brokers have against a value, a moment after the last key. */
function useProblem(asked: { topic: string; name: string; value: string; isAsked: boolean }): string | null {
  const { topic, name, value, isAsked } = asked;
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    setProblem(null);
    if (!isAsked) return;
    const leaving = new AbortController();
    const ask = async (): Promise<void> => {
      try {
        await checkChange(topic, { configs: { [name]: value } }, leaving.signal);
      } catch (error) {
        if (!leaving.signal.aborted && error instanceof ApiError) setProblem(error.message);
      }
    };
    const timer = setTimeout(() => void ask(), checkMs);
    return () => {
      clearTimeout(timer);
      leaving.abort();
    };
  }, [topic, name, value, isAsked]);
  return problem;
}

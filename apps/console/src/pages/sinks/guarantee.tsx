import { Badge } from '../../ui/basics.js';

const meanings: Readonly<Record<string, string>> = {
  'exactly-once': 'Each record is in the store once, also after a kill: the position is kept in the store itself.',
  'effectively-once': 'A record that is written again replaces itself by its name: the store holds it once.',
  'at-least-once': 'Each record is in the store; after a failure some may be there twice.',
};

/** What is promised, with what it means to point at. */
export function Guarantee({ delivery, isTold = false }: { delivery: string | null; isTold?: boolean }) {
  if (delivery === null) return <span className="quiet">–</span>;
  const meaning = meanings[delivery] ?? '';
  return (
    <>
      <Badge tone={delivery === 'at-least-once' ? 'idle' : 'accent'} title={meaning}>
        {delivery.replaceAll('-', ' ')}
      </Badge>
      {isTold ? <span className="quiet"> {meaning}</span> : null}
    </>
  );
}

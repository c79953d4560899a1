import type { Validation } from './collector-api.js';

/** What taking over a text does to what runs, in words. */
export function EffectNotice({ effect }: { effect: Validation['effect'] }) {
  if (effect === null) return <p className="notice">What it restarts is only known on its worker.</p>;
  const { restarted, added, removed, kept, whole } = effect;
  const isNothing = restarted.length + added.length + removed.length === 0;
  const tone = isNothing ? 'good' : 'warn';
  return (
    <div className="notice stack" data-tone={tone} style={{ gap: 2 }}>
      <strong>{sentenceOf(effect)}</strong>
      {whole ? <p>Another agent runs then: everything stops first.</p> : null}
      {added.length === 0 ? null : <p>New: {added.join(', ')}.</p>}
      {removed.length === 0 ? null : <p>Gone: {removed.join(', ')}. Their files stay where they are.</p>}
      {kept.length === 0 || isNothing ? null : <p>Goes on as it is: {kept.join(', ')}.</p>}
    </div>
  );
}

function sentenceOf({ restarted, added, removed }: NonNullable<Validation['effect']>): string {
  if (restarted.length > 0) {
    return `Restarts ${restarted.length} ${restarted.length === 1 ? 'component' : 'components'}: ${restarted.join(', ')}.`;
  }
  return added.length + removed.length === 0 ? 'Nothing that runs is touched.' : 'Nothing that runs is restarted.';
}

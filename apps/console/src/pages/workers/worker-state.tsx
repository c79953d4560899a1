import { Badge, type Tone } from '../../ui/basics.js';

const tones: Readonly<Record<string, Tone>> = { running: 'good', drained: 'warn', silent: 'bad' };

/** `running`, `drained`, or `silent`: it has not been heard of for a while. */
export function WorkerState({ state }: { state: string }) {
  return <Badge tone={tones[state] ?? 'idle'}>{state}</Badge>;
}

import { ApiError, request } from '../../api/request.js';

const sinksPath = '/api/v1/sinks';
/** How long its tasks may take to leave the group. */
const leaveMsMax = 20_000;
const againMs = 500;

/** Stops a sink, does `move` once its group is empty, and lets it go on as it was wanted before, also where the move is refused. */
export async function whileStopped<T>(sink: string, move: () => Promise<T>, says: (step: string) => void): Promise<T> {
  const path = `${sinksPath}/${encodeURIComponent(sink)}`;
  const { state } = await request<{ state: string }>('GET', path);
  says(`Stopping ${sink} …`);
  if (state !== 'STOPPED') await request('POST', `${path}:stop`);
  try {
    says('Moving …');
    return await untilIdle(move);
  } finally {
    says(`Letting ${sink} go on …`);
    if (state === 'RUNNING') await request('POST', `${path}:resume`);
    if (state === 'PAUSED') await request('POST', `${path}:pause`);
  }
}

async function untilIdle<T>(move: () => Promise<T>): Promise<T> {
  const until = performance.now() + leaveMsMax;
  for (;;) {
    try {
      return await move();
    } catch (error) {
      const isBusy = error instanceof ApiError && error.status === 409;
      if (!isBusy || performance.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  }
}

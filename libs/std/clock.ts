/** Time as a parameter, so that a seed replays a run. `now` is wall time, `monotonic` never goes back; both in ms. */
export interface Clock {
  /** Milliseconds since the epoch, whole. */
  now(): number;
  /** Milliseconds since an arbitrary start; for durations and deadlines. */
  monotonic(): number;
  /** Calls back once after `delayMs`; delays over 2^31-1 ms are kept, not cut to 1. */
  after(delayMs: number, callback: () => void): Timer;
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

export interface Timer {
  cancel(): void;
}

const timeoutMsMax = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    let handle: NodeJS.Timeout;
    const arm = (restMs: number): void => {
      const partMs = Math.min(restMs, timeoutMsMax);
      handle = setTimeout(() => (restMs > partMs ? arm(restMs - partMs) : callback()), partMs);
    };
    arm(Math.max(0, delayMs));
    return { cancel: () => clearTimeout(handle) };
  },
  sleep(delayMs, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const stop = (): void => {
        timer.cancel();
        reject(signal?.reason as Error);
      };
      const timer = systemClock.after(delayMs, () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      });
      signal?.addEventListener('abort', stop, { once: true });
    });
  },
};

/**
 * Resolves when the time is over and somebody looks at the page, when it is cut short by an event, or when the signal is
 * aborted.
 *
 * @param {number} milliseconds
 * @param {AbortSignal} signal
 * @param {{ target: EventTarget, event: string }} [cut]
 * @returns {Promise<void>}
 */
export function wait(milliseconds, signal, cut) {
  return new Promise((resolve) => {
    const end = new AbortController();
    const done = () => {
      clearTimeout(timer);
      end.abort();
      resolve();
    };
    const timer = setTimeout(() => {
      if (document.visibilityState === 'visible') done();
      else document.addEventListener('visibilitychange', done, { signal: end.signal });
    }, milliseconds);
    cut?.target.addEventListener(cut.event, done, { signal: end.signal });
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { signal: end.signal });
  });
}

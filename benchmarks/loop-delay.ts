/** Loaded before a server: tells whoever started it how late its main thread's event loop was, and begins anew. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

if (isMainThread && process.channel !== undefined) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  process.on('message', () => {
    process.send?.(delay.percentile(99) / 1e6);
    delay.reset();
  });
  process.channel?.unref();
}

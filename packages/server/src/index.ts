/** Parley's server: what a program needs to run one. */
export { type Clock, FakeClock, SystemClock } from './clock.ts';
export {
  type Config,
  ConfigError,
  type EventSink,
  environmentVariable,
  type Option,
  type OptionValue,
  options,
  readConfig,
} from './config.ts';
export { createLog, type Log } from './log.ts';
export { type RunningServer, startServer } from './server.ts';
export { demoAgentProfile, demoProfile } from './services/demo.ts';
export { StoreUnusableError } from './storage/store.ts';

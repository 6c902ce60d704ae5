export { CODES, type Code } from './errors.ts';

import { InvalidRequestError } from '../errors.ts';

/**
 * The request that a method was given: the fields of it, or all of it as `{ request }`. Throws an InvalidRequestError
 * for both at once, in the words of the Python client. No request of the API has a field of the name `request`.
 */
export function requestOf(argument: object | undefined): object {
  if (argument === undefined) return {};
  if (typeof argument !== 'object' || argument === null) {
    throw new InvalidRequestError('a request is an object of its fields', { field: '' });
  }
  if (!('request' in argument)) return argument;
  const { request, ...fields } = argument;
  if (request === undefined) return fields;
  if (Object.values(fields).some((value) => value !== undefined)) {
    throw new InvalidRequestError(
      'If the `request` argument is set, then none of the individual field arguments should be set.',
      { field: 'request' },
    );
  }
  return requestOf(request as object);
}

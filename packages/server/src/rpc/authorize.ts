import type { DescMethod } from '@bufbuild/protobuf';
import type { ResourceName } from '../resource-names.ts';
import type { Principal } from './call-context.ts';

/** Decides whether a caller may use a method on a resource. With `--auth off` everybody may do everything. */
export function authorize(_principal: Principal, _method: DescMethod, _resource: ResourceName): void {}

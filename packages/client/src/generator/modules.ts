import { createFileRegistry, type DescMessage, type DescService, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { API_PACKAGE } from './definitions.ts';
import { tablesModule } from './tables-module.ts';
import { typesModule } from './types-module.ts';

/** Services that every client has, with the one that most are for; and the others. */
const COMMON = [
  `${API_PACKAGE}.Conversations`,
  'google.longrunning.Operations',
  'google.cloud.location.Locations',
];
const OTHERS = [`${API_PACKAGE}.ConversationProfiles`, `${API_PACKAGE}.Participants`];

/** What errors carry along. */
const ERROR_DETAILS = [
  'ErrorInfo',
  'BadRequest',
  'RetryInfo',
  'PreconditionFailure',
  'QuotaFailure',
  'ResourceInfo',
  'Help',
  'LocalizedMessage',
  'RequestInfo',
  'DebugInfo',
  'Status',
].map((name) => `google.rpc.${name}`);

/** What operations of these services say of themselves and end with. */
const OPERATION_TYPES = [
  'google.protobuf.Empty',
  `${API_PACKAGE}.ConversationProfile`,
  `${API_PACKAGE}.SetSuggestionFeatureConfigOperationMetadata`,
  `${API_PACKAGE}.ClearSuggestionFeatureConfigOperationMetadata`,
];

/** The files of gen/, by their names, made from a google.protobuf.FileDescriptorSet with source information. */
export function generateModules(descriptors: Uint8Array): Record<string, string> {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
  const message = (typeName: string): DescMessage => {
    const desc = registry.getMessage(typeName);
    if (desc === undefined) throw new Error(`there is no message ${typeName}`);
    return desc;
  };
  const service = (typeName: string): DescService => {
    const desc = registry.getService(typeName);
    if (desc === undefined) throw new Error(`there is no service ${typeName}`);
    return desc;
  };
  const anyTypes = [...ERROR_DETAILS, ...OPERATION_TYPES].map(message);
  const source = { common: COMMON.map(service), others: OTHERS.map(service), anyTypes };
  const { js, dts } = tablesModule(source);
  return { 'tables.js': js, 'tables.d.ts': dts, 'types.d.ts': typesModule(source) };
}

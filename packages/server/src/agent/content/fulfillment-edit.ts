import { toBinary } from '@bufbuild/protobuf';
import {
  Fulfillment_Feature_Type as FeatureType,
  type Fulfillment,
  FulfillmentSchema,
} from '@parleykit/proto/v2beta1';
import { fieldInvalid, fieldsRequired } from '../../errors.ts';
import { AGENT_SETTINGS_BYTES_MAX } from '../../limits.ts';
import { isHeader } from '../webhook.ts';
import { checkEnum } from './intent-edit.ts';

/** Throws where a fulfillment is none that can be called, though it is to be. */
export function checkFulfillment(field: string, fulfillment: Fulfillment): void {
  const { enabled, features } = fulfillment;
  const service = fulfillment.fulfillment.value;
  const at = `${field}.generic_web_service`;
  if (enabled && service === undefined) throw fieldsRequired([at]);
  if (service !== undefined) {
    const { uri, requestHeaders, username } = service;
    if (uri === '') throw fieldsRequired([`${at}.uri`]);
    if (!URL.canParse(uri) || !/^https?:$/u.test(new URL(uri).protocol)) {
      throw fieldInvalid(`${at}.uri`, 'is not a URL that begins with https:// or http://');
    }
    for (const [name, value] of Object.entries(requestHeaders)) {
      if (!isHeader(name, value)) {
        throw fieldInvalid(`${at}.request_headers`, `${JSON.stringify(name)} is no header that can be sent`);
      }
    }
    if (username.includes(':')) throw fieldInvalid(`${at}.username`, 'must not contain a colon');
  }
  for (const [index, { type }] of features.entries()) {
    checkEnum(`${field}.features[${index}].type`, FeatureType[type]);
  }
  if (toBinary(FulfillmentSchema, fulfillment).byteLength > AGENT_SETTINGS_BYTES_MAX) {
    throw fieldInvalid(field, `is larger than ${AGENT_SETTINGS_BYTES_MAX} bytes`);
  }
}

/** Models of replies by themselves, over a store: for who measures them. Nothing in the server imports this. */
export { ResourceName } from '../resource-names.ts';
export {
  ReplyModels,
  type ReplyModelsParts,
  type ReplyOptions,
  type ReplyTurn,
  type SuggestedReply,
} from './reply-models.ts';

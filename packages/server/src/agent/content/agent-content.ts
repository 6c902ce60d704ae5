import { create } from '@bufbuild/protobuf';
import type { StoredAgent, StoredEntityType, StoredIntent } from '@parleykit/proto/stored';
import { type Agent, AgentSchema } from '@parleykit/proto/v2beta1';
import { languageUnknown } from '../../agent-errors.ts';
import { INTENTS_MAX } from '../../limits.ts';

/** All of an agent, as it is stored. Whoever is given one changes nothing in it. */
export interface AgentContent {
  readonly agent: StoredAgent;
  /** By id. */
  readonly intents: ReadonlyMap<string, StoredIntent>;
  /** By id. */
  readonly entityTypes: ReadonlyMap<string, StoredEntityType>;
}

/**
 * All of an agent as it comes from elsewhere and goes there: its parts by no key but their own names, which are relative
 * to it, such as `intents/ID`.
 */
export interface AgentParts {
  readonly agent: StoredAgent;
  readonly intents: readonly StoredIntent[];
  readonly entityTypes: readonly StoredEntityType[];
}

/** The agent itself, as far as the API knows it. */
export function agentOf({ agent }: Pick<AgentContent, 'agent'>): Agent {
  return agent.agent ?? create(AgentSchema);
}

/** The tags of an agent's languages as it writes them, the default one first. */
export function languagesOf({ defaultLanguageCode, supportedLanguageCodes }: Agent): string[] {
  return [...new Set([defaultLanguageCode, ...supportedLanguageCodes])];
}

/**
 * The language that a request speaks of: the agent's default where it names none, else the one of that tag, else the one
 * at its root (`pt` for `pt-BR`). Throws INVALID_ARGUMENT for one that the agent does not have.
 */
export function requireLanguage(content: AgentContent, requested: string, field = 'language_code'): string {
  const agent = agentOf(content);
  if (requested === '') return agent.defaultLanguageCode;
  const wanted = requested.toLowerCase();
  const [root] = wanted.split('-');
  const languages = languagesOf(agent);
  const find = (tag: string | undefined): string | undefined =>
    languages.find((language) => language.toLowerCase() === tag);
  const found = find(wanted) ?? find(root);
  if (found === undefined) throw languageUnknown(field, requested, languages);
  return found;
}

/** An id in a name relative to its agent, such as `intents/ID`. */
export function idOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

/** Which intents follow up on which: a forest, whatever an import has left in the names of parents. */
export class Followups {
  readonly #intents: ReadonlyMap<string, StoredIntent>;
  readonly #children = new Map<string, string[]>();

  constructor(intents: ReadonlyMap<string, StoredIntent>) {
    this.#intents = intents;
    for (const id of intents.keys()) {
      const parent = this.parentOf(id);
      if (parent === undefined) continue;
      const siblings = this.#children.get(parent);
      if (siblings === undefined) this.#children.set(parent, [id]);
      else siblings.push(id);
    }
  }

  /** The intent that this one directly follows up on, where there is one. */
  parentOf(id: string): string | undefined {
    const name = this.#intents.get(id)?.intent?.parentFollowupIntentName ?? '';
    const parent = idOf(name);
    return this.#intents.has(parent) ? parent : undefined;
  }

  /** Where the chain begins; undefined for an intent that follows up on nothing. */
  rootOf(id: string): string | undefined {
    const [root] = this.ancestorsOf(id).slice(-1);
    return root;
  }

  /** The parent first. A chain that bites its own tail ends there. */
  ancestorsOf(id: string): string[] {
    const chain: string[] = [];
    for (let at = this.parentOf(id); at !== undefined && at !== id; at = this.parentOf(at)) {
      if (chain.length >= INTENTS_MAX || chain.includes(at)) break;
      chain.push(at);
    }
    return chain;
  }

  /** All that follow up on it, directly or indirectly, each behind its own parent. */
  descendantsOf(id: string): { readonly id: string; readonly parent: string }[] {
    const seen = new Set([id]);
    const found: { id: string; parent: string }[] = [];
    const open = [id];
    for (let parent = open.shift(); parent !== undefined; parent = open.shift()) {
      for (const child of this.#children.get(parent) ?? []) {
        if (seen.has(child)) continue;
        seen.add(child);
        found.push({ id: child, parent });
        open.push(child);
      }
    }
    return found;
  }
}

/** The variables of a template: `'project' | 'conversation'` of `projects/{project}/conversations/{conversation}`. */
export type VariablesOf<Template extends string> = Template extends `${string}{${infer Name}}${infer Rest}`
  ? Name | VariablesOf<Rest>
  : never;

/** What a parser answers: each segment by the name of its variable, or nothing at all. */
export type Segments<Template extends string> =
  | Readonly<Record<VariablesOf<Template>, string>>
  | Readonly<Partial<Record<VariablesOf<Template>, undefined>>>;

const CONVERSATION = 'projects/{project}/conversations/{conversation}';
const CONVERSATION_PROFILE = 'projects/{project}/conversationProfiles/{conversationProfile}';
const MESSAGE = 'projects/{project}/conversations/{conversation}/messages/{message}';
const BILLING_ACCOUNT = 'billingAccounts/{billingAccount}';
const FOLDER = 'folders/{folder}';
const LOCATION = 'projects/{project}/locations/{location}';
const ORGANIZATION = 'organizations/{organization}';
const PROJECT = 'projects/{project}';

/** `projects/{project}/conversations/{conversation}`; what is given is neither escaped nor looked at. */
export function conversationPath(project: string, conversation: string): string {
  return `projects/${project}/conversations/${conversation}`;
}

/** `projects/{project}/conversationProfiles/{conversationProfile}`; what is given is neither escaped nor looked at. */
export function conversationProfilePath(project: string, conversationProfile: string): string {
  return `projects/${project}/conversationProfiles/${conversationProfile}`;
}

/** `projects/{project}/conversations/{conversation}/messages/{message}`; what is given is neither escaped nor looked at. */
export function messagePath(project: string, conversation: string, message: string): string {
  return `projects/${project}/conversations/${conversation}/messages/${message}`;
}

/** `billingAccounts/{billingAccount}`; what is given is neither escaped nor looked at. */
export function commonBillingAccountPath(billingAccount: string): string {
  return `billingAccounts/${billingAccount}`;
}

/** `folders/{folder}`; what is given is neither escaped nor looked at. */
export function commonFolderPath(folder: string): string {
  return `folders/${folder}`;
}

/** `projects/{project}/locations/{location}`; what is given is neither escaped nor looked at. */
export function commonLocationPath(project: string, location: string): string {
  return `projects/${project}/locations/${location}`;
}

/** `organizations/{organization}`; what is given is neither escaped nor looked at. */
export function commonOrganizationPath(organization: string): string {
  return `organizations/${organization}`;
}

/** `projects/{project}`; what is given is neither escaped nor looked at. */
export function commonProjectPath(project: string): string {
  return `projects/${project}`;
}

/** The segments of a conversation's name, `{}` where it is none. A segment takes slashes along: see `conversationName`. */
export function parseConversationPath(path: string): Segments<typeof CONVERSATION> {
  return match(CONVERSATION, path);
}

/** The segments of a conversation profile's name, `{}` where it is none. A segment takes slashes along. */
export function parseConversationProfilePath(path: string): Segments<typeof CONVERSATION_PROFILE> {
  return match(CONVERSATION_PROFILE, path);
}

/** The segments of a message's name, `{}` where it is none. A segment takes slashes along. */
export function parseMessagePath(path: string): Segments<typeof MESSAGE> {
  return match(MESSAGE, path);
}

/** The segment of a billing account's name, `{}` where it is none. A segment takes slashes along. */
export function parseCommonBillingAccountPath(path: string): Segments<typeof BILLING_ACCOUNT> {
  return match(BILLING_ACCOUNT, path);
}

/** The segment of a folder's name, `{}` where it is none. A segment takes slashes along. */
export function parseCommonFolderPath(path: string): Segments<typeof FOLDER> {
  return match(FOLDER, path);
}

/** The segments of a location's name, `{}` where it is none. A segment takes slashes along. */
export function parseCommonLocationPath(path: string): Segments<typeof LOCATION> {
  return match(LOCATION, path);
}

/** The segment of an organization's name, `{}` where it is none. A segment takes slashes along. */
export function parseCommonOrganizationPath(path: string): Segments<typeof ORGANIZATION> {
  return match(ORGANIZATION, path);
}

/** The segment of a project's name, `{}` where it is none. A segment takes slashes along. */
export function parseCommonProjectPath(path: string): Segments<typeof PROJECT> {
  return match(PROJECT, path);
}

/**
 * What the seed's `^projects/(.+?)/conversations/(.+?)$` finds, in time that grows with the path alone: each segment
 * ends at the first place where the next literal stands, but is never empty; `.` is anything but a line feed, and `$`
 * also stands before one at the end.
 */
function match<Template extends string>(template: Template, path: string): Segments<Template> {
  const text = path.endsWith('\n') ? path.slice(0, -1) : path;
  const none = {} as Segments<Template>;
  if (text.includes('\n')) return none;
  const found: Record<string, string> = {};
  // The parts alternate: a literal, a variable, a literal ... a variable, and nothing after it.
  const parts = template.split(/[{}]/u).slice(0, -1);
  const [prefix = ''] = parts;
  if (!text.startsWith(prefix)) return none;
  let position = prefix.length;
  for (let index = 1; index < parts.length; index += 2) {
    const literal = parts[index + 1];
    const end = literal === undefined ? text.length : text.indexOf(literal, position + 1);
    if (end <= position) return none;
    found[parts[index] as string] = text.slice(position, end);
    position = end + (literal?.length ?? 0);
  }
  return found as Segments<Template>;
}

import type {
  DescEnum,
  DescEnumValue,
  DescField,
  DescMessage,
  DescMethod,
  DescService,
} from '@bufbuild/protobuf';
import type { FileDescriptorProto } from '@bufbuild/protobuf/wkt';

type Commented = DescMessage | DescField | DescEnum | DescEnumValue | DescService | DescMethod;

/** From so many characters on, what follows a paragraph is left out: the .proto files have all of it. */
const ENOUGH = 400;

const commentsOfFiles = new WeakMap<FileDescriptorProto, ReadonlyMap<string, string>>();

/** What a .proto file says in front of something, fit for a doc comment and cut to its beginning; `''` for nothing. */
export function commentOf(desc: Commented): string {
  const file = fileOf(desc);
  let comments = commentsOfFiles.get(file);
  if (comments === undefined) {
    comments = new Map(
      file.sourceCodeInfo?.location.map(({ path, leadingComments }) => [path.join(), leadingComments]),
    );
    commentsOfFiles.set(file, comments);
  }
  return shortened(withoutReferences(comments.get(pathOf(desc).join()) ?? ''));
}

function fileOf(desc: Commented): FileDescriptorProto {
  if ('file' in desc) return desc.file.proto;
  return fileOf(desc.parent);
}

/** Where the file's descriptor has it: numbers of fields and indexes in turns, as in SourceCodeInfo.Location. */
function pathOf(desc: Commented): number[] {
  switch (desc.kind) {
    case 'message':
      if (desc.parent === undefined) return [4, desc.file.proto.messageType.indexOf(desc.proto)];
      return [...pathOf(desc.parent), 3, desc.parent.proto.nestedType.indexOf(desc.proto)];
    case 'enum':
      if (desc.parent === undefined) return [5, desc.file.proto.enumType.indexOf(desc.proto)];
      return [...pathOf(desc.parent), 4, desc.parent.proto.enumType.indexOf(desc.proto)];
    case 'service':
      return [6, desc.file.proto.service.indexOf(desc.proto)];
    case 'field':
      return [...pathOf(desc.parent), 2, desc.parent.proto.field.indexOf(desc.proto)];
    case 'enum_value':
      return [...pathOf(desc.parent), 2, desc.parent.proto.value.indexOf(desc.proto)];
    case 'rpc':
      return [...pathOf(desc.parent), 2, desc.parent.proto.method.indexOf(desc.proto)];
  }
}

/** `[Conversation][google.cloud.dialogflow.v2beta1.Conversation]` is a reference that only protoc understands. */
function withoutReferences(comment: string): string {
  return comment
    .replaceAll(/\[`?([^\]`]+)`?\]\s*\[[\w.\s]*\]/g, '`$1`')
    .replaceAll('*/', '*\\/')
    .replaceAll(/^ /gm, '')
    .trim();
}

function shortened(comment: string): string {
  const paragraphs = comment.split(/\n\s*\n/);
  const kept: string[] = [];
  let length = 0;
  for (const paragraph of paragraphs) {
    if (length > 0 && length + paragraph.length > ENOUGH) break;
    kept.push(paragraph);
    length += paragraph.length;
  }
  // What only announced the paragraph that was cut off, such as a list or an example, goes with it.
  while (kept.length > 1 && kept.length < paragraphs.length && kept.at(-1)?.trimEnd().endsWith(':'))
    kept.pop();
  return kept.join('\n\n').replaceAll(/[ \t]+$/gm, '');
}
